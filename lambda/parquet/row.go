package parquet

import (
	"bytes"
	"encoding/base64"

	"dynamodb-to-s3/lambda/ddbjson"
)

// null adds that there is no value, in all leaves of the column.
func (c *column) null(definition, repetition uint32) {
	for _, l := range c.leaves {
		l.null(definition, repetition)
	}
}

// reach adds rows without a value until the column has so many rows. A column that many items do not have costs nothing for those.
func (c *column) reach(rows int) {
	if c.rows < rows {
		for _, l := range c.leaves {
			l.skip(rows - c.rows)
		}
		c.rows = rows
	}
}

// mostLeft is how many attributes Rest counts by name.
const mostLeft = 100

// shredder takes items apart.
type shredder struct {
	cursor  ddbjson.Cursor
	item    []byte
	columns *fields
	rest    *column
	rows    int    // of the row group
	text    []byte // of a value
	base64  []byte
	json    []byte // what goes to the rest
	left    map[string]*int64
}

// row adds an item as a row. What a column cannot hold goes to the rest.
func (s *shredder) row(item []byte) error {
	c, f := &s.cursor, s.columns
	s.item, s.json = item, s.json[:0]
	c.Reset(item)
	var before *column
	for a, more := f.first(c); more; a, more = f.next(c, before) {
		from, held := c.Offset(), false
		if field := a.field; field != nil && field.rows <= s.rows {
			field.reach(s.rows)
			held, before = s.value(field, a.kind, 0, 0), field
			field.rows++
		} else {
			c.Skip()
		}
		if !held {
			s.leave(a.raw, a.kind, from)
		}
	}
	if len(s.json) > 0 {
		s.rest.reach(s.rows)
		s.json = append(s.json, '}')
		s.rest.leaf.bytes(s.json, 0)
		s.rest.rows++
	}
	s.rows++
	return c.Err()
}

// leave adds an attribute to the rest. Its content begins at from and ends at the cursor.
func (s *shredder) leave(raw []byte, kind ddbjson.Kind, from int) {
	if len(s.json) == 0 {
		s.json = append(s.json, '{')
	} else {
		s.json = append(s.json, ',')
	}
	s.json = append(append(append(s.json, '"'), raw...), '"', ':')
	s.json = s.appendValue(s.json, kind, from)
	s.text, _ = ddbjson.AppendText(s.text[:0], raw)
	count := s.left[string(s.text)]
	if count == nil {
		name := string(s.text)
		if len(s.left) >= mostLeft {
			name = ""
		}
		if count = s.left[name]; count == nil {
			count = new(int64)
			s.left[name] = count
		}
	}
	*count++
}

// Rest returns in how many items an attribute went to the rest, since NewWriter. It has the first 100 names. All others are counted below "".
func (s *shredder) Rest() map[string]int64 {
	out := make(map[string]int64, len(s.left))
	for name, count := range s.left {
		out[name] = *count
	}
	return out
}

// appendValue appends an attribute value in DynamoDB JSON. Its content begins at from and ends at the cursor.
func (s *shredder) appendValue(dst []byte, kind ddbjson.Kind, from int) []byte {
	dst = append(append(append(dst, '{', '"'), kind.String()...), '"', ':')
	return append(append(dst, s.item[from:s.cursor.Offset()]...), '}')
}

// value adds the value at the cursor to a column. defined is the definition level of what the column stands in. It reports whether the column
// holds all of the value. A null stands in place of what it does not hold.
func (s *shredder) value(to *column, kind ddbjson.Kind, defined, repetition uint32) (held bool) {
	c := &s.cursor
	if kind != to.Kind && to.Kind != ddbjson.KindNone || kind == ddbjson.KindNULL {
		c.Skip()
		to.null(defined, repetition)
		return false
	}
	switch to.form {
	case formArray:
		return s.array(to, kind, repetition)
	case formMap:
		return s.mapped(to, repetition)
	case formStruct:
		return s.structure(to, repetition)
	case formJSON:
		from := c.Offset()
		c.Skip()
		s.text = s.appendValue(s.text[:0], kind, from)
		to.leaf.bytes(s.text, repetition)
		return true
	case formBoolean:
		to.leaf.boolean(c.Bool(), repetition)
		return true
	default:
		return s.scalar(to, c.ParsedText(), defined, repetition)
	}
}

