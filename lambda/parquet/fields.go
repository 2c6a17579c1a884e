package parquet

import (
	"bytes"

	"dynamodb-to-s3/lambda/ddbjson"
)

// fields are the columns of a row, or the fields of a struct.
type fields struct {
	list   []*column
	byName map[string]*column
	begins *column // the one that has come first the last time
	// rounds has, for each field of a struct, the last struct in which it was there. round counts them.
	rounds []uint64
	round  uint64
	text   []byte
}

// attribute is an attribute of a row or a struct, at whose content the cursor stands.
type attribute struct {
	field *column // nil if the attribute has no column
	raw   []byte  // its name as it was sent
	kind  ddbjson.Kind
}

// first enters the item or map at the cursor and reads the beginning of its first attribute.
func (f *fields) first(c *ddbjson.Cursor) (a attribute, more bool) {
	if !c.Enter() {
		return attribute{}, false
	}
	if n := f.begins; n != nil && c.Expect(n.start) {
		return attribute{n, n.raw, n.Kind}, true
	}
	return f.read(c, &f.begins), true
}

// next passes the end of an attribute and reads the beginning of the next one. before is the last one that has a field, or nil. Most rows have
// their attributes in the same order, so next expects the one that has followed it the last time.
func (f *fields) next(c *ddbjson.Cursor, before *column) (a attribute, more bool) {
	expected := &f.begins
	if before != nil {
		expected = &before.after
	}
	if n := *expected; n != nil && c.ExpectNext(n.start) {
		return attribute{n, n.raw, n.Kind}, true
	}
	if !c.Next() {
		return attribute{}, false
	}
	return f.read(c, expected), true
}

// read reads the beginning of any attribute.
func (f *fields) read(c *ddbjson.Cursor, expected **column) (a attribute) {
	a.raw, a.kind = c.Attribute()
	if n := *expected; n != nil && n.start != nil && string(n.raw) == string(a.raw) {
		a.field = n
		return a
	}
	f.text, _ = ddbjson.AppendText(f.text[:0], a.raw)
	if a.field = f.byName[string(f.text)]; a.field != nil {
		*expected = a.field
		if n := a.field; n.start == nil && a.kind == n.Kind {
			n.raw = bytes.Clone(a.raw)
			n.start = ddbjson.AppendStart(nil, n.raw, n.Kind)
		}
	}
	return a
}

// fill adds nulls to the fields that the struct did not have.
func (f *fields) fill(defined, repetition uint32) {
	for place, round := range f.rounds {
		if round != f.round {
			f.list[place].null(defined, repetition)
		}
	}
}
