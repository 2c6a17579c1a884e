package ddbjson

// JSON writes items as plain JSON, {"id":"a","price":12.50,…}. It keeps the order, the digits and the escapes that were sent:
//
//	S, B          a string; for B it is base64
//	N             a number with all its digits, see below
//	BOOL, NULL    true, false, null
//	M, L          an object, an array
//	SS, BS, NS    an array of strings, of base64 strings, of numbers; it may be empty
//
// Numbers never become floats. A number in another form ("+5", "007", ".5") is written as a JSON number of the same value. Base64
// is passed on unchanged, because DynamoDB does not send it wrong.
//
// Everything except one known type with a value of its kind is an error. {"NULL":false} is one too: DynamoDB refuses to store it.
// Append checks what it accepts as an item, except for names that occur twice. So the record is valid JSON even if the item is not
// from a [Page].
type JSON struct{}

// Append implements [Encoder].
func (JSON) Append(dst, item []byte) ([]byte, error) { return appendRecord(dst, item, false, "", "\n") }
