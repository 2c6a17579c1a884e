// Package sink writes the records of one segment as a row of objects: compressed, closed at a size as stored, and streamed to
// S3 while they grow. It holds a bounded number of parts in memory, whatever the size of an object, and uses no disk.
//
// It imports bucket and job. A Writer has one producer; the parts upload in the background.
package sink

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum that the layout of native exports has
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync/atomic"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

const (
	// partSize is how much of an object is gathered before it is sent, in bytes. More is fewer requests, less is less memory;
	// with it the largest object has 640 of the 10,000 parts that S3 allows.
	partSize = 8 << 20
	// inFlight is how many parts upload at once, besides the one that is filled.
	inFlight = 2
)

// The compiler holds both against S3's limits: a part is no smaller, and the largest object takes no more of them, one to spare.
const (
	_ = uint(partSize - bucket.MinPart)
	_ = uint(bucket.MaxParts - request.MaxFileSize/partSize - 1)
)

// Config says where and how a Writer writes.
type Config struct {
	Bucket      *bucket.Bucket
	Layout      run.Layout
	Segment     int
	FirstPart   int    // the number of the first object
	Try         string // whose objects they are
	Compression request.Compression
	Extension   string // of the objects' keys
	// FileSize closes an object at the first item that brings it to so many bytes as stored.
	FileSize int64
}

// Writer writes the objects of one invocation. Its methods are for one goroutine, but for TimeToClose.
type Writer struct {
	config     Config
	compressor compressor
	uploads    *errgroup.Group
	ctx        context.Context //nolint:containedctx // the life of the uploads, which is the Writer's own
	slots      chan struct{}   // one for each part in flight
	buffers    chan *[]byte    // those that are free: one for each part in flight, and the one that is filled
	speed      speed
	filling    atomic.Int64 // bytes of the part that is filled

	object  *object // nil between two objects
	next    int     // the number of the next object
	started []*object
}

// New returns a Writer whose uploads end with ctx.
func New(ctx context.Context, config Config) (*Writer, error) {
	w := &Writer{config: config, slots: make(chan struct{}, inFlight), buffers: make(chan *[]byte, inFlight+1), next: config.FirstPart}
	w.uploads, w.ctx = errgroup.WithContext(ctx)
	for range cap(w.buffers) {
		w.buffers <- new([]byte)
	}
	var err error
	w.compressor, err = newCompressor(config.Compression)
	return w, err
}

// object is one data object that is being written.
type object struct {
	key    string
	items  int64 // records
	raw    int64 // bytes given to the compressor
	stored int64 // bytes that came out of it
	// flushedRaw and flushedStored are both of these as they were when the compressor last flushed.
	flushedRaw, flushedStored int64
	sum                       hash.Hash
	part                      *[]byte // what came out and is not handed over yet
	parts                     int     // how many were handed over
	upload                    multipart
	etag                      string
}

// WriteItem adds the records of one item, of which there are count; none open no object. After it the object is closed if it has
// reached its size. It fails with whatever failed in the uploads, or with TooManyParts.
func (w *Writer) WriteItem(records []byte, count int) error {
	if count == 0 {
		return nil
	}
	if w.object == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	o := w.object
	if _, err := w.compressor.Write(records); err != nil {
		return w.cause(err)
	}
	o.raw += int64(len(records))
	o.items += int64(count)
	w.filling.Store(int64(len(*o.part)))
	if !w.mayBeFull(o) {
		return nil
	}
	// What the compressor holds back decides: let it out, and look again.
	if err := w.compressor.Flush(); err != nil {
		return w.cause(err)
	}
	o.flushedRaw, o.flushedStored = o.raw, o.stored
	if o.stored < w.config.FileSize {
		return nil
	}
	return w.closeObject()
}

// mayBeFull tells whether the object would have reached its size if the compressor held nothing back. Until it has flushed
// once, nothing is known but that compressing adds nothing; from then on what it holds is taken to shrink as all before it
// did. The guess is early rather than late, and each look brings it nearer: an object takes a handful of looks.
func (w *Writer) mayBeFull(o *object) bool {
	if o.flushedRaw == 0 {
		return o.raw >= w.config.FileSize
	}
	held := float64(o.raw-o.flushedRaw) * float64(o.flushedStored) / float64(o.flushedRaw)
	return max(o.stored, o.flushedStored+int64(held)) >= w.config.FileSize
}

func (w *Writer) open() error {
	if w.next >= run.MaxParts {
		return failure.Errorf(failure.TooManyParts, "segment %d has %d objects, the most that its keys can number: raise fileSizeBytes or segments",
			w.config.Segment, w.next)
	}
	key := w.config.Layout.Data(w.config.Segment, w.next, w.config.Try, w.config.Extension)
	w.object = &object{key: key, sum: md5.New(), part: w.buffer()} //nolint:gosec // see the import
	w.next++
	w.started = append(w.started, w.object)
	w.compressor.Reset(output{w})
	return nil
}

