package ddbjson

import "bytes"

// tail is how many bytes at the end of an answer may lie after its items: a key of at most 3 KiB as DynamoDB limits its
// attributes, each byte of which may be escaped in six, and the counts.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
const tail = 20 << 10

// Frame returns the answer with an empty Items array, as [Page.Rest] does after Parse, but looks at none of the items: so what
// the next request needs is known before this answer is parsed. It is appended to dst[:0]. It returns false where the answer
// has no LastEvaluatedKey right after its items, which is where DynamoDB puts it.
//
// Of valid JSON, Frame and Rest are the same: what begins with a member's name and, whole member by whole member, ends with
// one closing brace at the end of the answer lies at its top level, for each level more would take another brace; and within
// a string it cannot begin, for an even number of quotes follows it. Of anything else Parse says so.
func Frame(dst, body []byte) ([]byte, bool) {
	open, ok := itemsOpen(body)
	if !ok {
		return dst[:0], false
	}
	start := max(open, len(body)-tail)
	end := bytes.LastIndex(body[start:], []byte(`],"LastEvaluatedKey":`))
	if end < 0 || !closes(body, start+end+1) {
		return dst[:0], false
	}
	dst = append(dst[:0], body[:open+1]...)
	return append(dst, body[start+end:]...), true
}

// itemsOpen returns the offset of the bracket that opens the Items array, if that is a member of the top level.
func itemsOpen(b []byte) (int, bool) {
	i, c := next(b, 0)
	if c != '{' {
		return 0, false
	}
	i, _ = next(b, i+1)
	for {
		name, value, err := member(b, i)
		if err != nil {
			return 0, false
		}
		if string(name) == "Items" {
			return value, at(b, value) == '['
		}
		if i, err = skipValue(b, value); err != nil {
			return 0, false
		}
		if i, c = next(b, i); c != ',' {
			return 0, false
		}
		i, _ = next(b, i+1)
	}
}

// closes tells whether members that do not hold items, and then the end of the answer, follow from the comma at b[i] on.
func closes(b []byte, i int) bool {
	for at(b, i) == ',' {
		first, _ := next(b, i+1)
		name, value, err := member(b, first)
		if err != nil || string(name) == "Items" {
			return false
		}
		if i, err = skipValue(b, value); err != nil {
			return false
		}
		i, _ = next(b, i)
	}
	if at(b, i) != '}' {
		return false
	}
	end, _ := next(b, i+1)
	return end == len(b)
}
