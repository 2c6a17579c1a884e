// Package sink writes the records of one segment as a series of objects. It compresses them, closes an object at a given stored
// size, and uploads its parts to S3 while it grows. It completes no upload: nobody sees the objects before finalize does that. Memory
// holds a bounded number of parts for any object size, and no disk is used.
//
// It may import failure, request, run and bucket. A Writer has one producer; parts upload in the background.
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
	// partSize is the size of a part in bytes. Larger parts need fewer requests, smaller ones less memory. The largest object has
	// 640 parts; S3 allows 10,000.
	partSize = 8 << 20
	// inFlight is how many parts upload at the same time, besides the part that is being filled.
	inFlight = 2
)

// The compiler checks both against S3's limits: parts are not too small, and the largest object has fewer parts than the limit.
const (
	_ = uint(partSize - bucket.MinPart)
	_ = uint(bucket.MaxParts - request.MaxFileSize/partSize - 1)
)

// Config configures a Writer.
type Config struct {
	Bucket      *bucket.Bucket
	Layout      run.Layout
	Segment     int
	FirstPart   int    // the number of the first object
	Try         string // the name of the invocation's try
	Compression request.Compression
	Compressor  Compressor // in place of Compression; nil for the usual one
	Extension   string     // of the keys
	// FileSize is the stored size in bytes at which an object is closed, after a whole item.
	FileSize int64
}

// Writer writes the objects of one invocation. Its methods are for one goroutine, except TimeToClose.
type Writer struct {
	config     Config
	compressor Compressor
	uploads    *errgroup.Group
	ctx        context.Context //nolint:containedctx // the life of the uploads, which is the Writer's own
	slots      chan struct{}   // one for each part in flight
	buffers    chan *[]byte    // free ones; there is one for each part in flight, and one for the part that is being filled
	speed      speed
	filling    atomic.Int64 // bytes in the part that is being filled

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
	if w.compressor = config.Compressor; w.compressor != nil {
		return w, nil
	}
	var err error
	w.compressor, err = NewCompressor(config.Compression)
	return w, err
}

// object is a data object that is being written.
type object struct {
	key    string
	items  int64 // records
	raw    int64 // bytes given to the compressor
	stored int64 // bytes that came out of it
	// flushedRaw and flushedStored are raw and stored at the last flush of the compressor.
	flushedRaw, flushedStored int64
	// sum is the MD5 of the stored bytes, which must be hashed in their order. They are hashed when they come out of the compressor and are
	// still in the processor's cache. In a goroutine of the uploads, hashing took up to 6 % more CPU time with compression NONE. A second core
	// would not help: a function that has one waits for DynamoDB.
	sum    hash.Hash
	part   *[]byte // compressed bytes that are not handed over yet
	parts  int     // parts that were handed over
	upload *multipart
}

// WriteItem adds the count records of one item. An item without records opens no object. If the object has reached its size,
// WriteItem closes it. It fails with the error of an upload, or with TooManyParts.
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
	w.filling.Store(int64(len(*o.part)) + w.buffered())
	if !w.mayBeFull(o) {
		return nil
	}
	// The bytes inside the compressor decide: flush it and look again.
	if err := w.compressor.Flush(); err != nil {
		return w.cause(err)
	}
	o.flushedRaw, o.flushedStored = o.raw, o.stored
	if o.stored < w.config.FileSize {
		return nil
	}
	return w.closeObject()
}

// buffered returns how many bytes the compressor holds, if it says so.
func (w *Writer) buffered() int64 {
	if c, ok := w.compressor.(interface{ Buffered() int64 }); ok {
		return c.Buffered()
	}
	return 0
}

