// Package parquet writes items as rows of Parquet files. It takes the bytes of an item apart into the pages of columns, and builds no tree.
// What a column cannot hold goes to the column _rest, as DynamoDB JSON by attribute, so each item can be made again from its row.
//
// Pages have Parquet's oldest encodings, PLAIN and RLE_DICTIONARY, because some readers fail with the others, or read wrong values. Instead,
// ZSTD compresses each column in the way that suits it.
//
// It imports ddbjson, schema, request and compression.
package parquet

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// The bounds of a row group. Its compressed pages are in memory until it is written.
const (
	mostGroupBytes = 32 << 20 // of the items
	mostGroupRows  = 1 << 20
)

// mostRoom is how many bytes the buffers may have in total after a row group. Others are freed: in each row group, other columns may be the large ones.
const mostRoom = 64 << 20

// magic is what files begin and end with.
const magic = "PAR1"

// Options say how files are written.
type Options struct {
	Compression request.Compression
	// Metadata is what each file says about itself.
	Metadata map[string]string
}

// Writer writes files, one after the other. It is for one goroutine. Once its buffers have grown, it allocates nothing for an item.
type Writer struct {
	shredder
	options Options
	keys    []string // of the metadata
	tools   tools
	leaves  []*leaf

	out    io.Writer
	offset int64 // in the file
	footer footer
	end    thrift // the indexes and the footer, as the file ends

	held  int     // bytes of the items in the row group
	share float64 // how large the last row group became, by the size of its items
}

// NewWriter returns a writer of files with the columns of a schema. Reset must follow.
func NewWriter(s schema.Schema, o Options) (*Writer, error) {
	w := &Writer{options: o, keys: slices.Sorted(maps.Keys(o.Metadata)), out: io.Discard, share: 0.25}
	var err error
	if w.tools.codec, err = newCodec(o.Compression); err != nil {
		return nil, fmt.Errorf("compress Parquet files: %w", err)
	}
	b := &builder{with: &w.tools}
	w.columns, w.rest = b.root(s)
	w.left = map[string]*int64{}
	w.leaves, w.footer = b.leaves, footer{schema: b.elements.b, elements: b.count, leaves: len(b.leaves)}
	return w, nil
}

// Reset begins a file that goes to out. What an earlier file still lacks is dropped.
func (w *Writer) Reset(out io.Writer) {
	w.out, w.offset = out, 0
	w.footer.reset()
	for _, l := range w.leaves {
		l.hopeless, l.way = false, 0
	}
	w.clear()
}

// clear begins a row group.
func (w *Writer) clear() {
	w.held, w.rows, w.rest.rows = 0, 0, 0
	for _, c := range w.columns.list {
		c.rows = 0
	}
	room := 0
	for _, l := range w.leaves {
		if room += l.room(); room > mostRoom {
			l.drop()
		}
		l.clear()
		l.begin(l.form)
	}
}

// Write adds an item of a parsed page as a row. After an error, the writer must be dropped.
func (w *Writer) Write(item []byte) (int, error) {
	if err := w.row(item); err != nil {
		return 0, err
	}
	if w.held += len(item); w.held >= mostGroupBytes || w.rows >= mostGroupRows {
		if err := w.Flush(); err != nil {
			return 0, err
		}
	}
	return len(item), nil
}

// Flush ends the row group: all rows so far are written.
func (w *Writer) Flush() error {
	if w.rows == 0 {
		return nil
	}
	for _, c := range w.columns.list {
		c.reach(w.rows)
	}
	w.rest.reach(w.rows)
	if err := w.begin(); err != nil {
		return err
	}
	begin, raw := w.offset, 0
	for _, l := range w.leaves {
		l.endPage()
		dictionary := l.endChunk()
		w.footer.addChunk(l, w.offset, len(dictionary), w.tools.codec.number)
		raw += l.totals.raw
		if err := w.write(dictionary); err != nil {
			return err
		}
		if err := w.write(l.pages); err != nil {
			return err
		}
	}
	w.footer.groups = append(w.footer.groups, group{begin, w.offset - begin, raw, w.rows})
	w.share = float64(w.offset-begin) / float64(w.held)
	w.clear()
	return nil
}

// Close ends the row group and the file.
func (w *Writer) Close() error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.begin(); err != nil {
		return err
	}
	w.end.b = w.footer.append(&w.end, w.offset, w.keys, w.options.Metadata)
	return w.write(w.end.b)
}

// begin writes what a file begins with.
func (w *Writer) begin() error {
	if w.offset > 0 {
		return nil
	}
	return w.write([]byte(magic))
}

func (w *Writer) write(b []byte) error {
	n, err := w.out.Write(b)
	w.offset += int64(n)
	if err != nil {
		return fmt.Errorf("write a Parquet file: %w", err)
	}
	return nil
}

// Buffered returns about how many bytes Close would still write.
func (w *Writer) Buffered() int64 {
	return int64(float64(w.held)*w.share) + w.footer.size()
}
