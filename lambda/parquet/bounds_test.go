package parquet_test

import (
	"bytes"
	"encoding/base64"
	encoding "encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

// statistics are those of a column chunk. parquet-go does not know the last two.
type statistics struct {
	Max      []byte `thrift:"5"`
	Min      []byte `thrift:"6"`
	MaxExact bool   `thrift:"7"`
	MinExact bool   `thrift:"8"`
}

// statisticsOf writes items and returns the statistics of the first column.
func statisticsOf(t *testing.T, of schema.Type, items ...string) statistics {
	t.Helper()
	s := schema.Schema{Columns: []schema.Column{{Name: "a", Attribute: "a", Type: of}}}
	file := fileOf(t, writerOf(t, s, parquet.Options{Compression: request.CompressionNone}), raw(items)...)
	size := int(encoding.LittleEndian.Uint32(file[len(file)-8:]))
	var footer struct {
		RowGroups []struct {
			Columns []struct {
				MetaData struct {
					Statistics statistics `thrift:"12"`
				} `thrift:"3"`
			} `thrift:"1"`
		} `thrift:"4"`
	}
	from := bytes.NewReader(file[len(file)-8-size:])
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(from)).Decode(&footer); err != nil {
		t.Fatal(err)
	}
	return footer.RowGroups[0].Columns[0].MetaData.Statistics
}

// The bounds of texts and binary values have at most 64 bytes. A longer value is cut, and an upper bound is then raised: the statistics say that it is
// no value.
func TestBoundsOfTexts(t *testing.T) {
	t.Parallel()
	a := func(n int) string { return strings.Repeat("a", n) }
	const last = "\U0010ffff" // the greatest character
	for _, test := range []struct {
		name               string
		values             []string
		min, max           string
		minExact, maxExact bool
	}{
		{"a value", []string{"x"}, "x", "x", true, true},
		{"several values", []string{"b", "", "c", "a"}, "", "c", true, true},
		{"64 bytes", []string{a(64)}, a(64), a(64), true, true},
		{"65 bytes", []string{a(65)}, a(64), a(63) + "b", false, false},
		{"long and short", []string{a(65), "b"}, a(64), "b", false, true},
		{"short and long", []string{"A", a(65)}, "A", a(63) + "b", true, false},
		{"a character that would be cut", []string{a(62) + "€"}, a(62), a(61) + "b", false, false},
		{"a character that ends there", []string{a(61) + "€x"}, a(61) + "€", a(61) + "₭", false, false},
		{"the greatest character at the end", []string{a(60) + last + "x"}, a(60) + last, a(59) + "b", false, false},
		{"only the greatest character", []string{strings.Repeat(last, 17)}, strings.Repeat(last, 16), "", false, false},
		{"no upper bound, and another value", []string{strings.Repeat(last, 17), "x"}, "x", "", true, false},
		{"no upper bound, before another value", []string{"x", strings.Repeat(last, 17), "y"}, "x", "", true, false},
		{"no upper bound, and a long value", []string{strings.Repeat(last, 17), a(65)}, a(64), "", false, false},
		{"before the surrogates", []string{a(61) + "\ud7ff" + "x"}, a(61) + "\ud7ff", a(61) + "\ufffd", false, false},
	} {
		var items []string
		for _, value := range test.values {
			items = append(items, fmt.Sprintf(`{"a":{"S":"%s"}}`, value))
		}
		got := statisticsOf(t, schema.Type{Name: schema.String, Kind: ddbjson.KindS}, items...)
		if string(got.Min) != test.min || string(got.Max) != test.max || got.MinExact != test.minExact || got.MaxExact != test.maxExact {
			t.Errorf("%s: got %q (exact: %t) to %q (exact: %t)", test.name, got.Min, got.MinExact, got.Max, got.MaxExact)
		}
	}
	for _, test := range []struct {
		name     string
		value    []byte
		min, max []byte
	}{
		{"65 bytes", bytes.Repeat([]byte{1}, 65), bytes.Repeat([]byte{1}, 64), append(bytes.Repeat([]byte{1}, 63), 2)},
		{"the greatest byte at the end", append(bytes.Repeat([]byte{1}, 63), 0xff, 0), append(bytes.Repeat([]byte{1}, 63), 0xff), append(bytes.Repeat([]byte{1}, 62), 2)},
		{"only the greatest byte", bytes.Repeat([]byte{0xff}, 65), bytes.Repeat([]byte{0xff}, 64), nil},
	} {
		got := statisticsOf(t, schema.Type{Name: schema.Binary, Kind: ddbjson.KindB}, fmt.Sprintf(`{"a":{"B":"%s"}}`, base64.StdEncoding.EncodeToString(test.value)))
		if !bytes.Equal(got.Min, test.min) || !bytes.Equal(got.Max, test.max) || got.MinExact || got.MaxExact {
			t.Errorf("binary, %s: got %x (exact: %t) to %x (exact: %t)", test.name, got.Min, got.MinExact, got.Max, got.MaxExact)
		}
	}
}

// Numbers have the order of their values, whatever their signs are.
func TestBoundsOfNumbers(t *testing.T) {
	t.Parallel()
	integer, double := schema.Type{Name: schema.Integer, Kind: ddbjson.KindN}, schema.Type{Name: schema.Double, Kind: ddbjson.KindN}
	number := func(v uint64) []byte { return encoding.LittleEndian.AppendUint64(nil, v) }
	for _, test := range []struct {
		of       schema.Type
		values   []string
		min, max []byte
	}{
		{integer, []string{"1"}, number(1), number(1)},
		{integer, []string{"-1", "3", "-2", "2"}, number(math.MaxUint64 - 1), number(3)},
		{integer, []string{"9223372036854775807", "-9223372036854775808"}, number(1 << 63), number(math.MaxInt64)},
		{double, []string{"-1.5", "-0.25"}, number(math.Float64bits(-1.5)), number(math.Float64bits(-0.25))},
		{double, []string{"0.25", "-1.5", "2e10"}, number(math.Float64bits(-1.5)), number(math.Float64bits(2e10))},
	} {
		var items []string
		for _, value := range test.values {
			items = append(items, fmt.Sprintf(`{"a":{"N":"%s"}}`, value))
		}
		got := statisticsOf(t, test.of, items...)
		if !bytes.Equal(got.Min, test.min) || !bytes.Equal(got.Max, test.max) || !got.MinExact || !got.MaxExact {
			t.Errorf("%s %v: got %x to %x", test.of, test.values, got.Min, got.Max)
		}
	}
}

// A chunk has no upper bound if one of its pages has none, whichever that is: readers would skip the chunk for a value that it has.
func TestBoundsOfSeveralPages(t *testing.T) {
	t.Parallel()
	const rows = 20_000 // of a page
	none := `{"a":{"S":"` + strings.Repeat("\U0010ffff", 17) + `"}}`
	for _, at := range []int{0, rows, rows + 1} {
		items := slices.Repeat([]string{`{"a":{"S":"x"}}`}, rows+2)
		items[at] = none
		if got := statisticsOf(t, schema.Type{Name: schema.String, Kind: ddbjson.KindS}, items...); string(got.Min) != "x" || got.Max != nil {
			t.Errorf("row %d has the greatest value: got %q to %q", at, got.Min, got.Max)
		}
	}
}
