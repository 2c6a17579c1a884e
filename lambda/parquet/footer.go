package parquet

import "encoding/binary"

// footer gathers what the end of a file says about its row groups: the page indexes, and the metadata of the file.
type footer struct {
	schema   []byte // as the file has it
	elements int    // of the schema
	leaves   int

	groups []group
	// chunks are the column chunks of all row groups. One after the other, metadata has their metadata, indexes their column indexes, and offsets
	// their offset indexes.
	chunks                     []parts
	metadata, indexes, offsets thrift
}

// group is a row group.
type group struct {
	begin, size int64 // in the file
	raw         int   // bytes of the pages before they are compressed
	rows        int
}

// parts are the sizes of what a footer has of a column chunk.
type parts struct{ metadata, index, offsets int }

func (f *footer) reset() {
	f.groups, f.chunks = f.groups[:0], f.chunks[:0]
	f.metadata.b, f.indexes.b, f.offsets.b = f.metadata.b[:0], f.indexes.b[:0], f.offsets.b[:0]
}

// size returns about how large the footer will be.
func (f *footer) size() int64 {
	return int64(len(f.schema) + len(f.metadata.b) + len(f.indexes.b) + len(f.offsets.b))
}

// addChunk adds the next chunk of a row group. See leaf.appendChunk.
func (f *footer) addChunk(l *leaf, offset int64, dictionary, codec int) {
	metadata, index, offsets := len(f.metadata.b), len(f.indexes.b), len(f.offsets.b)
	l.appendChunk(&f.metadata, offset, dictionary, codec)
	l.appendIndex(&f.indexes)
	l.appendOffsets(&f.offsets, offset+int64(dictionary))
	f.chunks = append(f.chunks, parts{len(f.metadata.b) - metadata, len(f.indexes.b) - index, len(f.offsets.b) - offsets})
}

// append returns what the file ends with, from an offset in it. It is in t.
func (f *footer) append(t *thrift, offset int64, keys []string, values map[string]string) []byte {
	t.b = append(append(t.b[:0], f.indexes.b...), f.offsets.b...)
	begin := len(t.b)
	t.open()
	t.int32(1, 1) // the version of the format
	t.list(2, thriftStruct, f.elements)
	t.b = append(t.b, f.schema...)
	rows := 0
	for _, g := range f.groups {
		rows += g.rows
	}
	t.int64(3, int64(rows))
	t.list(4, thriftStruct, len(f.groups))
	from, chunks := place{index: offset, offsets: offset + int64(len(f.indexes.b))}, f.chunks
	for _, g := range f.groups {
		t.open()
		t.list(1, thriftStruct, f.leaves)
		for _, c := range chunks[:f.leaves] {
			f.appendChunk(t, c, &from)
		}
		chunks = chunks[f.leaves:]
		t.int64(2, int64(g.raw))
		t.int64(3, int64(g.rows))
		t.int64(5, g.begin)
		t.int64(6, g.size)
		t.close()
	}
	t.list(5, thriftStruct, len(keys))
	for _, key := range keys {
		t.open()
		t.text(1, key)
		t.text(2, values[key])
		t.close()
	}
	t.text(6, "dynamodb-to-s3")
	t.list(7, thriftStruct, f.leaves) // the order of the values of each column is that of its type
	for range f.leaves {
		t.open()
		t.structure(1)
		t.close()
		t.close()
	}
	t.close()
	t.b = binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b)-begin)) //nolint:gosec // a file has few row groups
	return append(t.b, magic...)
}

// place is where the parts of the next chunk are: its metadata in the footer's list, its indexes in the file.
type place struct {
	metadata       int
	index, offsets int64
}

// appendChunk appends a chunk.
func (f *footer) appendChunk(t *thrift, c parts, from *place) {
	t.b = append(t.b, f.metadata.b[from.metadata:from.metadata+c.metadata]...)
	t.resume(3)
	t.int64(4, from.offsets)
	t.int32(5, c.offsets)
	if c.index > 0 {
		t.int64(6, from.index)
		t.int32(7, c.index)
	}
	t.close()
	from.metadata, from.index, from.offsets = from.metadata+c.metadata, from.index+int64(c.index), from.offsets+int64(c.offsets)
}
