package table_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// gzipped compresses an answer, with the checksum of the compressed bytes, as DynamoDB does for a client that accepts it.
func gzipped(h http.Header, body []byte) []byte {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, _ = w.Write(body) // to memory
	_ = w.Close()
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Length", strconv.Itoa(compressed.Len()))
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(compressed.Bytes())), 10))
	return compressed.Bytes()
}

// withoutChecksum compresses an answer and then changes it. The answer has no checksum, so only the form of the compressed bytes and their
// own checksum can show the damage.
func withoutChecksum(change func(compressed []byte) []byte) func(http.Header, []byte) []byte {
	return func(h http.Header, body []byte) []byte {
		changed := change(gzipped(h, body))
		h.Del("X-Amz-Crc32")
		h.Set("Content-Length", strconv.Itoa(len(changed)))
		return changed
	}
}

// inRegion is a plan of functions in eu-west-1 for a table in a region.
func inRegion(region string) run.Plan {
	return run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1, TableRegion: region}}
}

// AWS bills the bytes that leave a region. Within a region, decompression would only take time.
func TestAnswersOfOtherRegionsAreCompressed(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"": "identity", "eu-west-1": "identity", "us-east-1": "gzip"} {
		s := &wire{answers: []answer{
			{body: `{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}`},
			{body: `{"Count":0,"Items":[],"ScannedCount":0}`},
		}}
		cfg := configOf(t, s)
		plan := inRegion(region)
		client := awsclient.NewClients(cfg, cfg, cfg).Tables(plan)
		_, err := table.Describe(t.Context(), client, request.Table{Name: "orders"}, request.Scan{})
		if err = errors.Join(err, table.Ask(t.Context(), client, plan)); err != nil || !slices.Equal(s.accepts, []string{want, want}) {
			t.Errorf("region %q: accepts %q, want %q: %v", region, s.accepts, want, err)
		}
	}
}

func TestCompressedAnswersAreRead(t *testing.T) {
	t.Parallel()
	id := func(n int) string { return fmt.Sprintf(`{"id":{"S":"%d"}}`, n) }
	var ids []string
	for n := range 5_000 {
		ids = append(ids, id(n*7919))
	}
	whole := fmt.Sprintf(`{"Count":%d,"Items":[%s],"ScannedCount":%[1]d}`, len(ids), strings.Join(ids, ","))
	for name, test := range map[string]struct {
		spoil func(http.Header, []byte) []byte
		asks  int
	}{
		"compressed":                    {gzipped, 1},
		"not compressed although asked": {nil, 1},
		"without a checksum":            {withoutChecksum(func(b []byte) []byte { return b }), 1},
		"in two members":                {withoutChecksum(func(b []byte) []byte { return append(b, gzipped(http.Header{}, nil)...) }), 1},
		"the checksum of the text": {func(h http.Header, b []byte) []byte {
			sum := h.Get("X-Amz-Crc32")
			b = gzipped(h, b)
			h.Set("X-Amz-Crc32", sum)
			return b
		}, 2},
		"a byte that changed on the way":       {func(h http.Header, b []byte) []byte { b = gzipped(h, b); b[len(b)/2] ^= 1; return b }, 2},
		"a changed byte without a checksum":    {withoutChecksum(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), 2},
		"a wrong checksum in the trailer":      {withoutChecksum(func(b []byte) []byte { b[len(b)-8] ^= 1; return b }), 2},
		"a wrong length in the trailer":        {withoutChecksum(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), 2},
		"no trailer":                           {withoutChecksum(func(b []byte) []byte { return b[:len(b)-8] }), 2},
		"half":                                 {withoutChecksum(func(b []byte) []byte { return b[:len(b)/2] }), 2},
		"a part of the header":                 {withoutChecksum(func(b []byte) []byte { return b[:5] }), 2},
		"nothing":                              {withoutChecksum(func([]byte) []byte { return nil }), 2},
		"bytes after the end":                  {withoutChecksum(func(b []byte) []byte { return append(b, "0123456789"...) }), 2},
		"compressed according to the header":   {func(h http.Header, b []byte) []byte { h.Set("Content-Encoding", "gzip"); return b }, 2},
		"a body that ends before its length":   {func(h http.Header, b []byte) []byte { b = gzipped(h, b); return b[:len(b)/2] }, 2},
		"a part of the text, whole compressed": {func(h http.Header, b []byte) []byte { return gzipped(h, b[:len(b)/2]) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &wire{answers: []answer{{body: whole, spoil: test.spoil}, {body: whole, spoil: gzipped}}}
			cfg, plan := configOf(t, s), inRegion("us-east-1")
			reader, err := table.NewReader(awsclient.NewClients(cfg, cfg, cfg).Tables(plan), plan, 0)
			if err != nil {
				t.Fatal(err)
			}
			var p table.Page
			if err := errors.Join(reader.Next(t.Context(), nil, &p), p.Parse()); err != nil || p.Items.Len() != len(ids) || len(s.asked) != test.asks {
				t.Fatalf("asked %d times, got %d items, %v", len(s.asked), p.Items.Len(), err)
			}
			for n := range ids {
				if got := string(p.Items.Item(n)); got != ids[n] {
					t.Fatalf("item %d is %s", n, got)
				}
			}
			if p.Bytes != int64(len(whole)) {
				t.Errorf("the page has %d bytes", p.Bytes)
			}
		})
	}
}

// Descriptions and refusals can be compressed and damaged too.
func TestCompressedAnswersOfOtherCallsAreRead(t *testing.T) {
	t.Parallel()
	damaged := withoutChecksum(func(b []byte) []byte { b[len(b)-8] ^= 1; return b })
	s := &wire{answers: []answer{
		{body: `{"Table":{"TableName":"orders","TableStatus":"ACTIVE","TableSizeBytes":7}}`, spoil: damaged},
		{body: `{"Table":{"TableName":"orders","TableStatus":"ACTIVE","TableSizeBytes":7}}`, spoil: gzipped},
		{status: 400, body: `{"__type":"ResourceNotFoundException"}`, spoil: damaged},
		{status: 400, body: `{"__type":"ResourceNotFoundException"}`, spoil: gzipped},
	}}
	cfg := configOf(t, s)
	client := awsclient.NewClients(cfg, cfg, cfg).Tables(inRegion("us-east-1"))
	if got, err := table.Describe(t.Context(), client, request.Table{Name: "orders"}, request.Scan{}); err != nil || got.Bytes != 7 || len(s.asked) != 2 {
		t.Errorf("asked %d times, got %+v, %v", len(s.asked), got, err)
	}
	if _, err := table.Describe(t.Context(), client, request.Table{Name: "orders"}, request.Scan{}); failure.NameOf(err) != failure.TableNotFound || len(s.asked) != 4 {
		t.Errorf("asked %d times, got %v", len(s.asked), err)
	}
}
