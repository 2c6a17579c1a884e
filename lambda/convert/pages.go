package convert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/lambda/table"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// pageBytes is about how many bytes of lines a page has, as many as a page of a scan.
const pageBytes = 1 << 20

// place is where a page begins: at an item of a file, both counted from 0. Its JSON is the key of a page.
type place struct {
	File int   `json:"file"`
	Item int64 `json:"item"`
	// Sum is the CRC-32 of all lines of the file before the item. The file's own checksum is at its end, so an invocation that ends in the middle of a
	// file has not seen it. The next invocation reads these lines again, compares the sum, and reads on to the checksum.
	Sum uint32 `json:"sum,omitempty"`
}

// pass moves the place behind lines.
func (p *place) pass(lines []byte, items int64) {
	p.Item += items
	p.Sum = crc32.Update(p.Sum, crc32.IEEETable, lines)
}

// pages reads staged files as pages. It is for one goroutine.
type pages struct {
	ctx    context.Context //nolint:containedctx // the life of a download, which is longer than that of a page
	bucket *bucket.Bucket
	files  []manifest.File
	// parsed says that the items of these very files, which have the same ETags, were parsed in the first pass.
	parsed bool
	size   int // of a page in bytes

	file *file // nil if none is open
	at   place // where the open file stands
	body []byte
}

// file is a staged file that is being read.
type file struct {
	plain io.Reader
	body  *watched
	ahead []byte             // read, but not part of a page yet: the beginning of a line
	stop  context.CancelFunc // of the download
	close func()
}

// Next implements scan.Pages.
func (p *pages) Next(ctx context.Context, key json.RawMessage, into *table.Page) error {
	var from place
	if len(key) > 0 {
		if err := json.Unmarshal(key, &from); err != nil || from.File < 0 || from.File >= len(p.files) ||
			from.Item < 0 || from.Item > p.files[from.File].ItemCount {
			return failure.Errorf(failure.ListsInconsistent, "the segment list before has a position that its files do not have; start a new execution")
		}
	}
	err := p.next(ctx, from, into)
	if err == nil {
		return nil
	}
	p.end()
	if from.File < len(p.files) {
		err = fmt.Errorf("read %s: %w", p.bucket.URI(p.files[from.File].DataFileKey), err)
	}
	return err
}

func (p *pages) next(ctx context.Context, from place, into *table.Page) error {
	into.Scanned, into.Bytes, into.ReadUnits, into.LastEvaluatedKey = 0, 0, 0, nil
	_ = into.Items.Lines(nil, true) // no items
	for ; into.Scanned == 0 && from.File < len(p.files); from = (place{File: from.File + 1}) {
		if p.file == nil || p.at != from {
			p.end()
			if err := p.open(from.File); err != nil {
				return err
			}
		}
		stop := context.AfterFunc(ctx, p.file.stop)
		ended, err := p.read(from, into)
		if !stop() && err != nil {
			err = errors.Join(ctx.Err(), err)
		}
		if err != nil {
			return err
		}
		if !ended {
			into.LastEvaluatedKey, _ = json.Marshal(p.at) // it has three numbers
			break
		}
		if want := p.files[from.File].ItemCount; p.at.Item != want {
			return failure.Errorf(failure.ListsInconsistent, "it has %d items, and its manifest says %d. Another program may have changed one of them; start a new execution",
				p.at.Item, want)
		}
		p.end()
		if from.File+1 < len(p.files) && into.Scanned > 0 {
			into.LastEvaluatedKey, _ = json.Marshal(place{File: from.File + 1})
		}
	}
	return nil
}

// open begins to read a file.
func (p *pages) open(number int) error {
	of := p.files[number]
	ctx, stop := context.WithCancel(p.ctx)
	download, err := p.bucket.Open(ctx, of.DataFileKey, of.ETag)
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrChanged) {
		err = failure.Errorf(failure.ListsInconsistent, "%w. Another program has changed or removed it; start a new execution", err)
	}
	if err != nil {
		stop()
		return err
	}
	body := &watched{ReadCloser: download}
	plain, closePlain, err := decompress(of.DataFileKey, body)
	if err != nil {
		stop()
		_ = body.Close() // the error is known
		return transient(err)
	}
	p.at = place{File: number}
	p.file = &file{plain: plain, body: body, stop: stop, close: func() {
		closePlain()
		stop()
		_ = body.Close() // the file was read, or the cause is known
	}}
	return nil
}

