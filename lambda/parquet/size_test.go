package parquet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
)

// Random identifiers, hashes and numbers take little more than their random bytes with ZSTD, and texts less than its fastest level makes of them.
func TestSizes(t *testing.T) {
	t.Parallel()
	const count = 10_000
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data every time
	for name, test := range map[string]struct {
		value func() string
		most  float64 // bytes of a value
	}{
		"binary values of 64 bytes": {func() string { return `{"B":"` + binary(r, 64) + `"}` }, 65},
		"sets of two of 16 bytes":   {func() string { return `{"BS":["` + binary(r, 16) + `","` + binary(r, 16) + `"]}` }, 32.6},
		"32 hexadecimal digits":     {func() string { return `{"S":"` + hex(r, 16) + `"}` }, 16.6},
		"with what all have":        {func() string { return `{"S":"CUSTOMER#` + hex(r, 8) + `@example.com"}` }, 8.3},
		"numbers of 27 bits":        {func() string { return fmt.Sprintf(`{"N":"%d"}`, 1_700_000_000+r.IntN(1e8)) }, 3.9},
		"negative numbers":          {func() string { return fmt.Sprintf(`{"N":"%d"}`, -1-r.IntN(1<<24)) }, 3.1},
		"amounts":                   {func() string { return `{"N":"` + amount(r) + `"}` }, 2.6},
		"any whole numbers":         {func() string { return fmt.Sprintf(`{"N":"%d"}`, int64(r.Uint64())) }, 8.1}, //nolint:gosec // any
		"words":                     {func() string { return `{"S":"` + words(r, 20) + `"}` }, 29},
	} {
		t.Run(name, func(t *testing.T) {
			var items [][]byte
			for range count {
				items = append(items, []byte(`{"a":`+test.value()+`}`))
			}
			w, s := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, items...)
			file := fileOf(t, w, items...)
			size := float64(open(t, file).Metadata().RowGroups[0].Columns[0].MetaData.TotalCompressedSize)
			if size/count > test.most || size/count < test.most*0.9 {
				t.Errorf("a value takes %.2f bytes, want %.2f", size/count, test.most)
			}
			compare(t, file, s, items)
		})
	}
}

// A column may have values of one length at first, and others later. They are compressed in another way.
func TestOtherLengthsLater(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data every time
	var items [][]byte
	for i := range 30_000 {
		digits := 16
		if i > 22_000 {
			digits = 4 + r.IntN(20)
		}
		items = append(items, fmt.Appendf(nil, `{"s":{"S":"%s"},"n":{"N":"%d"}}`, hex(r, digits), r.Int64()>>(i/500)))
	}
	items = append(items, []byte(`{"s":{"S":"`+strings.Repeat("long", 100_000)+`"}}`), []byte(`{"s":{"S":""}}`))
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, items...)
	for _, items := range [][][]byte{items, slices.Concat(items[25_000:], items[:10])} {
		compare(t, fileOf(t, w, items...), s, items)
	}
}
