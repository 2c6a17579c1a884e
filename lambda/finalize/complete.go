package finalize

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// mostUploads is how many uploads one invocation completes. If S3 takes a tenth of a second for each, this takes half a minute.
const mostUploads = 10_000

// partsOfUpload times mostUploads is how many parts the completed uploads may have. They are in memory: 200,000 take some 20 MB.
const partsOfUpload = 20

// room is the room for open uploads in an invocation. All spans share it.
type room struct {
	mu             sync.Mutex
	uploads, parts int // that still fit
	closed         bool
}

func newRoom(uploads int) *room { return &room{uploads: uploads, parts: uploads * partsOfUpload} }

// take takes the room for one upload. If it does not fit, the room is closed. The first upload always fits, however many parts it has.
func (r *room) take(parts int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.uploads == 0 || r.parts <= 0 {
		r.closed = true
		return false
	}
	r.uploads, r.parts = r.uploads-1, r.parts-parts
	return true
}

func (r *room) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
}

// full reports whether the room is closed, so that the invocation cannot complete everything.
func (r *room) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// completeUploads completes the open uploads of the pieces. It begins no more after the moment last, unless that is zero, and returns how many
// are completed and how many are left. What can never be completed becomes a fault. Outside of a batch, it then stops. It waits for every
// answer, because S3 may carry out a request that was cancelled.
func (c *scanCommit) completeUploads(ctx context.Context, last time.Time) (did, left int, err error) {
	var completing errgroup.Group
	completing.SetLimit(inParallel)
	var stop atomic.Bool
	for _, p := range c.pieces {
		if p.open == nil || stop.Load() || !last.IsZero() && time.Now().After(last) {
			continue
		}
		completing.Go(func() error {
			p.etag, p.err = complete(ctx, c.bucket, *p.open)
			if p.lost() && c.inBatch {
				return nil
			}
			if p.err != nil {
				stop.Store(true)
			}
			if p.lost() {
				return nil
			}
			return p.err
		})
	}
	err = completing.Wait()
	for _, p := range c.pieces {
		switch {
		case p.open == nil:
		case p.etag != "":
			did++
		case errors.Is(p.err, errGone):
			c.gone.add(p.open.Key)
		case p.lost():
			c.there++ // perhaps
			c.faults.add(p.err.Error())
		default:
			left++
		}
	}
	c.there += did
	return did, left, err
}

// lost reports whether the upload can never be completed as listed.
func (p *piece) lost() bool {
	return errors.Is(p.err, errGone) || errors.Is(p.err, errDiffers) || errors.Is(p.err, bucket.ErrOtherParts)
}

// complete completes the upload of an object and returns the object's ETag. If the upload is no longer open, an earlier try may have
// completed it, and its answer may have been lost: then the object must be there as listed. It fails with errGone, errDiffers or ErrOtherParts
// if the object can never be completed as listed.
func complete(ctx context.Context, in *bucket.Bucket, o run.Object) (etag string, err error) {
	etag, err = in.Complete(ctx, bucket.Upload{Key: o.Key, ID: o.UploadID}, o.Parts, o.Bytes)
	if errors.Is(err, bucket.ErrNoUpload) || err == nil && etag != o.ETag() {
		return completed(ctx, in, o)
	}
	return etag, err
}

// writeHeld writes the lines of the pieces to the manifest, with the objects that are now completed.
func (c *scanCommit) writeHeld(ctx context.Context) error {
	for _, p := range c.pieces {
		if p.open != nil {
			if err := manifest.EncodeFile(&p.lines, *p.open, p.etag); err != nil {
				return err
			}
		}
		if err := c.files.write(ctx, p.lines.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
