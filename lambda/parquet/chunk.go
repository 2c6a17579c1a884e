package parquet

import (
	"encoding/binary"
	"hash/crc32"
)

// The numbers that Parquet has for encodings and pages.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const (
	encodingPlain      = 0
	encodingLevels     = 3
	encodingDictionary = 8

	pageOfData       = 0
	pageOfDictionary = 2
)

// tools are what the leaves of a writer share.
type tools struct {
	codec      codec
	raw        []byte // a page before it is compressed
	layout     layout // of this page
	packed     []byte // and after
	header     thrift
	places     hybrid
	bound      []byte
	dictionary []byte // its page
}

// chunk is a column chunk: what a row group has of a column.
type chunk struct {
	// coded says that values go to the dictionary. A chunk begins so. It continues without the dictionary if that saves too little or gets
	// too large. If many values of a first page show that it saves too little, all further chunks of the file do without: it is hopeless.
	coded, hopeless bool
	way             way // how its pages are compressed, and those of all further chunks of the file
	dictionary      dictionary
	used            int // how many values of the dictionary the pages refer to
	plain           int // bytes of the values that went to the dictionary

	pages []byte
	list  []page
	// The column index, as lists of Thrift without their sizes.
	nullPages, firsts, lasts, nullCounts []byte

	totals struct {
		rows, count, nulls int
		raw                int // bytes of the pages before they are compressed
		bounds             bounds
	}
}

// page is where a page is in the chunk.
type page struct{ from, size, row int }

// begin begins a chunk.
func (c *chunk) begin(f form) {
	c.coded = !c.hopeless && f != formBoolean
	c.dictionary.reset()
	c.used, c.plain = 0, 0
	c.pages, c.list = c.pages[:0], c.list[:0]
	c.nullPages, c.firsts, c.lasts, c.nullCounts = c.nullPages[:0], c.firsts[:0], c.lasts[:0], c.nullCounts[:0]
	c.totals.rows, c.totals.count, c.totals.nulls, c.totals.raw = 0, 0, 0, 0
	c.totals.bounds.reset()
}

// add adds the page of a leaf. with.raw has it.
func (c *chunk) add(l *leaf, encoding int) {
	from := len(c.pages)
	c.pages = l.with.appendPage(c.pages, pageOfData, l.count, encoding)
	c.totals.raw += len(l.with.header.b) + len(l.with.raw)
	c.list = append(c.list, page{from, len(c.pages) - from, c.totals.rows})
	c.totals.rows, c.totals.count, c.totals.nulls = c.totals.rows+l.rows, c.totals.count+l.count, c.totals.nulls+l.nulls
	c.totals.bounds.merge(&l.bounds)

	c.nullPages = append(c.nullPages, thriftBool(l.count == l.nulls))
	c.nullCounts = binary.AppendVarint(c.nullCounts, int64(l.nulls))
	b := &l.with.bound
	*b = (*b)[:0]
	if l.bounds.some {
		*b = l.bounds.appendFirst(*b, l.form)
	}
	c.firsts = appendBinary(c.firsts, *b)
	*b = (*b)[:0]
	if l.bounds.some {
		*b = l.bounds.appendLast(*b, l.form)
	}
	c.lasts = appendBinary(c.lasts, *b)
}

// appendPage appends the page in raw with its header.
func (t *tools) appendPage(dst []byte, kind, count, encoding int) []byte {
	t.packed = t.codec.append(t.packed[:0], t.raw, t.layout)
	h := &t.header
	h.b = h.b[:0]
	h.open()
	h.int32(1, kind)
	h.int32(2, len(t.raw))
	h.int32(3, len(t.packed))
	h.int32(4, int(int32(crc32.ChecksumIEEE(t.packed)))) //nolint:gosec // the bits
	if kind == pageOfDictionary {
		h.structure(7)
		h.int32(1, count)
		h.int32(2, encoding)
	} else {
		h.structure(5)
		h.int32(1, count)
		h.int32(2, encoding)
		h.int32(3, encodingLevels)
		h.int32(4, encodingLevels)
	}
	h.close()
	h.close()
	return append(append(dst, h.b...), t.packed...)
}

// endChunk returns the page of the dictionary, or nothing if the chunk has none.
func (l *leaf) endChunk() []byte {
	if l.used == 0 {
		return nil
	}
	l.with.raw, l.with.layout = append(l.with.raw[:0], l.dictionary.page...), layout{}
	l.with.dictionary = l.with.appendPage(l.with.dictionary[:0], pageOfDictionary, len(l.dictionary.entries), encodingPlain)
	l.totals.raw += len(l.with.header.b) + len(l.with.raw)
	return l.with.dictionary
}
