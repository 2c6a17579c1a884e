package ddbjson

// Encoder writes items as the records of one output format.
type Encoder interface {
	// Append appends the record of item, which is of a parsed [Page], and its final '\n' to dst, and returns the
	// extended slice. After an error, a [*MalformedError] with an offset in item, that is dst as it was.
	Append(dst, item []byte) ([]byte, error)
}

// DynamoDBJSON writes the line of a native export, {"Item":…}, with the item's bytes as they were sent. It looks at
// none of them and returns no error.
type DynamoDBJSON struct{}

// Append implements [Encoder].
func (DynamoDBJSON) Append(dst, item []byte) ([]byte, error) {
	dst = append(dst, `{"Item":`...)
	dst = append(dst, item...)
	return append(dst, "}\n"...), nil
}
