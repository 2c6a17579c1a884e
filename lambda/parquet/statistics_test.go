package parquet_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The bounds in the page index and in the statistics hold for all values, and pages have at most 20,000 rows.
func TestStatistics(t *testing.T) {
	t.Parallel()
	var items [][]byte
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data every time
	for i := range 50_000 {
		text := fmt.Sprintf("%c%0*d", "aé\U0010ffff"[r.IntN(2)], 1+r.IntN(100), r.IntN(1000))
		items = append(items, fmt.Appendf(nil, `{"i":{"N":"%d"},"d":{"N":"%d.5"},"e":{"N":"%d.123456789012345678"},"s":{"S":"%s"},"b":{"B":"%s"},"o":{"BOOL":%t},"few":{"S":"x%d"},"l":{"L":[{"N":"%d"},{"N":"%d"}]}}`,
			r.Int64N(1e18)-5e17, r.IntN(2000)-1000, r.IntN(2000)-1000, text, binary(r, 1+r.IntN(100)), i%2 > 0, i/10_000, i, -i))
	}
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionNone}, items...)
	file := fileOf(t, w, items...)
	f := open(t, file)
	for i, chunk := range f.RowGroups()[0].ColumnChunks() {
		name := strings.Join(f.Schema().Columns()[i], ".")
		meta := f.Metadata().RowGroups[0].Columns[i].MetaData
		if name == schema.RestColumn {
			if meta.Statistics.NullCount != 50_000 || meta.Statistics.MaxValue != nil {
				t.Errorf("%s: statistics %+v", name, meta.Statistics)
			}
			continue
		}
		index, err := chunk.ColumnIndex()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		offsets, err := chunk.OffsetIndex()
		if err != nil || offsets.NumPages() != index.NumPages() || index.NumPages() < 3 {
			t.Fatalf("%s: %v, %d pages", name, err, index.NumPages())
		}
		if meta.DataPageOffset != offsets.Offset(0) {
			t.Errorf("%s: the data pages begin at %d, the first page at %d", name, meta.DataPageOffset, offsets.Offset(0))
		}
		pages := chunk.Pages()
		for n := 0; ; n++ {
			if n < offsets.NumPages() {
				checkChecksum(t, file[offsets.Offset(n):][:offsets.CompressedPageSize(n)])
			}
			page, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || page.NumRows() > 20_000 {
				t.Fatalf("%s: %v, %d rows", name, err, page.NumRows())
			}
			checkBounds(t, name, page, index.MinValue(n), index.MaxValue(n), chunk.Type())
			checkBounds(t, name, page, chunk.Type().Kind().Value(meta.Statistics.MinValue), chunk.Type().Kind().Value(meta.Statistics.MaxValue), chunk.Type())
		}
		if meta.Statistics.NullCount != 0 || len(meta.Statistics.MinValue) > 64 || len(meta.Statistics.MaxValue) > 65 {
			t.Errorf("%s: statistics %+v", name, meta.Statistics)
		}
		coded := meta.DictionaryPageOffset > 0
		if want := name == "few" || name == "d" || name == "e"; coded != want {
			t.Errorf("%s has a dictionary: %t, want %t", name, coded, want)
		}
	}
}

func checkBounds(t *testing.T, name string, page pq.Page, least, most pq.Value, of pq.Type) {
	t.Helper()
	values := make([]pq.Value, page.NumValues())
	if n, _ := page.Values().ReadValues(values); n != len(values) {
		t.Fatalf("%s: %d of %d values", name, n, len(values))
	}
	compare := of.Compare
	if of.Kind() == pq.FixedLenByteArray { // decimals have a sign, which Compare does not know
		compare = func(a, b pq.Value) int {
			return cmp.Or(cmp.Compare(int8(a.ByteArray()[0]), int8(b.ByteArray()[0])), bytes.Compare(a.ByteArray(), b.ByteArray())) //nolint:gosec // the sign
		}
	}
	if slices.ContainsFunc(values, func(v pq.Value) bool { return compare(v, least) < 0 || compare(v, most) > 0 }) {
		t.Errorf("%s: values are not between %v and %v", name, least, most)
	}
}

