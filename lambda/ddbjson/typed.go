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
		if _, err = t.members(i, 1); err == nil {
			return t.out, nil
		}
	}
	err.Op = "type record"
	return dst, err
}

// typed writes a valid record.
type typed struct{ record, out []byte }

// members writes the object that begins at record[i], and returns the offset after it. Each level of a record has two in the item.
func (t *typed) members(i, depth int) (int, *MalformedError) {
	if depth > MaxDepth {
		return 0, malformed(t.record, i, wantShallower)
	}
	t.out = append(t.out, '{')
	i, c := next(t.record, i+1)
	for c != '}' {
		if c == ',' {
			t.out = append(t.out, ',')
			i, _ = next(t.record, i+1)
		}
		name, value, err := member(t.record, i)
		if err != nil {
			return 0, err
		}
		t.out = append(append(append(t.out, '"'), name...), '"', ':')
		if i, err = t.value(value, depth+1); err != nil {
			return 0, err
		}
		i, c = next(t.record, i)
	}
	t.out = append(t.out, '}')
	return i + 1, nil
}

// value writes the value that begins at record[i], and returns the offset after it.
func (t *typed) value(i, depth int) (end int, err *MalformedError) {
	switch at(t.record, i) {
	case '{':
		t.out = append(t.out, `{"M":`...)
		end, err = t.members(i, depth+1)
	case '[':
		t.out = append(t.out, `{"L":`...)
		end, err = t.elements(i, depth+1)
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

// elements writes the array that begins at record[i], and returns the offset after it.
func (t *typed) elements(i, depth int) (end int, err *MalformedError) {
	if depth > MaxDepth {
		return 0, malformed(t.record, i, wantShallower)
	}
	t.out = append(t.out, '[')
	i, c := next(t.record, i+1)
	for c != ']' {
		if c == ',' {
			t.out = append(t.out, ',')
			i, _ = next(t.record, i+1)
		}
		if i, err = t.value(i, depth); err != nil {
			return 0, err
		}
		i, c = next(t.record, i)
	}
	t.out = append(t.out, ']')
	return i + 1, nil
}
