// Package ddbjson reads the bytes of DynamoDB's answers to Scan. It finds the items in an answer, and writes each item as one
// record (one line) of an output format. It builds no tree and keeps numbers and strings as the text that was sent. Once its
// buffers have grown, it allocates nothing for an item. It imports only the standard library.
//
// # Entry points
//
// [Page.Parse] reads a whole answer. [Page.Item] returns one item as it was sent. [Page.Rest] returns the answer without its items,
// for the SDK to decode (Count, LastEvaluatedKey, ConsumedCapacity). [Frame] returns the same before the items are parsed. An
// [Encoder] makes a record from an item: [DynamoDBJSON] and [Ion] write the lines of native exports, [JSON] writes plain JSON.
//
// # Promises
//
//   - Parse accepts only complete, valid JSON in UTF-8 whose top level is an object. A record made from an accepted item is one
//     line of valid JSON or Ion, whatever the server sent.
//   - No item is lost without an error: if the items of an answer are not certain, Parse fails. Only the member "Items" of the top
//     level counts. The same name inside an item, a key or ConsumedCapacity is data.
//   - A name that occurs twice in one map is an error, because readers disagree about which of the two counts.
//   - An item's bytes do not change, unless there is a line break between its tokens (from a server that pretty-prints). Then the
//     white space between its tokens is removed in place.
//   - Nesting is limited to [MaxDepth]. Deeper input is an error and costs neither stack nor heap.
//   - Every error is a [*MalformedError], and errors.Is(err, [ErrMalformed]) is true. It has an offset and what was expected there.
//     It never has a byte of an item, because items must not be in logs.
//
// A page is for one goroutine at a time. Encoders have no state and may be shared.
package ddbjson

import (
	"bytes"
	"unicode/utf8"
)

// Page is one parsed answer to Scan. The zero value is an empty page. Use it again: Parse resets it and keeps its buffers.
type Page struct {
	body  []byte
	items []span
	rest  []byte
	names names // of the item that is being read

	// The Items array is body[open:end], with its brackets. end is 0 if the answer has no Items.
	open, end int
}

// span is body[start:end].
type span struct{ start, end int }

// Parse finds the items in body, one answer to Scan. It replaces what p held before. It keeps body, and may change it in place,
// until the next Parse. An answer without Items (Select COUNT) is a page without items. After an error, a [*MalformedError] with an
// offset in body, p is empty and body is unchanged.
func (p *Page) Parse(body []byte) error {
	p.body, p.items, p.open, p.end = body, p.items[:0], 0, 0
	if err := p.index(); err != nil {
		if i := invalidUTF8(body); i >= 0 { // it explains any other error
			err = malformed(body, i, "UTF-8")
		}
		p.body, p.items, p.open, p.end = nil, p.items[:0], 0, 0
		err.Op = "parse answer"
		return err
	}
	if p.names.spaced {
		for i, s := range p.items {
			p.items[i].end = s.start + len(compact(body[s.start:s.end]))
		}
	}
	return nil
}

// Len returns the number of items.
func (p *Page) Len() int { return len(p.items) }

// Item returns item i, 0 <= i < Len, a JSON object of attribute values. It is a part of the parsed body and valid until the next
// Parse.
func (p *Page) Item(i int) []byte {
	s := p.items[i]
	return p.body[s.start:s.end:s.end]
}

// Rest returns the answer with an empty Items array, or unchanged if it has no Items. It is valid until the next Parse, and nil
// before the first.
func (p *Page) Rest() []byte {
	if p.end == 0 {
		return p.body
	}
	p.rest = append(p.rest[:0], p.body[:p.open+1]...)
	p.rest = append(p.rest, p.body[p.end-1:]...)
	return p.rest
}

// index reads the top level of the answer.
func (p *Page) index() *MalformedError {
	b := p.body
	i, c := next(b, 0)
	if c != '{' {
		return malformed(b, i, wantObject)
	}
	i, c = next(b, i+1)
	for more := c != '}'; more; {
		name, value, err := member(b, i)
		if err != nil {
			return err
		}
		switch {
		case bytes.IndexByte(name, '\\') >= 0:
			// DynamoDB never escapes these names. An escaped name could only hide the items.
			return malformed(b, i, "a member name without escapes")
		case string(name) != "Items":
			i, err = skipValue(b, value)
		case p.end != 0:
			return malformed(b, i, "one Items array only")
		default:
			i, err = p.indexItems(value)
		}
		if err != nil {
			return err
		}
		i, c = next(b, i)
		switch c {
		case ',':
			i, _ = next(b, i+1)
		case '}':
			more = false
		default:
			return malformed(b, i, wantCommaOrBrace)
		}
	}
	if i, _ = next(b, i+1); i < len(b) {
		return malformed(b, i, "the end of the answer")
	}
	return nil
}

// indexItems reads the Items array that must start at body[i], and returns the offset after it.
func (p *Page) indexItems(i int) (int, *MalformedError) {
	b := p.body
	if at(b, i) != '[' {
		return 0, malformed(b, i, "an array of items")
	}
	p.open = i
	p.names.restart()
	i, c := next(b, i+1)
	for more := c != ']'; more; {
		if c != '{' {
			return 0, malformed(b, i, "an item, an object")
		}
		p.names.others.reset()
		end, err := skipNamed(b, i, &p.names)
		if err != nil {
			return 0, err
		}
		p.items = append(p.items, span{i, end})
		i, c = next(b, end)
		switch c {
		case ',':
			i, c = next(b, i+1)
		case ']':
			more = false
		default:
			return 0, malformed(b, i, wantCommaOrBracket)
		}
	}
	p.end = i + 1
	return p.end, nil
}

// compact removes the white space between the tokens of item in place, if there is a line break in the item. item must be valid
// JSON. Its strings have no line breaks, because these are control characters.
func compact(item []byte) []byte {
	if bytes.IndexByte(item, '\n') < 0 && bytes.IndexByte(item, '\r') < 0 {
		return item
	}
	n := 0
	for i := 0; i < len(item); i++ {
		switch c := item[i]; {
		case c == '"':
			end, err := skipString(item, i)
			if err != nil {
				panic("internal error: compact needs valid JSON")
			}
			n += copy(item[n:], item[i:end])
			i = end - 1
		case c > ' ':
			item[n] = c
			n++
		}
	}
	return item[:n]
}

// invalidUTF8 returns the offset of the first byte of b that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
}
