package ddbjson

import "bytes"

// tail is the most bytes that can follow the items in an answer: the counts, and a key of 3 KiB (DynamoDB's limit), each byte of
// which may be escaped as six.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
const tail = 20 << 10

// Frame returns the answer with an empty Items array, as [Page.Rest] does after Parse, but it reads none of the items. So the next
// request can start before this answer is parsed. The result is appended to dst[:0]. Frame returns false if the answer has no
// LastEvaluatedKey right after its items, where DynamoDB puts it.
//
// For valid JSON, Frame and Rest return the same. Frame finds a text that begins with a member's name, continues with whole
// members, and ends with one closing brace at the end of the answer. Such a text is at the top level, because a deeper level would
// need another brace. And it cannot begin inside a string, because an even number of quotes follows. For invalid JSON, Parse fails.
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

// itemsOpen returns the offset of the bracket that opens the Items array, if Items is a member of the top level.
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

// closes reports whether only members other than Items, and then the end of the answer, follow the comma at b[i].
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
