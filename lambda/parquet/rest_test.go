package parquet_test

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
)

// The tree knows which attributes a writer puts into the column _rest. Formats without such a column depend on that. NULL goes there too, but fits
// every column otherwise. A lone surrogate is no text of DynamoDB.
func TestTreeKnowsTheRest(t *testing.T) {
	t.Parallel()
	some, all := 0, 0
	for seed := range byte(200) {
		data := make([]byte, 2000)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(data) // never fails
		g := &generator{data: data, short: seed%4 == 0}
		var items [][]byte
		for len(items) < 3+int(seed%8) && len(g.data) > 0 {
			if item := "{" + g.members(1+g.pick(4)) + "}"; !strings.Contains(item, "NULL") && !strings.Contains(item, `\ud800"`) {
				items = append(items, []byte(item))
			}
		}
		w, s := newWriter(t, parquet.Options{Compression: request.CompressionNone}, items...)
		w.Reset(io.Discard)
		writeAll(t, w, items...)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, want := slices.Sorted(maps.Keys(learn(t, items...).Rest(s))), slices.Sorted(maps.Keys(w.Rest()))
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, %s: the tree names %q, and the writer %q\n%v", seed, bytes.Join(items, []byte("\n")), got, want, s)
		}
		some, all = some+len(got), all+len(s.Columns)
	}
	if some < 100 || some > all-100 {
		t.Errorf("of %d columns, %d do not hold all values: the items are too much alike", all, some)
	}
}
