package page

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
// value. Base64 and names that occur twice in one map are passed on as they are: DynamoDB sends neither wrong.
//
// Anything else than one known type with its own kind of value is an error, {"NULL":false} too, which DynamoDB refuses
// to store. What Append takes for an item it has checked: the record is valid JSON even if the item is of no [Page].
type JSON struct{}

// Append implements [Encoder].
func (JSON) Append(dst, item []byte) ([]byte, error) {
	out, err := appendRecord(dst, item)
	if err != nil {
		err.Op = "encode item"
		return dst, err
	}
	return out, nil
}

// appendRecord is Append but for the error's Op.
func appendRecord(dst, b []byte) ([]byte, *MalformedError) {
	i, _ := next(b, 0)
	dst, i, err := appendMap(dst, b, i, 1)
	if err != nil {
		return nil, err
	}
	if i, _ = next(b, i); i < len(b) {
		return nil, malformed(b, i, "the end of the item")
	}
	return append(dst, '\n'), nil
}

// The functions below append the value that should start at b[i] and return the offset after it. depth is the level
// at which it lies, see MaxDepth.

// appender is the type of these functions, of those that have no use for depth too.
type appender func(dst, b []byte, i, depth int) ([]byte, int, *MalformedError)

// appendMap appends a map of attributes, or the item.
func appendMap(dst, b []byte, i, depth int) ([]byte, int, *MalformedError) {
	if err := opens(b, i, depth, '{', wantObject); err != nil {
		return nil, 0, err
	}
	dst = append(dst, '{')
	i, c := next(b, i+1)
	for more := c != '}'; more; {
		name, value, err := member(b, i)
		if err != nil {
			return nil, 0, err
		}
		dst = append(dst, b[i:i+len(name)+2]...)
		dst = append(dst, ':')
		if dst, i, err = appendAttribute(dst, b, value, depth+1); err != nil {
			return nil, 0, err
		}
		i, c = next(b, i)
		switch c {
		case ',':
			dst = append(dst, ',')
			i, _ = next(b, i+1)
		case '}':
			more = false
		default:
			return nil, 0, malformed(b, i, wantCommaOrBrace)
		}
	}
	return append(dst, '}'), i + 1, nil
}

// appendAttribute appends what an attribute value, {"S":"x"}, holds.
func appendAttribute(dst, b []byte, i, depth int) ([]byte, int, *MalformedError) {
	if err := opens(b, i, depth, '{', "an attribute value, an object"); err != nil {
		return nil, 0, err
	}
	tag, _ := next(b, i+1)
	name, i, err := member(b, tag)
	if err != nil {
		return nil, 0, err
	}
	switch string(name) {
	case "S", "B":
		dst, i, err = appendString(dst, b, i, depth+1)
	case "N":
		dst, i, err = appendQuotedNumber(dst, b, i, depth+1)
	case "BOOL":
		dst, i, err = appendBool(dst, b, i)
	case "NULL":
		dst, i, err = appendNull(dst, b, i)
	case "M":
		dst, i, err = appendMap(dst, b, i, depth+1)
	case "L":
		dst, i, err = appendArray(dst, b, i, depth+1, appendAttribute)
	case "SS", "BS":
		dst, i, err = appendArray(dst, b, i, depth+1, appendString)
	case "NS":
		dst, i, err = appendArray(dst, b, i, depth+1, appendQuotedNumber)
	default:
		return nil, 0, malformed(b, tag, "an attribute type: S, N, B, BOOL, NULL, M, L, SS, NS or BS")
	}
	if err != nil {
		return nil, 0, err
	}
	i, c := next(b, i)
	if c != '}' {
		return nil, 0, malformed(b, i, "the end of the attribute value")
	}
	return dst, i + 1, nil
}

// appendArray appends an array of what element appends.
func appendArray(dst, b []byte, i, depth int, element appender) ([]byte, int, *MalformedError) {
	if err := opens(b, i, depth, '[', "an array"); err != nil {
		return nil, 0, err
	}
	dst = append(dst, '[')
	i, c := next(b, i+1)
	for more := c != ']'; more; {
		var err *MalformedError
		if dst, i, err = element(dst, b, i, depth+1); err != nil {
			return nil, 0, err
		}
		i, c = next(b, i)
		switch c {
		case ',':
			dst = append(dst, ',')
			i, _ = next(b, i+1)
		case ']':
			more = false
		default:
			return nil, 0, malformed(b, i, wantCommaOrBracket)
		}
	}
	return append(dst, ']'), i + 1, nil
}

// appendString appends a string in the escapes it was sent in.
func appendString(dst, b []byte, i, _ int) ([]byte, int, *MalformedError) {
	if at(b, i) != '"' {
		return nil, 0, malformed(b, i, "a string")
	}
	end, err := skipString(b, i)
	if err != nil {
		return nil, 0, err
	}
	return append(dst, b[i:end]...), end, nil
}

// appendQuotedNumber appends the number in a string.
func appendQuotedNumber(dst, b []byte, i, _ int) ([]byte, int, *MalformedError) {
	if at(b, i) != '"' {
		return nil, 0, malformed(b, i, "a number in a string")
	}
	end, err := skipString(b, i)
	if err != nil {
		return nil, 0, err
	}
	dst, ok := appendNumber(dst, b[i+1:end-1])
	if !ok {
		return nil, 0, malformed(b, i+1, "a number")
	}
	return dst, end, nil
}

// appendBool appends true or false.
func appendBool(dst, b []byte, i int) ([]byte, int, *MalformedError) {
	for _, word := range [...]string{"true", "false"} {
		if hasWord(b, i, word) {
			return append(dst, word...), i + len(word), nil
		}
	}
	return nil, 0, malformed(b, i, "true or false")
}

// appendNull appends null for true.
func appendNull(dst, b []byte, i int) ([]byte, int, *MalformedError) {
	if !hasWord(b, i, "true") {
		return nil, 0, malformed(b, i, "true")
	}
	return append(dst, "null"...), i + len("true"), nil
}

// opens returns an error unless b[i] is bracket and may open another level.
func opens(b []byte, i, depth int, bracket byte, want string) *MalformedError {
	if at(b, i) != bracket {
		return malformed(b, i, want)
	}
	if depth > MaxDepth {
		return malformed(b, i, wantShallower)
	}
	return nil
}