// scalar adds a text, a number or a binary value.
func (s *shredder) scalar(to *column, text []byte, defined, repetition uint32) (held bool) {
	l := to.leaf
	switch to.form {
	case formInteger:
		var v int64
		if v, held = integer(text); held {
			l.integer(v, repetition)
		}
	case formShortDecimal:
		var v int64
		if v, held = shortDecimal(text, to.Scale); held {
			l.integer(v, repetition)
		}
	case formDecimal:
		var v decimal
		if v, held = decimalOf(text, to.Scale); held {
			l.decimal(v, repetition)
		}
	case formDouble:
		var v float64
		if v, held = double(text); held {
			l.double(v, repetition)
		}
	case formBinary:
		if bytes.IndexByte(text, '\\') >= 0 {
			s.base64, _ = ddbjson.AppendText(s.base64[:0], text)
			text = s.base64
		}
		out, err := base64.StdEncoding.AppendDecode(s.text[:0], text)
		if held = err == nil; held {
			l.bytes(out, repetition)
		}
		s.text = out
	default:
		if held = bytes.IndexByte(text, '\\') < 0; held { // most texts
			l.bytes(text, repetition)
		} else if s.text, held = ddbjson.AppendText(s.text[:0], text); held {
			l.bytes(s.text, repetition)
		}
	}
	if !held {
		to.null(defined, repetition)
	}
	return held
}

// array adds a list or a set.
func (s *shredder) array(to *column, kind ddbjson.Kind, repetition uint32) bool {
	if kind != ddbjson.KindL {
		return s.set(to, repetition)
	}
	c, of, held, empty := &s.cursor, to.element, true, true
	more := c.Enter()
	known := more && c.Expect(of.start) // the element has the type of most
	for more {
		element := of.Kind
		if !known {
			element = c.Element()
		}
		held = s.element(of, element, to.defined+1, repetition) && held
		repetition, empty = to.repeated, false
		known = c.ExpectNext(of.start)
		more = known || c.Next()
	}
	if empty {
		to.null(to.defined, repetition)
	}
	return held
}

// set adds a set.
func (s *shredder) set(to *column, repetition uint32) bool {
	c, held, empty := &s.cursor, true, true
	for more := c.Enter(); more; more = c.More() {
		held = s.scalar(to.element, c.ParsedText(), to.defined+1, repetition) && held
		repetition, empty = to.repeated, false
	}
	if empty {
		to.null(to.defined, repetition)
	}
	return held
}

// element adds an element of a list or a map. There, a null is a NULL: it cannot be mistaken for a value that is not there.
func (s *shredder) element(to *column, kind ddbjson.Kind, defined, repetition uint32) (held bool) {
	return s.value(to, kind, defined, repetition) || kind == ddbjson.KindNULL
}

// mapped adds a map.
func (s *shredder) mapped(to *column, repetition uint32) bool {
	c, held, empty := &s.cursor, true, true
	for more := c.Enter(); more; more = c.Next() {
		name, kind := c.Attribute()
		var ok bool
		if s.text, ok = ddbjson.AppendText(s.text[:0], name); !ok {
			s.text = s.text[:0] // a column of text has no half characters
		}
		to.key.bytes(s.text, repetition)
		held = s.element(to.element, kind, to.defined+1, repetition) && held && ok
		repetition, empty = to.repeated, false
	}
	if empty {
		to.null(to.defined, repetition)
	}
	return held
}

// structure adds a map as a struct.
func (s *shredder) structure(to *column, repetition uint32) bool {
	c, f, held := &s.cursor, to.fields, true
	var before *column
	f.round++
	for a, more := f.first(c); more; a, more = f.next(c, before) {
		if field := a.field; field != nil && f.rounds[field.place] != f.round {
			held = s.value(field, a.kind, to.defined, repetition) && held
			f.rounds[field.place], before = f.round, field
		} else {
			c.Skip()
			held = false
		}
	}
	f.fill(to.defined, repetition)
	return held
}
