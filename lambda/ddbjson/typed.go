package ddbjson

// AppendTyped appends a record of plain JSON, an object, as an item in DynamoDB JSON: {"id":"a","n":1} becomes {"id":{"S":"a"},"n":{"N":"1"}}. Texts
// become S, numbers N, true and false BOOL, null NULL, arrays L, and objects M. It fails with a [*MalformedError] if the record is not one
// valid JSON object, or if the item would be nested deeper than [MaxDepth].
func AppendTyped(dst, record []byte) ([]byte, error) {
	i, c := next(record, 0)
	end, err := skipValue(record, i)
	if err == nil {
		end, _ = next(record, end)
	}
	switch {
	case err != nil:
	case c != '{':
		err = malformed(record, i, wantObject)
	case end < len(record):
		err = malformed(record, end, "the end of the record")
	default:
		t := typed{record: record, out: dst}
		if _, err = t.sequence(i, 1, '}'); err == nil {
			return t.out, nil
		}
	}
	err.Op = "type record"
	return dst, err
}

// typed writes a valid record.
type typed struct{ record, out []byte }

// sequence writes the object or the array that begins at record[i] and ends with closer, and returns the offset after it. The members of an object
// are one level deeper in the item, because they have their types around them.
func (t *typed) sequence(i, depth int, closer byte) (end int, err *MalformedError) {
	if depth > MaxDepth {
		return 0, malformed(t.record, i, wantShallower)
	}
	t.out = append(t.out, t.record[i])
	i, c := next(t.record, i+1)
	for c != closer {
		if c == ',' {
			t.out = append(t.out, ',')
			i, _ = next(t.record, i+1)
		}
		inside := depth
		if closer == '}' {
			var name []byte
			if name, i, err = member(t.record, i); err != nil {
				return 0, err
			}
			t.out = append(append(append(t.out, '"'), name...), '"', ':')
			inside++
		}
		if i, err = t.value(i, inside); err != nil {
			return 0, err
		}
		i, c = next(t.record, i)
	}
	t.out = append(t.out, closer)
	return i + 1, nil
}

// value writes the value that begins at record[i], and returns the offset after it.
func (t *typed) value(i, depth int) (end int, err *MalformedError) {
	switch at(t.record, i) {
	case '{':
		t.out = append(t.out, `{"M":`...)
		end, err = t.sequence(i, depth+1, '}')
	case '[':
		t.out = append(t.out, `{"L":`...)
		end, err = t.sequence(i, depth+1, ']')
	case '"':
		if end, err = skipString(t.record, i); err == nil {
			t.out = append(append(t.out, `{"S":`...), t.record[i:end]...)
		}
	case 'n':
		end = i + len("null")
		t.out = append(t.out, `{"NULL":true`...)
	case 't', 'f':
		if end, err = skipLiteral(t.record, i); err == nil {
			t.out = append(append(t.out, `{"BOOL":`...), t.record[i:end]...)
		}
	default:
		if end, err = skipLiteral(t.record, i); err == nil {
			t.out = append(append(append(t.out, `{"N":"`...), t.record[i:end]...), '"')
		}
	}
	t.out = append(t.out, '}')
	return end, err
}
