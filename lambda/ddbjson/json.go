package ddbjson

// JSON writes items as plain JSON, {"id":"a","price":12.50,…}, in the order and with the digits and the escapes that
// were sent:
//
//	S, B          a string; that of B is base64
//	N             a number with all its digits, see below
//	BOOL, NULL    true, false, null
//	M, L          an object, an array
//	SS, BS, NS    an array of strings, of base64 strings, of numbers; it may be empty
//
// Numbers never pass through a float. One that is no JSON number ("+5", "007", ".5") is respelled without a change of
// value. Base64 is passed on as it is: DynamoDB does not send it wrong.
//
// Anything else than one known type with its own kind of value is an error, {"NULL":false} too, which DynamoDB refuses
// to store. What Append takes for an item it has checked, but for names that occur twice: the record is valid JSON even
// if the item is of no [Page].
type JSON struct{}

// Append implements [Encoder].
func (JSON) Append(dst, item []byte) ([]byte, error) { return appendRecord(dst, item, false, "", "\n") }
