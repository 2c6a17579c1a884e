package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// stored puts staged files into a bucket of the test.
type stored struct {
	t     *testing.T
	in    *bucket.Bucket
	files []manifest.File
}

func newStored(t *testing.T) *stored {
	t.Helper()
	return &stored{t: t, in: bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})}
}

func (s *stored) put(key string, items int64, body []byte) {
	s.t.Helper()
	etag, err := s.in.Put(s.t.Context(), key, body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.files = append(s.files, manifest.File{DataFileKey: key, ETag: etag, ItemCount: items})
}

func (s *stored) pages(parsed bool) *pages {
	p := &pages{ctx: s.t.Context(), bucket: s.in, files: s.files, parsed: parsed, size: pageBytes}
	s.t.Cleanup(p.end)
	return p
}

// read returns the items from a place on.
func (s *stored) read(p *pages, key json.RawMessage) (items []string, err error) {
	s.t.Helper()
	var page table.Page
	for {
		if err := p.Next(s.t.Context(), key, &page); err != nil {
			return items, err
		}
		for i := range page.Items.Len() {
			items = append(items, string(page.Items.Item(i)))
		}
		if page.Scanned != int64(page.Items.Len()) {
			s.t.Errorf("a page of %d items counts %d", page.Items.Len(), page.Scanned)
		}
		if key = page.LastEvaluatedKey; key == nil {
			return items, nil
		}
	}
}

func lines(items ...string) []byte {
	var b []byte
	for _, item := range items {
		b = fmt.Appendf(b, "{\"Item\":%s}\n", item)
	}
	return b
}

func compress(t *testing.T, with func(io.Writer) (io.WriteCloser, error), body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := with(&out)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func framed(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }

// some returns different items of a size.
func some(count, size int) []string {
	var items []string
	for i := range count {
		items = append(items, fmt.Sprintf(`{"n":{"N":"%d"},"s":{"S":"%s"}}`, i, strings.Repeat(string(rune('a'+i%26)), size)))
	}
	return items
}

// keys returns the keys of all pages after the first one.
func (s *stored) keys(p *pages) (keys []json.RawMessage) {
	s.t.Helper()
	var page table.Page
	for {
		if err := p.Next(s.t.Context(), append(keys, nil)[max(0, len(keys)-1)], &page); err != nil {
			s.t.Fatal(err)
		}
		if page.LastEvaluatedKey == nil {
			return keys
		}
		keys = append(keys, page.LastEvaluatedKey)
	}
}

// TestPages reads files of both compressions from their beginning, and again from every place where an invocation could have ended.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newStored(t)
	small, large, last := some(300, 10), some(7, 400<<10), some(20, 100)
	huge := some(1, 3*pageBytes)
	s.put("empty.json.gz", 0, compress(t, zipped, nil))
	s.put("two frames.json.zst", 300, append(compress(t, framed, lines(small[:100]...)), compress(t, framed, lines(small[100:]...))...))
	s.put("large.json.gz", 7, compress(t, zipped, lines(large...)))
	s.put("huge.json.zst", 1, compress(t, framed, lines(huge...)))
	s.put("empty.json.zst", 0, compress(t, framed, nil))
	s.put("no end of line.json.gz", 20, compress(t, zipped, bytes.TrimSuffix(lines(last...), []byte("\n"))))
	s.put("nothing.json.gz", 0, compress(t, zipped, nil))
	plain := [][]string{nil, small, large, huge, nil, last, nil}
	want := slices.Concat(plain...)
	for _, parsed := range []bool{false, true} {
		p := s.pages(parsed)
		if got, err := s.read(p, nil); err != nil || !slices.Equal(got, want) {
			t.Fatalf("parsed %t: got %d items and %v, want the %d of all files", parsed, len(got), err, len(want))
		}
		left := len(want)
		for file, f := range s.files {
			for item := range f.ItemCount {
				if file == 1 && item%37 > 0 { // some places are enough
					left--
					continue
				}
				at := place{File: file}
				at.pass(lines(plain[file][:item]...), item)
				got, err := s.read(p, run.Marshal(at))
				if err != nil || !slices.Equal(got, want[len(want)-left:]) {
					t.Fatalf("parsed %t: from item %d of %s: got %d items and %v, want %d", parsed, item, f.DataFileKey, len(got), err, left)
				}
				left--
			}
		}
	}
}

func TestPagesFail(t *testing.T) {
	t.Parallel()
	three := lines(some(3, 10)...)
	good, whole := compress(t, zipped, three), compress(t, framed, lines(some(3000, 1000)...))
	for _, test := range []struct {
		name, key string
		items     int64
		body      []byte
		change    bool // the object after the list was written
		key0      json.RawMessage
		want      failure.Name
		says      string
	}{
		{name: "fewer items", key: "a.json.gz", items: 4, body: good, want: failure.ListsInconsistent, says: "it has 3 items, and its manifest says 4"},
		{name: "another object", key: "a.json.gz", items: 3, body: good, change: true, want: failure.ListsInconsistent, says: "start a new execution"},
		{name: "no item", key: "a.json.gz", items: 4, body: compress(t, zipped, append(three, "{}\n"...)), want: failure.ListsInconsistent, says: "line 4 is not an item"},
		{name: "a place after the end", key: "a.json.gz", items: 3, body: good, key0: run.Marshal(place{Item: 4}), want: failure.ListsInconsistent, says: "a position that its files do not have"},
		{name: "a download that ends early", key: "a.json.zst", items: 3000, body: whole[:len(whole)-10], want: failure.EndpointUnreachable, says: "the download broke off"},
		{name: "a damaged frame", key: "a.json.zst", items: 3000, body: append(slices.Clone(whole[:len(whole)-1]), ^whole[len(whole)-1]), want: failure.EndpointUnreachable, says: "the download broke off"},
		{name: "a file without a checksum", key: "a.json", items: 3, body: three, want: failure.EndpointUnreachable, says: "invalid header"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStored(t)
			s.put(test.key, test.items, test.body)
			if test.change {
				if _, err := s.in.Put(t.Context(), test.key, compress(t, zipped, lines(some(3, 11)...))); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.read(s.pages(true), test.key0)
			if failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %s: … %s", err, test.want, test.says)
			}
		})
	}
}

// TestItemsAreParsedOnce holds that only the pass that learns looks into the items.
func TestItemsAreParsedOnce(t *testing.T) {
	t.Parallel()
	s := newStored(t)
	s.put("a.json.gz", 1, compress(t, zipped, lines(`{"a":{"S":"x"},"a":{"S":"y"}}`)))
	if _, err := s.read(s.pages(false), nil); failure.NameOf(err) != failure.ListsInconsistent || !strings.Contains(err.Error(), "line 1 is not") {
		t.Errorf("a pass that learns: got %v, want that line 1 is no item", err)
	}
	if _, err := s.read(s.pages(true), nil); err != nil {
		t.Errorf("a pass that converts: got %v", err)
	}
}
