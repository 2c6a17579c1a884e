package convert

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
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
}

// pages reads staged files as pages. It is for one goroutine.
type pages struct {
	ctx    context.Context //nolint:containedctx // the life of a download, which is longer than that of a page
	bucket *bucket.Bucket
	files  []manifest.File

	file *file // nil if none is open
	at   place // where the open file stands
	body []byte
}

// file is a staged file that is being read.
type file struct {
	lines *bufio.Reader
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

func (p *pages) next(ctx context.Context, from place, into *table.Page) (err error) {
	into.Scanned, into.ReadUnits, into.LastEvaluatedKey = 0, 0, nil
	p.body = append(p.body[:0], `{"Items":[`...)
	for ; into.Scanned == 0 && from.File < len(p.files); from = (place{File: from.File + 1}) {
		if err := p.seek(ctx, from); err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, p.file.stop)
		ended, err := p.read(into)
		if !stop() && err != nil {
			err = errors.Join(ctx.Err(), err)
		}
		if err != nil {
			return err
		}
		if !ended {
			into.LastEvaluatedKey, _ = json.Marshal(p.at) // it has two numbers
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
	into.Bytes = int64(len(p.body))
	if p.body, err = into.Hold(append(bytes.TrimSuffix(p.body, []byte(",")), "]}"...)); err != nil {
		return failure.Errorf(failure.ListsInconsistent, "it is not DynamoDB JSON: %w", err)
	}
	return nil
}

// seek opens the file, and skips the items before the place, unless the reader stands there.
func (p *pages) seek(ctx context.Context, to place) error {
	if p.file != nil && p.at == to {
		return nil
	}
	p.end()
	if err := p.open(to.File); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, p.file.stop)
	defer stop()
	for ; p.at.Item < to.Item; p.at.Item++ {
		for more := true; more; {
			_, err := p.file.lines.ReadSlice('\n')
			if more = errors.Is(err, bufio.ErrBufferFull); err != nil && !more {
				return transient(err)
			}
		}
	}
	return nil
}

// open begins to read a file.
func (p *pages) open(number int) error {
	of := p.files[number]
	ctx, stop := context.WithCancel(p.ctx)
	body, err := p.bucket.Open(ctx, of.DataFileKey, of.ETag)
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrChanged) {
		err = failure.Errorf(failure.ListsInconsistent, "%w. Another program has changed or removed it; start a new execution", err)
	}
	if err != nil {
		stop()
		return err
	}
	plain, closePlain, err := decompress(of.DataFileKey, body)
	if err != nil {
		stop()
		_ = body.Close() // the error is known
		return transient(err)
	}
	p.at = place{File: number}
	p.file = &file{lines: bufio.NewReaderSize(plain, 64<<10), stop: stop, close: func() {
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
	case strings.HasSuffix(key, ".gz"):
		reader, err := gzip.NewReader(from)
		return reader, func() {}, err
	default:
		return from, func() {}, nil
	}
}

const before, after = `{"Item":`, "}\n"

// read adds lines to the body until the page is full or the file ends. It blanks what is around the items, so that the lines become an answer
// to Scan without a copy.
func (p *pages) read(into *table.Page) (ended bool, err error) {
	for len(p.body) < pageBytes {
		start := len(p.body)
		for more := true; more; {
			var some []byte
			some, err = p.file.lines.ReadSlice('\n')
			p.body = append(p.body, some...)
			more = errors.Is(err, bufio.ErrBufferFull)
		}
		if errors.Is(err, io.EOF) && len(p.body) == start {
			return true, nil
		}
		if errors.Is(err, io.EOF) { // the last line has no end
			p.body, err = append(p.body, '\n'), nil
		}
		if err != nil {
			return false, transient(err)
		}
		line := p.body[start:]
		if !bytes.HasPrefix(line, []byte(before)) || !bytes.HasSuffix(line, []byte(after)) {
			return false, failure.Errorf(failure.ListsInconsistent, "line %d is not an item of an export; start a new execution", p.at.Item+1)
		}
		copy(line, blanks)
		line[len(line)-2], line[len(line)-1] = ' ', ','
		p.at.Item++
		into.Scanned++
	}
	return false, nil
}

const blanks = "        " // as many as before

// transient returns an error of a download. A retry can help.
func transient(err error) error {
	return failure.Errorf(failure.EndpointUnreachable, "the download broke off: %w", err)
}