// end closes the file that is open.
func (p *pages) end() {
	if p.file != nil {
		p.file.close()
		p.file = nil
	}
}

// decompress reads a file by the extension of its key.
func decompress(key string, from io.Reader) (plain io.Reader, closeIt func(), err error) {
	switch {
	case strings.HasSuffix(key, ".zst"):
		reader, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return reader, reader.Close, nil
	default:
		reader, err := gzip.NewReader(from)
		return reader, func() {}, err
	}
}

// read makes the next page of the file. It leaves out the items before first. After the last item, ended is true.
func (p *pages) read(first place, into *table.Page) (ended bool, err error) {
	for into.Scanned == 0 && !ended {
		if ended, err = p.fill(); err != nil {
			return false, p.broken(err)
		}
		lines, skipped := p.body, int64(0)
		for ; p.at.Item+skipped < first.Item && len(lines) > 0; skipped++ {
			lines = lines[bytes.IndexByte(lines, '\n')+1:]
		}
		p.at.pass(p.body[:len(p.body)-len(lines)], skipped)
		if p.at.Item == first.Item && p.at.Sum != first.Sum {
			return false, p.certain(failure.Errorf(failure.ListsInconsistent,
				"an earlier invocation has converted the first %d items of this file, and its download was damaged. The file itself is whole; start a new execution", first.Item))
		}
		spare, err := into.SetLines(lines, p.parsed)
		if malformed, ok := errors.AsType[*ddbjson.MalformedError](err); ok {
			line := p.at.Item + 1 + int64(bytes.Count(lines[:malformed.Offset], []byte("\n")))
			return false, p.certain(failure.Errorf(failure.ListsInconsistent, "line %d is not an item of an export in DynamoDB JSON: %w; start a new execution", line, err))
		}
		p.body = spare
		into.Scanned, into.Bytes = int64(into.Items.Len()), int64(len(lines))
		p.at.pass(lines, into.Scanned)
	}
	return ended, nil
}

// certain returns err if the rest of the file leads to a correct checksum: then this download has the bytes of the file. Otherwise this download is
// damaged, or breaks off, and certain returns that error. A retry can help.
func (p *pages) certain(err error) error {
	if _, fault := io.Copy(io.Discard, p.file.plain); fault != nil {
		return p.broken(fault)
	}
	return err
}

// broken returns the error of a download that could not be read.
func (p *pages) broken(err error) error {
	if p.file.body.err == nil { // all bytes have come, and they do not fit their checksum or their format
		err = fmt.Errorf("%w: %w", scan.ErrDamaged, err)
	}
	return transient(err)
}

// fill reads whole lines into the body, as many as a page has. After the last one, ended is true.
func (p *pages) fill() (ended bool, err error) {
	body, end := p.body[:0], 0
	body = append(body, p.file.ahead...)
	for size := p.size; end == 0 && !ended; size = len(body) + p.size/2 {
		body = slices.Grow(body, max(0, size-len(body)))
		for n := 0; len(body) < size && err == nil; body = body[:len(body)+n] {
			n, err = p.file.plain.Read(body[len(body):size])
		}
		if ended = errors.Is(err, io.EOF); err != nil && !ended {
			return false, err
		}
		end = bytes.LastIndexByte(body, '\n') + 1
		if ended && end < len(body) { // the last line has no end
			body = append(body, '\n')
			end = len(body)
		}
	}
	p.body, p.file.ahead = body[:end], append(p.file.ahead[:0], body[end:]...)
	return ended, nil
}

// watched is a download that keeps its error. Other errors of a reader say that the bytes are wrong.
type watched struct {
	io.ReadCloser
	err error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (n int, err error) {
	if n, err = w.ReadCloser.Read(p); err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// transient returns an error of a download. A retry can help.
func transient(err error) error {
	return failure.Errorf(failure.EndpointUnreachable, "the download broke off: %w", err)
}