// checkChecksum compares the checksum in the header of a page with the page.
func checkChecksum(t *testing.T, page []byte) {
	t.Helper()
	header, size := headerOf(t, page)
	if rest := page[size:]; len(rest) != int(header.CompressedPageSize) || uint32(header.CRC) != crc32.ChecksumIEEE(rest) { //nolint:gosec // the bits
		t.Errorf("a page with %+v has %d bytes with the checksum %d", header, len(rest), crc32.ChecksumIEEE(rest))
	}
}

// headerOf returns the header that a page begins with, and its size.
func headerOf(t *testing.T, page []byte) (header format.PageHeader, size int) {
	t.Helper()
	r := bytes.NewReader(page)
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(r)).Decode(&header); err != nil {
		t.Fatal(err)
	}
	return header, len(page) - r.Len()
}

// Half a surrogate pair in the name of a map's value does not come into a column of texts, which readers would refuse.
func TestKeysAreTexts(t *testing.T) {
	t.Parallel()
	items := repeated(`{"m":{"M":{"k%d":{"N":"%d"}}}}`, 20)
	items = append(items, `{"m":{"M":{"\ud83d":{"N":"1"}}}}`)
	var raw [][]byte
	for _, item := range items {
		raw = append(raw, []byte(item))
	}
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionNone}, raw...)
	file := fileOf(t, w, raw...)
	page, err := open(t, file).RowGroups()[0].ColumnChunks()[0].Pages().ReadPage()
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]pq.Value, len(items))
	if n, _ := page.Values().ReadValues(keys); n != len(items) || slices.ContainsFunc(keys, func(v pq.Value) bool { return !utf8.Valid(v.ByteArray()) }) {
		t.Errorf("%d keys: %q", n, keys)
	}
}

// Bounds that are zero hold for readers that take -0 for less than 0, and for those that do not.
func TestZeros(t *testing.T) {
	t.Parallel()
	s := schema.Schema{Columns: []schema.Column{{Name: "n", Attribute: "n", Type: schema.Type{Name: schema.Double, Kind: ddbjson.KindN}}}}
	for _, number := range []string{"0", "-0"} {
		w := writerOf(t, s, parquet.Options{Compression: request.CompressionNone})
		file := fileOf(t, w, []byte(`{"n":{"N":"`+number+`"}}`))
		got := open(t, file).Metadata().RowGroups[0].Columns[0].MetaData.Statistics
		if !bytes.Equal(got.MinValue, []byte{7: 0x80}) || !bytes.Equal(got.MaxValue, make([]byte, 8)) {
			t.Errorf("%s: got %x and %x", number, got.MinValue, got.MaxValue)
		}
	}
}

// The types, the names and the field ids are as other programs expect them.
func TestTypes(t *testing.T) {
	t.Parallel()
	items := [][]byte{[]byte(`{"s":{"S":"x"},"b":{"B":"eA=="},"o":{"BOOL":true},"i":{"N":"1"},"d":{"N":"1.25"},"e":{"N":"1234567890123456789.25"},"l":{"L":[{"M":{"a":{"N":"1"}}}]},"set":{"SS":["x"]},` +
		`"j":{"L":[{"S":"x"},{"N":"1"}]}}`)}
	for _, item := range repeated(`{"m":{"M":{"k%d":{"N":"%d"}}}}`, 20) {
		items = append(items, []byte(item))
	}
	w, _ := newWriter(t, parquet.Options{Compression: request.CompressionNone}, items...)
	var out bytes.Buffer
	w.Reset(&out)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := open(t, out.Bytes()).Schema().String()
	if got != wantTypes {
		t.Errorf("got\n%s", got)
	}
}

const wantTypes = `message item {
	optional binary b = 1;
	optional int64 d (DECIMAL(18,2)) = 2;
	optional fixed_len_byte_array(16) e (DECIMAL(38,2)) = 3;
	optional int64 i (INT(64,true)) = 4;
	optional binary j (STRING) = 5;
	optional group l (LIST) = 6 {
		repeated group list {
			optional group element = 7 {
				optional int64 a (INT(64,true)) = 8;
			}
		}
	}
	optional group m (MAP) = 9 {
		repeated group key_value {
			required binary key (STRING) = 10;
			optional int64 value (INT(64,true)) = 11;
		}
	}
	optional boolean o = 12;
	optional binary s (STRING) = 13;
	optional group set (LIST) = 14 {
		repeated group list {
			optional binary element (STRING) = 15;
		}
	}
	optional binary _rest (STRING) = 16;
}`
