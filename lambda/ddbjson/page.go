// Package page owns the bytes of a DynamoDB Scan answer: it finds the items in them and writes each item as one
// record (one line) of an output format. It builds no tree, keeps numbers and strings as the text that was sent,
// and allocates nothing per item once its buffers have grown. It imports the standard library only.
//
// # Entry points
//
// [Page.Parse] takes a whole answer; [Page.Item] is one item as sent, [Page.Rest] the same answer without its
// items, for the SDK to decode (Count, LastEvaluatedKey, ConsumedCapacity). [Frame] is that too, and knows it before
// the items are parsed. An [Encoder] turns an item into a record: [DynamoDBJSON] and [Ion] are the native
// export's lines, [JSON] the plain one.
//
// # Promises
//
//   - Parse accepts only complete, valid JSON in UTF-8 whose top level is an object. A record made from an accepted
//     item is one line of valid JSON, or of Ion, whatever the server sent.
//   - Items are never lost in silence: an answer whose items cannot be told for sure is an error. Only the member
//     "Items" of the top level counts; the name inside an item, a key or ConsumedCapacity is data.
//   - A name that occurs twice in one map is an error: readers do not agree on which of the two counts.
//   - An item's bytes are untouched, unless it holds a line break between its tokens (a server that pretty-prints):
//     then the white space between its tokens is removed, in place.
//   - Nesting is bounded at [MaxDepth]; deeper input is an error and costs neither stack nor heap.
//   - Every error is a [*MalformedError], which errors.Is(err, [ErrMalformed]) matches. It holds an offset and what
//     was expected there, and never a byte of an item: items are not for logs.
//
// A page is for one goroutine at a time; encoders hold no state and may be shared.
package ddbjson

import "bytes"

// Page is one parsed Scan answer. The zero value is an empty page. Reuse it: Parse resets it and keeps its buffers.
type Page struct {
	body  []byte
	items []span
	rest  []byte
	names names // of the item that is looked at

	// The Items array lies in body[open:end], brackets included. end is 0 where the answer has none.
	open, end int
}

// span is body[start:end].
type span struct{ start, end int }

// Parse indexes body, one Scan answer, and replaces what p held before. It keeps body, and may change it in place,
// until the next Parse. An answer without Items (Select COUNT) is a page of no items. After an error, which is a
// [*MalformedError] with an offset in body, p is empty.
func (p *Page) Parse(body []byte) error {
	p.body, p.items, p.open, p.end = body, p.items[:0], 0, 0
	if err := p.index(); err != nil {
		p.body, p.items, p.open, p.end = nil, p.items[:0], 0, 0
		err.Op = "parse answer"
		return err
	}
	return nil
}

// Len returns the number of items.
func (p *Page) Len() int { return len(p.items) }

// Item returns item i, 0 <= i < Len, a JSON object of attribute values. It aliases the body that was parsed and is
// good until the next Parse.
func (p *Page) Item(i int) []byte {
	s := p.items[i]
	return p.body[s.start:s.end:s.end]
}

// Rest returns the answer with an empty Items array, and as it is if it has no Items. It is good until the next
// Parse, and nil if nothing was parsed.
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
	if i := invalidUTF8(b); i >= 0 {
		return malformed(b, i, "UTF-8")
	}
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
			// DynamoDB escapes none of its names. Decoding one could only serve to hide the items from us.
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

// indexItems reads the Items array, which should start at body[i], and returns the offset after it.
func (p *Page) indexItems(i int) (int, *MalformedError) {
	b := p.body
	if at(b, i) != '[' {
		return 0, malformed(b, i, "an array of items")
	}
	p.open = i
	breaks := bytes.IndexByte(b, '\n') >= 0 || bytes.IndexByte(b, '\r') >= 0
	i, c := next(b, i+1)
	for more := c != ']'; more; {
		if c != '{' {
			return 0, malformed(b, i, "an item, an object")
		}
		p.names.reset()
		end, err := skipNamed(b, i, &p.names)
		if err != nil {
			return 0, err
		}
		item := b[i:end]
		if breaks {
			item = compact(item)
		}
		p.items = append(p.items, span{i, i + len(item)})
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
