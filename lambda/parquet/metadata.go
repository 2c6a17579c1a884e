package parquet

import (
	"encoding/binary"
	"math/bits"

	"dynamodb-to-s3/lambda/schema"
)

// The numbers that Parquet has for what its metadata say. Those of logical types are the fields of their union.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const (
	required = 0
	optional = 1
	repeated = 2
	none     = -1 // of the root

	logicalString  = 1
	logicalMap     = 2
	logicalList    = 3
	logicalDecimal = 5

	convertedText    = 0
	convertedMap     = 1
	convertedList    = 3
	convertedDecimal = 5
)

// physical are the physical types by form.
var physical = [...]int{formBoolean: 0, formInteger: 2, formDouble: 5, formShortDecimal: 2, formDecimal: 7, formString: 6, formBinary: 6, formJSON: 6}

func widthOf(most uint32) int { return bits.Len32(most) }

// node is an element of Parquet's schema with others in it.
type node struct {
	children, repetition int
	identified           bool // it has a field id
	logical              int
}

// element adds a group to the schema.
func (b *builder) element(name string, g node) {
	t := &b.elements
	b.count++
	t.open()
	if g.repetition != none {
		t.int32(3, g.repetition)
	}
	t.text(4, name)
	t.int32(5, g.children)
	switch g.logical {
	case logicalList:
		t.int32(6, convertedList)
	case logicalMap:
		t.int32(6, convertedMap)
	}
	if g.identified {
		b.identify()
	}
	if g.logical > 0 {
		t.structure(10)
		t.structure(g.logical)
		t.close()
		t.close()
	}
	t.close()
}

// identify adds a field id. Each is as large as the one before it and 1.
func (b *builder) identify() {
	b.id++
	b.elements.int32(9, b.id)
}

// scalar adds a leaf to the schema.
func (b *builder) scalar(name string, of schema.Type, repetition int) {
	t, f := &b.elements, formOf(of)
	b.count++
	t.open()
	t.int32(1, physical[f])
	if f == formDecimal {
		t.int32(2, decimalSize)
	}
	t.int32(3, repetition)
	t.text(4, name)
	switch f {
	case formShortDecimal, formDecimal:
		t.int32(6, convertedDecimal)
		t.int32(7, of.Scale)
		t.int32(8, of.Precision)
	case formString, formJSON:
		t.int32(6, convertedText)
	}
	b.identify()
	switch f {
	case formShortDecimal, formDecimal:
		t.structure(10)
		t.structure(logicalDecimal)
		t.int32(1, of.Scale)
		t.int32(2, of.Precision)
		t.close()
		t.close()
	case formString, formJSON:
		t.structure(10)
		t.structure(logicalString)
		t.close()
		t.close()
	}
	t.close()
}

// appendIndex appends the column index of a chunk, or nothing if it has none.
func (l *leaf) appendIndex(t *thrift) {
	if l.form == formJSON || l.totals.bounds.unbounded {
		return
	}
	t.open()
	t.list(1, thriftTrue, len(l.list))
	t.b = append(t.b, l.nullPages...)
	t.list(2, thriftBinary, len(l.list))
	t.b = append(t.b, l.firsts...)
	t.list(3, thriftBinary, len(l.list))
	t.b = append(t.b, l.lasts...)
	t.int32(4, 0) // in no order
	t.list(5, thriftInt64, len(l.list))
	t.b = append(t.b, l.nullCounts...)
	t.close()
}

// appendOffsets appends the offset index of a chunk, whose pages begin at an offset in the file.
func (l *leaf) appendOffsets(t *thrift, offset int64) {
	t.open()
	t.list(1, thriftStruct, len(l.list))
	for _, p := range l.list {
		t.open()
		t.int64(1, offset+int64(p.from))
		t.int32(2, p.size)
		t.int64(3, int64(p.row))
		t.close()
	}
	t.close()
}

// appendChunk appends the metadata of a chunk, without the place of its page indexes and without an end. Its pages begin at an offset in the file,
// the first with a dictionary if dictionary has its size.
func (l *leaf) appendChunk(t *thrift, offset int64, dictionary, codec int) {
	t.open()
	t.int64(2, 0) // all metadata are here
	t.structure(3)
	t.int32(1, physical[l.form])
	encodings := []int{encodingLevels, encodingPlain, encodingDictionary}
	if dictionary == 0 {
		encodings = encodings[:2]
	}
	t.list(2, thriftInt32, len(encodings))
	for _, e := range encodings {
		t.b = binary.AppendVarint(t.b, int64(e))
	}
	t.list(3, thriftBinary, len(l.path))
	for _, name := range l.path {
		t.b = append(binary.AppendUvarint(t.b, uint64(len(name))), name...)
	}
	t.int32(4, codec)
	t.int64(5, int64(l.totals.count))
	t.int64(6, int64(l.totals.raw))
	t.int64(7, int64(dictionary+len(l.pages)))
	t.int64(9, offset+int64(dictionary))
	if dictionary > 0 {
		t.int64(11, offset)
	}
	l.appendStatistics(t)
	t.close()
	t.last = t.last[:len(t.last)-1]
}

// appendStatistics appends the statistics of a chunk.
func (l *leaf) appendStatistics(t *thrift) {
	b := &l.totals.bounds
	t.structure(12)
	t.int64(3, int64(l.totals.nulls))
	if b.some && !b.unbounded {
		l.with.bound = b.appendLast(l.with.bound[:0], l.form)
		t.binary(5, l.with.bound)
	}
	if b.some {
		l.with.bound = b.appendFirst(l.with.bound[:0], l.form)
		t.binary(6, l.with.bound)
	}
	if b.some && !b.unbounded {
		t.bool(7, !b.lastCut)
	}
	if b.some {
		t.bool(8, !b.firstCut)
	}
	t.close()
}
