package ddbjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// AppendStart appends how an attribute begins after another one, as [Cursor.Expect] and [Cursor.ExpectNext] expect it: the name as it was sent, and the
// type of the value. An element of an L has no name: its name is nil.
func AppendStart(dst, name []byte, kind Kind) []byte {
	dst = append(dst, leaving...)
	if name != nil {
		dst = append(append(append(dst, '"'), name...), `":`...)
	}
	return append(append(append(dst, `{"`...), kind.String()...), `":`...)
}

// leaving is what is between two values.
const leaving = "},"

// Expect is a fast way to read what most items have. If the attribute or element at the cursor begins with start, which AppendStart has made, and
// has no white space, Expect does what Attribute or Element does, and returns true. Otherwise it does nothing.
func (c *Cursor) Expect(start []byte) bool {
	return len(start) > len(leaving) && c.passes(start[len(leaving):])
}

// ExpectNext is Expect for the attribute or element that follows. It does what Next does, too.
func (c *Cursor) ExpectNext(start []byte) bool { return len(start) > 0 && c.passes(start) }

// passes passes text, if it is there and no white space follows.
func (c *Cursor) passes(text []byte) bool {
	end := c.i + len(text)
	if end >= len(c.b) || c.b[end] <= ' ' || c.depth > MaxDepth || c.err != nil || string(c.b[c.i:end]) != string(text) {
		return false
	}
	c.i = end
	return true
}

// ParsedText is Text for the items of a parsed page, where nobody need look at each character again.
func (c *Cursor) ParsedText() []byte {
	i := c.i + 1
	if c.err != nil || at(c.b, c.i) != '"' {
		return c.Text() // fails
	}
	end := endOfParsed(c.b, i)
	if end < 0 {
		return c.Text() // fails
	}
	c.i = end + 1
	return c.b[i:end]
}

// Next is Leave and then More.
func (c *Cursor) Next() bool {
	if i := c.i; i+2 < len(c.b) && c.b[i] == '}' && c.b[i+1] == ',' && c.b[i+2] > ' ' && c.err == nil {
		c.i = i + 2
		return true
	}
	c.Leave()
	return c.More()
}

// endOfParsed returns the offset of the quote that ends a string of valid JSON whose text continues at b[i], or -1 if there is no quote. Most
// strings are short.
func endOfParsed(b []byte, i int) int {
	for {
		end := -1
		for long := i + 48; i+8 <= len(b) && i < long; i += 8 {
			w := binary.LittleEndian.Uint64(b[i:]) ^ '"'*ones
			if m := (w - ones) &^ w & highs; m != 0 {
				end = i + bits.TrailingZeros64(m)>>3
				break
			}
		}
		if end < 0 {
			if end = bytes.IndexByte(b[i:], '"'); end < 0 {
				return -1
			}
			end += i
		}
		before := end
		for b[before-1] == '\\' { // a quote is before it
			before--
		}
		if (end-before)%2 == 0 {
			return end
		}
		i = end + 1
	}
}
