package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"

	pq "github.com/parquet-go/parquet-go"
)

// newWriter returns a writer for items, and the schema of these.
func newWriter(t *testing.T, o parquet.Options, items ...[]byte) (*parquet.Writer, schema.Schema) {
	t.Helper()
	s := schema.Decide(learn(t, items...), schema.Options{})
	return writerOf(t, s, o), s
}

func writerOf(t *testing.T, s schema.Schema, o parquet.Options) *parquet.Writer {
	t.Helper()
	w, err := parquet.NewWriter(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func raw(items []string) (all [][]byte) {
	for _, item := range items {
		all = append(all, []byte(item))
	}
	return all
}

func learn(t *testing.T, items ...[]byte) *schema.Tree {
	t.Helper()
	tree := new(schema.Tree)
	for _, item := range items {
		if err := tree.Add(item); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func writeAll(t *testing.T, w *parquet.Writer, items ...[]byte) {
	t.Helper()
	for _, item := range items {
		if n, err := w.Write(item); n != len(item) || err != nil {
			t.Fatal(n, err)
		}
	}
}

// fileOf returns a file with the items.
func fileOf(t *testing.T, w *parquet.Writer, items ...[]byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w.Reset(&file)
	writeAll(t, w, items...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(t *testing.T, body []byte) *pq.File {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A writer writes files one after the other, with each compression. Flush ends a row group. What an earlier file lacks does not come into the
// next one.
func TestFiles(t *testing.T) {
	t.Parallel()
	for _, compression := range []request.Compression{request.CompressionZSTD, request.CompressionSnappy, request.CompressionGZIP, request.CompressionNone} {
		t.Run(string(compression), func(t *testing.T) {
			t.Parallel()
			items, _ := many(order, 300_000)
			w, s := newWriter(t, parquet.Options{Compression: compression, Metadata: map[string]string{"b": "2", "a": "1"}}, items...)
			w.Reset(io.Discard)
			writeAll(t, w, items[:50]...)
			for _, sizes := range [][]int{{}, {1}, {100}, {30, 0, 70, 1}} {
				var out bytes.Buffer
				w.Reset(&out)
				var want [][]byte
				groups := 0
				for _, size := range sizes {
					writeAll(t, w, items[:size]...)
					want = append(want, items[:size]...)
					if err := w.Flush(); err != nil {
						t.Fatal(err)
					}
					groups += min(size, 1)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				f := open(t, out.Bytes())
				if len(f.RowGroups()) != groups {
					t.Errorf("%d row groups, want %d", len(f.RowGroups()), groups)
				}
				for key, value := range map[string]string{"a": "1", "b": "2"} {
					if got, ok := f.Lookup(key); !ok || got != value {
						t.Errorf("metadata %s: got %q", key, got)
					}
				}
				compare(t, out.Bytes(), s, want)
			}
		})
	}
}

// A row group has at most 32 MiB of items, and Buffered is near what Close writes.
func TestRowGroups(t *testing.T) {
	t.Parallel()
	items, size := many(event, 8<<20)
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, items...)
	var out bytes.Buffer
	w.Reset(&out)
	for range 9 {
		writeAll(t, w, items...)
	}
	before, buffered := out.Len(), int(w.Buffered())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if written := out.Len() - before; buffered < written*9/10 || buffered > written*11/10 {
		t.Errorf("Buffered %d, Close has written %d", buffered, written)
	}
	f := open(t, out.Bytes())
	rows := int64(0)
	for n, group := range f.RowGroups() {
		rows += group.NumRows()
		if most := int64(32<<20)*int64(len(items))/int64(size) + 1; group.NumRows() > most || n < 2 && group.NumRows() < most-1000 {
			t.Errorf("row group %d has %d rows, want about %d", n, group.NumRows(), most)
		}
	}
	out.Reset()
	w.Reset(&out)
	for range 1<<20 + 1 {
		writeAll(t, w, []byte(`{}`))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if groups := open(t, out.Bytes()).RowGroups(); len(groups) != 2 || groups[0].NumRows() != 1<<20 {
		t.Errorf("%d row groups, the first with %d rows", len(groups), groups[0].NumRows())
	}
	if len(f.RowGroups()) != 3 || rows != int64(9*len(items)) || f.NumRows() != rows {
		t.Errorf("%d row groups with %d rows, the footer has %d, want %d", len(f.RowGroups()), rows, f.NumRows(), 9*len(items))
	}
}

// A column gets a dictionary also if the first row group, or the first page, has too few of its values to tell.
func TestDictionaries(t *testing.T) {
	t.Parallel()
	items := repeated(`{"id":{"S":"%d"},"status":{"S":"OPEN"},"other":{"N":"%d"}}`, 30_000)
	items[0] = `{"id":{"S":"x"},"status":{"S":"CLOSED"},"seldom":{"S":"y"}}`
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, []byte(items[0]))
	var out bytes.Buffer
	w.Reset(&out)
	var raw [][]byte
	for n, item := range items {
		raw = append(raw, []byte(item))
		writeAll(t, w, raw[n])
		if n == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, out.Bytes(), s, raw)
	seldom, err := open(t, out.Bytes()).RowGroups()[1].ColumnChunks()[1].ColumnIndex()
	if err != nil || !seldom.NullPage(0) || seldom.NullCount(0) != int64(len(raw)-1) {
		t.Errorf("%v, the page of nulls is not in the page index", err)
	}
	for i, want := range []bool{false, false, true} { // id, seldom, status
		if meta := open(t, out.Bytes()).Metadata().RowGroups[1].Columns[i].MetaData; (meta.DictionaryPageOffset > 0) != want {
			t.Errorf("%v has a dictionary: %t, want %t", meta.PathInSchema, !want, want)
		}
	}
}

// A dictionary that gets too large is given up in the middle of a chunk, and keeps the values that pages refer to. The next file tries again.
func TestLargeDictionary(t *testing.T) {
	t.Parallel()
	value := func(file, n int) []byte {
		if file == 0 && n > 25_000 { // after the first page
			return fmt.Appendf(nil, `{"s":{"S":"%0100d"}}`, n)
		}
		return fmt.Appendf(nil, `{"s":{"S":"%0*d"}}`, 100, n%10)
	}
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionNone}, value(0, 0))
	for file := range 3 {
		var out bytes.Buffer
		w.Reset(&out)
		var items [][]byte
		for n := range 45_000 {
			if item := value(file, n); file == 1 {
				items = append(items, fmt.Appendf(nil, `{"s":{"S":"%d"}}`, n)) // hopeless
			} else {
				items = append(items, item)
			}
		}
		writeAll(t, w, items...)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		compare(t, out.Bytes(), s, items)
		meta := open(t, out.Bytes()).Metadata().RowGroups[0].Columns[0].MetaData
		if coded := meta.DictionaryPageOffset > 0; coded != (file != 1) {
			t.Errorf("file %d has a dictionary: %t", file, coded)
		} else if coded {
			dictionary := out.Bytes()[meta.DictionaryPageOffset:meta.DataPageOffset]
			if header, _ := headerOf(t, dictionary); header.DictionaryPageHeader.V.NumValues != 10 || len(dictionary) > 2000 {
				t.Errorf("file %d: the dictionary has %d values and %d bytes", file, header.DictionaryPageHeader.V.NumValues, len(dictionary))
			}
		}
	}
}

// A table may have many columns, each of them in few items and large in turn. The writer does not keep the buffers of all of them.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	var items [][]byte
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same data every time
	for i := range 1400 {
		items = append(items, fmt.Appendf(nil, `{"id":{"N":"%d"},"a%d":{"S":"%s"},"b%d":{"N":"1.5"}}`, i, i/2, hex(r, 500), i%5))
	}
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionSnappy}, items...)
	compare(t, fileOf(t, w, items...), s, items)

	w.Reset(io.Discard)
	pool := hex(r, 1<<20)
	for i := range 120 { // a column of 1 MB in each row group
		for range 1000 {
			from := r.IntN(1 << 20)
			writeAll(t, w, fmt.Appendf(nil, `{"a%d":{"S":"%s"}}`, i, pool[from:from+1000]))
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if room := w.Room(); room > 80<<20 {
		t.Errorf("the buffers have %d bytes", room)
	}
}

// Rest counts the items of the first 100 attributes by name, and of all others together.
func TestRest(t *testing.T) {
	t.Parallel()
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionNone}, []byte(`{"a":{"S":"x"}}`))
	w.Reset(io.Discard)
	for range 3 {
		for i := range 120 {
			writeAll(t, w, fmt.Appendf(nil, `{"a":{"N":"1"},"\u0062%d":{"S":"x"}}`, i))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rest := w.Rest()
	if len(rest) != 101 || rest["a"] != 360 || rest["b0"] != 3 || rest["b98"] != 3 || rest[""] != 63 {
		t.Errorf("%d names, %v", len(rest), rest)
	}
}

// A malformed item, or an item with an attribute that comes twice, does not come into a file unseen.
func TestOtherItems(t *testing.T) {
	t.Parallel()
	good := []byte(`{"a":{"S":"x"},"m":{"M":{"b":{"S":"y"}}}}`)
	for _, item := range []string{``, `null`, `{"a":{"S":"x"}`, `{"a":"x"}`, `{"m":{"M":{"b":{"S":"y"}}`, `{"a":{"N":"1","S":"x"}}`} {
		w, _ := newWriter(t, parquet.Options{Compression: request.CompressionNone}, good)
		w.Reset(io.Discard)
		if _, err := w.Write([]byte(item)); err == nil {
			t.Errorf("%s is accepted", item)
		}
	}
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionNone}, good)
	file := fileOf(t, w, []byte(`{"a":{"S":"x"},"a":{"S":"z"}}`), []byte(`{"m":{"M":{"b":{"S":"y"},"b":{"S":"z"}}}}`), good)
	rows := rebuild(t, file, s)
	if got := text(rows[0]) + text(rows[1]) + text(rows[2]); got != `{"a":{"S":"z"}}{"m":{"M":{"b":{"S":"z"}}}}`+string(good) {
		t.Errorf("got %s", got)
	}
}

// numbers: DOUBLE asks for rounded numbers. Only what no double can hold goes to the rest.
func TestDoubles(t *testing.T) {
	t.Parallel()
	s := schema.Schema{Columns: []schema.Column{{Name: "n", Attribute: "n", Type: schema.Type{Name: schema.Double, Kind: ddbjson.KindN}}}}
	w := writerOf(t, s, parquet.Options{Compression: request.CompressionNone})
	var out bytes.Buffer
	w.Reset(&out)
	for _, number := range []string{"0.1", "12345678901234567890123456789012345678", "-0", "1E-130", "1E400", "Infinity", "0x10", "NaN", "1e2"} {
		writeAll(t, w, []byte(`{"n":{"N":"`+number+`"}}`))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rebuild(t, out.Bytes(), s) {
		got = append(got, row["n"].(map[string]any)["N"].(string))
	}
	want := []string{"0.1", "1.2345678901234568e+37", "-0", "1e-130", "1E400", "Infinity", "0x10", "NaN", "100"}
	if !slices.Equal(got, want) || w.Rest()["n"] != 4 {
		t.Errorf("got %q, %v", got, w.Rest())
	}
}

// Once the buffers of a writer have grown, it allocates nothing for an item.
func TestAllocations(t *testing.T) {
	items := [][]byte{}
	for _, item := range []func(*rand.Rand) string{order, event, document} {
		more, _ := many(item, 1<<20)
		items = append(items, more...)
	}
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, items...)
	w.Reset(io.Discard)
	file := func() {
		writeAll(t, w, items...)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.Reset(io.Discard)
	}
	file()
	if allocations := testing.AllocsPerRun(5, file); allocations > float64(len(items))/100 {
		t.Errorf("%.0f allocations for %d items", allocations, len(items))
	} else {
		t.Log(allocations, len(items))
	}
}
