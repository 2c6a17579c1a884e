package itemfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// longestLine is more than DynamoDB's largest item, 400 KB, needs in any form: {"NULL": true} takes seven times the size of its value.
const longestLine = 8 << 20

// lines calls yield with the items of a file. It returns false if reading must end.
func (s *Source) lines(ctx context.Context, f file, d *decoder, yield func(Line, error) bool) bool {
	fail := func(err error) bool {
		yield(Line{}, fmt.Errorf("%s: %w", f.name, err))
		return false
	}
	stored, err := os.Open(f.path)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = stored.Close() }()                        // it was only read
	counted := &counter{from: stored, source: s, sum: md5.New()} //nolint:gosec // see the import
	plain, closePlain, err := decompress(counted)
	if err != nil {
		return fail(err)
	}
	defer closePlain()
	items, number := int64(0), int64(0)
	text := bufio.NewScanner(plain)
	text.Buffer(make([]byte, 0, 64<<10), longestLine)
	for text.Scan() {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		number++
		line := text.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // some programs begin a file with this mark of UTF-8
			if err := refuseOthers(line); err != nil {
				return fail(err)
			}
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		items++
		item, err := d.decode(line)
		if err != nil {
			err = &LineError{f.name, number, err}
		}
		if !yield(Line{f.name, number, len(line), item}, err) {
			return false
		}
	}
	switch err := text.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fail(fmt.Errorf("line %d is longer than %d MiB, and an item has at most 400 KB: want one item per line", number+1, longestLine>>20))
	case err != nil:
		return fail(fmt.Errorf("after line %d: %w", number, err))
	}
	if err := f.check(counted, items); err != nil {
		return fail(err)
	}
	return true
}

// check compares a file that was read with the manifest.
func (f file) check(read *counter, items int64) error {
	if f.md5 != "" {
		if got := base64.StdEncoding.EncodeToString(read.sum.Sum(nil)); got != f.md5 {
			return fmt.Errorf("has MD5 %s, the manifest says %s: copy the folder again", got, f.md5)
		}
	}
	if f.items >= 0 && items != f.items {
		return fmt.Errorf("has %d items, the manifest says %d: copy the folder again", items, f.items)
	}
	return nil
}

// refuseOthers finds files that have no lines of items, by their first line.
func refuseOthers(line []byte) error {
	trimmed := bytes.TrimSpace(line)
	switch {
	case bytes.HasPrefix(line, []byte("\xff\xfe")), bytes.HasPrefix(line, []byte("\xfe\xff")):
		return errors.New("is UTF-16, as Windows PowerShell writes it: want UTF-8. In PowerShell, end the command with: | Out-File -Encoding utf8 FILE")
	case len(trimmed) == 0, bytes.HasPrefix(trimmed, []byte(ionMarker)):
		return nil
	case trimmed[0] == '[':
		return errors.New("is one JSON array: want one item per line. To make such lines: jq -c '.[]' FILE > items.jsonl")
	case bytes.Equal(trimmed, []byte("{")):
		return errors.New("has one JSON value on several lines: want one item per line. To make such lines: jq -c . FILE > items.jsonl. " +
			"For the output of aws dynamodb scan: jq -c '.Items[]' FILE > items.jsonl")
	case trimmed[0] != '{':
		return errors.New(`is not JSON: its first line does not begin with {. Want one item per line, such as {"id":"a-1","price":12.50}`)
	}
	return nil
}

// decompress returns the plain text of a file. The first bytes say how it is compressed, whatever its name is.
func decompress(stored io.Reader) (plain io.Reader, closePlain func(), err error) {
	buffered := bufio.NewReaderSize(stored, 64<<10)
	begin, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, err
		}
		return r, func() {}, nil
	case bytes.Equal(begin, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		r, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	return buffered, func() {}, nil
}

// counter counts the bytes that are read, and sums them.
type counter struct {
	from   io.Reader
	source *Source
	sum    hash.Hash
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.source.read.Add(int64(n))
	_, _ = c.sum.Write(p[:n]) // a hash never fails
	_, _ = c.source.digest.Write(p[:n])
	return n, err
}
