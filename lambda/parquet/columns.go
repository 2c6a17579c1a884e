package parquet

import (
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/schema"
)

// form is how a column stores its values. Those from formString on store bytes of any length.
type form uint8

const (
	formBoolean form = iota
	formInteger
	formDouble
	formShortDecimal // in 64 bits
	formDecimal
	formString
	formBinary
	formJSON
	formArray
	formMap
	formStruct
)

var forms = map[schema.TypeName]form{
	schema.Boolean: formBoolean, schema.Integer: formInteger, schema.Double: formDouble, schema.Decimal: formDecimal, schema.String: formString,
	schema.Binary: formBinary, schema.JSON: formJSON, schema.Array: formArray, schema.Map: formMap, schema.Struct: formStruct,
}

func formOf(t schema.Type) form {
	if t.Name == schema.Decimal && t.Precision == schema.ShortPrecision {
		return formShortDecimal
	}
	return forms[t.Name]
}

// column is a column, or a part of one.
//
// Parquet counts levels, as Dremel does. The definition level of a value says how many of the optional and repeated nodes from the root to the
// value are there. Its repetition level says which repeated node it continues, and is 0 in the first value of a row.
type column struct {
	schema.Type
	form     form
	place    int     // in its row or struct
	after    *column // the one that has followed it in its row or struct the last time
	raw      []byte  // the name of its attribute as it was sent
	start    []byte  // how the attribute begins after another one; see ddbjson.AppendStart
	defined  uint32  // the definition level if the value is there
	repeated uint32  // the repetition level of a second element
	leaf     *leaf   // of a scalar
	key      *leaf   // of a map
	element  *column // of an array, and of the values of a map
	fields   *fields // of a struct
	leaves   []*leaf // of the column and of all that is below it
	rows     int     // of the row group, as far as its leaves have them
}

// builder makes columns and their leaves, and the elements of Parquet's schema. A group stands before what is in it.
type builder struct {
	with     *tools
	leaves   []*leaf
	elements thrift
	count    int // of the elements
	id       int // of the next field
	path     []string
}

// root makes the columns of a schema, and the last one, of the rest.
func (b *builder) root(s schema.Schema) (columns *fields, rest *column) {
	b.element("item", node{children: len(s.Columns) + 1, repetition: none})
	columns = b.fields(s.Columns, 0, 0)
	return columns, b.column(schema.Type{Name: schema.JSON}, schema.RestColumn, 0, 0)
}

// fields makes the columns of a row, or the fields of a struct.
func (b *builder) fields(of []schema.Column, defined, repeated uint32) *fields {
	f := &fields{byName: make(map[string]*column, len(of)), rounds: make([]uint64, len(of))}
	for i, c := range of {
		child := b.column(c.Type, c.Name, defined, repeated)
		child.place = i
		f.list, f.byName[c.Attribute] = append(f.list, child), child
	}
	return f
}

// column makes a column below a node with these levels.
func (b *builder) column(t schema.Type, name string, defined, repeated uint32) *column {
	c := &column{Type: t, form: formOf(t), defined: defined + 1, repeated: repeated}
	first, depth := len(b.leaves), len(b.path)
	b.path = append(b.path, name)
	switch c.form {
	case formStruct:
		b.element(name, node{children: len(t.Fields), repetition: optional, identified: true})
		c.fields = b.fields(t.Fields, defined+1, repeated)
	case formArray:
		c.repeated++
		b.element(name, node{children: 1, repetition: optional, identified: true, logical: logicalList})
		b.repeated("list", 1)
		c.element = b.column(*t.Element, "element", defined+2, repeated+1)
		c.element.start = ddbjson.AppendStart(nil, nil, t.Element.Kind)
	case formMap:
		c.repeated++
		b.element(name, node{children: 1, repetition: optional, identified: true, logical: logicalMap})
		b.repeated("key_value", 2)
		b.path = append(b.path, "key")
		c.key = b.leaf("key", schema.Type{Name: schema.String}, required, defined+2, repeated+1)
		b.path = b.path[:len(b.path)-1]
		c.element = b.column(*t.Element, "value", defined+2, repeated+1)
	default:
		c.leaf = b.leaf(name, t, optional, defined+1, repeated)
	}
	b.path = b.path[:depth]
	c.leaves = b.leaves[first:len(b.leaves):len(b.leaves)]
	return c
}

// repeated makes the repeated group that a list or a map has in it.
func (b *builder) repeated(name string, children int) {
	b.path = append(b.path, name)
	b.element(name, node{children: children, repetition: repeated})
}

func (b *builder) leaf(name string, t schema.Type, repetition int, most, repeated uint32) *leaf {
	l := &leaf{form: formOf(t), path: slices.Clone(b.path), most: most, deep: repeated > 0, with: b.with}
	l.definitions.width, l.repetitions.width = widthOf(most), widthOf(repeated)
	b.scalar(name, t, repetition)
	l.begin(l.form)
	b.leaves = append(b.leaves, l)
	return l
}