// output takes what comes out of the compressor.
type output struct{ w *Writer }

func (o output) Write(p []byte) (int, error) {
	object, written := o.w.object, len(p)
	_, _ = object.sum.Write(p) // a hash never fails
	object.stored += int64(len(p))
	for len(p) > 0 {
		n := min(len(p), partSize-len(*object.part))
		*object.part = append(*object.part, p[:n]...)
		p = p[n:]
		if len(*object.part) == partSize {
			if err := o.w.sendPart(object); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

// sendPart hands the full part to the uploads, waiting for a free place among them.
func (w *Writer) sendPart(o *object) error {
	if err := w.acquire(); err != nil {
		return err
	}
	o.parts++
	number, body := o.parts, o.part
	o.part = w.buffer()
	o.upload.pending.Add(1)
	w.speed.add(len(*body))
	w.uploads.Go(func() error {
		defer func() { <-w.slots }()
		defer o.upload.pending.Done()
		defer w.release(body)
		return w.speed.measure(len(*body), func() error { return o.upload.put(w.ctx, w.config.Bucket, o.key, number, *body) })
	})
	return nil
}

// closeObject ends the object and hands its last bytes to the uploads: as one object if they are all, else as the last part.
func (w *Writer) closeObject() error {
	o := w.object
	if err := w.compressor.Close(); err != nil {
		return w.cause(err)
	}
	if err := w.acquire(); err != nil {
		return err
	}
	w.object = nil
	w.filling.Store(0)
	body := o.part
	w.speed.add(len(*body))
	w.uploads.Go(func() error {
		defer func() { <-w.slots }()
		defer w.release(body)
		return w.speed.measure(len(*body), func() (err error) {
			if o.parts == 0 {
				o.etag, err = w.config.Bucket.Put(w.ctx, o.key, *body)
				return err
			}
			o.etag, err = o.upload.finish(w.ctx, w.config.Bucket, o.key, o.parts+1, *body)
			return err
		})
	})
	return nil
}

// acquire waits for a free place among the uploads. Once these have ended there is none, even where a place is free: select
// would choose either.
func (w *Writer) acquire() error {
	if err := w.ctx.Err(); err != nil {
		return w.cause(err)
	}
	select {
	case w.slots <- struct{}{}:
		return nil
	case <-w.ctx.Done():
		return w.cause(w.ctx.Err())
	}
}

// buffer returns a free buffer. There is one: there are as many as parts in flight, and one for the part that is filled. It has
// room for a whole part, or for an object that is smaller.
func (w *Writer) buffer() *[]byte {
	buffer := <-w.buffers
	if *buffer == nil {
		*buffer = make([]byte, 0, min(partSize, w.config.FileSize+w.config.FileSize/8+4<<10))
	}
	return buffer
}

func (w *Writer) release(buffer *[]byte) {
	*buffer = (*buffer)[:0]
	w.buffers <- buffer
}

// cause returns what made the uploads fail, if they have: err is then only its echo.
func (w *Writer) cause(err error) error {
	if w.ctx.Err() == nil {
		return err
	}
	if failed := w.uploads.Wait(); failed != nil {
		return failed
	}
	return err
}

// Close ends the object under way, waits until everything is completely in S3, and returns the objects in the order of their
// numbers. The Writer is done for afterwards.
func (w *Writer) Close() ([]run.Object, error) {
	if w.object != nil {
		if err := w.closeObject(); err != nil {
			return nil, err
		}
	}
	if err := w.uploads.Wait(); err != nil {
		return nil, err
	}
	objects := make([]run.Object, len(w.started))
	for i, o := range w.started {
		objects[i] = run.Object{
			Key: o.key, Items: o.items, Bytes: o.stored, ETag: o.etag,
			MD5: base64.StdEncoding.EncodeToString(o.sum.Sum(nil)),
		}
	}
	return objects, nil
}

// Abort waits for the uploads under way, whose context must have ended, and gives unfinished ones up in S3 within ctx. What
// stays behind all the same is swept by the run's end.
func (w *Writer) Abort(ctx context.Context) error {
	_ = w.uploads.Wait() // its error is known: it is why the Writer is given up
	var faults []string
	for _, o := range slices.Backward(w.started) {
		if err := o.upload.abort(ctx); err != nil {
			faults = append(faults, err.Error())
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("give up unfinished uploads: %s", strings.Join(faults, "; "))
	}
	return nil
}

// NextPart is the number that the object after the last one takes.
func (w *Writer) NextPart() int { return w.next }