// mayBeFull reports whether the object may have reached its size, with the bytes that are still inside the compressor. Before the
// first flush it assumes that compressing adds nothing. After that it assumes that these bytes shrink like all bytes before. The
// guess comes early rather than late, and each flush makes it better: an object needs a handful of flushes.
func (w *Writer) mayBeFull(o *object) bool {
	if o.flushedRaw == 0 {
		return o.raw >= w.config.FileSize
	}
	held := float64(o.raw-o.flushedRaw) * float64(o.flushedStored) / float64(o.flushedRaw)
	return max(o.stored, o.flushedStored+int64(held)) >= w.config.FileSize
}

func (w *Writer) open() error {
	if w.next >= run.MaxParts {
		return failure.Errorf(failure.TooManyParts, "segment %d has %d objects, and its keys cannot number more: raise fileSizeBytes or segments",
			w.config.Segment, w.next)
	}
	key := w.config.Layout.Data(w.config.Segment, w.next, w.config.Try, w.config.Extension)
	w.object = &object{key: key, sum: md5.New(), part: w.buffer(), upload: newMultipart()} //nolint:gosec // see the import
	w.next++
	w.started = append(w.started, w.object)
	w.compressor.Reset(output{w})
	return nil
}

// output receives the compressor's output.
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

// sendPart hands the full part to the uploads. It waits for a free place among them.
func (w *Writer) sendPart(o *object) error {
	if err := w.upload(o); err != nil {
		return err
	}
	o.part = w.buffer()
	return nil
}

// closeObject ends the object and hands its last bytes to the uploads.
func (w *Writer) closeObject() error {
	o := w.object
	if err := w.compressor.Close(); err != nil {
		return w.cause(err)
	}
	w.object = nil
	w.filling.Store(0)
	if len(*o.part) == 0 && o.parts > 0 {
		w.release(o.part)
		return nil
	}
	return w.upload(o)
}

// upload hands the bytes of a part to the uploads. It waits for a free place among them.
func (w *Writer) upload(o *object) error {
	if err := w.acquire(); err != nil {
		return err
	}
	o.parts++
	number, body := o.parts, o.part
	w.speed.add(len(*body))
	w.uploads.Go(func() error {
		defer func() { <-w.slots }()
		defer w.release(body)
		return w.speed.measure(len(*body), func() error { return o.upload.put(w.ctx, w.config.Bucket, o.key, number, *body) })
	})
	return nil
}

// acquire waits for a free place among the uploads. It checks first whether they have ended: select may choose a free place even
// then.
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

// buffer returns a free buffer. There always is one: one for each part in flight, and one for the part that is being filled. It has
// room for a whole part or for a smaller object.
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

// cause returns the error that ended the uploads, if they have ended: err only follows from it.
func (w *Writer) cause(err error) error {
	if w.ctx.Err() == nil {
		return err
	}
	if failed := w.uploads.Wait(); failed != nil {
		return failed
	}
	return err
}

// Close ends the open object, waits until all parts are in S3, and returns the objects in the order of their numbers. Their uploads stay
// open. The Writer cannot be used afterwards.
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
			Key: o.key, Items: o.items, Bytes: o.stored, MD5: base64.StdEncoding.EncodeToString(o.sum.Sum(nil)),
			UploadID: o.upload.upload.ID, Parts: o.upload.list(),
		}
	}
	return objects, nil
}

// Abort waits for the uploads of parts, whose context must have ended, and aborts the uploads of the objects within ctx. If some stay
// behind, the end of the run sweeps them. Nothing may name the objects.
func (w *Writer) Abort(ctx context.Context) error {
	_ = w.uploads.Wait() // its error is why the caller aborts
	var faults []string
	for _, o := range slices.Backward(w.started) {
		if o.upload.upload.ID == "" {
			continue
		}
		if err := w.config.Bucket.Abort(ctx, o.upload.upload); err != nil {
			faults = append(faults, err.Error())
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("abort unfinished uploads: %s", strings.Join(faults, "; "))
	}
	return nil
}

// NextPart returns the number of the object after the last one.
func (w *Writer) NextPart() int { return w.next }
