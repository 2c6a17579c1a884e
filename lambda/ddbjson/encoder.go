package ddbjson

// Encoder writes items as records of one output format.
type Encoder interface {
	// Append appends the record of item and a final '\n' to dst, and returns the extended slice. item is an item of a parsed
	// [Page]. If Append fails, with a [*MalformedError] that has an offset in item, it returns dst unchanged.
	Append(dst, item []byte) ([]byte, error)
}

// DynamoDBJSON writes the line of a native export, {"Item":…}, with the item's bytes as they were sent. It reads none of them and
// returns no error.
type DynamoDBJSON struct{}

// Append implements [Encoder].
func (DynamoDBJSON) Append(dst, item []byte) ([]byte, error) {
	dst = append(dst, `{"Item":`...)
	dst = append(dst, item...)
	return append(dst, "}\n"...), nil
}
