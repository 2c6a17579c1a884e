package finalize

import (
	"bytes"
	"context"
	"iter"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
)

// The check reads spans of segments at the same time: it mostly waits for listings, and S3 gives 1,000 keys for each call.
const (
	spansAtOnce  = 16
	mostSpans    = 64
	leastOfSpan  = 8        // segments, so that a small run needs few listings
	listsAhead   = 8        // of each span
	mostHeldText = 64 << 20 // bytes of manifest lines that wait for an upload before them: about 380,000 objects
)

// span is the check of consecutive segments.
type span struct {
	*scanCommit
	found
	segments []int
	from, to edge
	stored   *ordered[bucket.Entry]
	uploads  *ordered[bucket.Upload]
}

// edge is the beginning of the names of a segment's lists and objects. "" is the edge of the whole folder.
type edge string

// in returns the key of the edge in a folder.
func (e edge) in(folder string) string {
	if e == "" {
		return ""
	}
	return folder + string(e)
}

func (c *scanCommit) edgeOf(segment int) edge {
	return edge(strings.TrimPrefix(c.layout.DataOf(segment), c.layout.DataPrefix()))
}

// found is what the check of some segments has found.
type found struct {
	totals       run.Totals
	work         run.WorkTotals
	written      manifest.Written
	faults, gone faults // gone has keys
	oldest       time.Time
	rest         map[string]int64 // by attribute: items that have it in the column _rest
	there        int              // objects of the run in the bucket
	open         []openSegment
	pieces       []*piece
	// What no chain names, of the run's own.
	strayLists, strayObjects []string
	strayUploads             []bucket.Upload
}

// openSegment counts the open uploads of a segment, and their parts.
type openSegment struct{ segment, objects, parts int }

// piece is a piece of the manifest: lines, and then an object whose upload was open.
type piece struct {
	lines bytes.Buffer
	open  *run.Object // nil for none
	etag  string      // of the completed object
	err   error       // why it is not completed
}

// last returns the piece that can still grow.
func (f *found) last() *piece {
	if n := len(f.pieces); n == 0 || f.pieces[n-1].open != nil {
		f.pieces = append(f.pieces, &piece{})
	}
	return f.pieces[len(f.pieces)-1]
}

// check compares all lists with the bucket.
func (c *scanCommit) check(ctx context.Context) error {
	for s, err := range inOrder(ctx, spansAtOnce-1, c.spans(), c.checkSpan) {
		if err != nil {
			return err
		}
		if err := c.add(ctx, s.found); err != nil {
			return err
		}
	}
	return nil
}

// spans yields the spans that divide the run. Their edges meet, so that the listings have each key of the folders once.
func (c *scanCommit) spans() iter.Seq2[*span, error] {
	segments := c.plan.Scan.Segments()
	n := min(max(len(segments)/leastOfSpan, 1), mostSpans)
	return func(yield func(*span, error) bool) {
		for i := range n {
			at, next := i*len(segments)/n, (i+1)*len(segments)/n
			s := &span{scanCommit: c, segments: segments[at:next]}
			if i > 0 {
				s.from = c.edgeOf(segments[at])
			}
			if i < n-1 {
				s.to = c.edgeOf(segments[next])
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// checkSpan compares the lists of a span with the bucket.
func (c *scanCommit) checkSpan(ctx context.Context, s *span) (*span, error) {
	s.uploads = newOrdered(s.openUploads(ctx), uploadKey, s.strayUpload)
	s.stored = newOrdered(s.entriesIn(ctx, c.layout.DataPrefix()), entryKey, s.strayObject)
	defer s.uploads.stop()
	defer s.stored.stop()
	return s, s.merge(ctx)
}

// strayObject takes an object that no list names: it is left over from a try of the run, or somebody else's.
func (s *span) strayObject(entry bucket.Entry) {
	if s.own.Data(entry.Key) {
		s.strayObjects = append(s.strayObjects, entry.Key)
	} else {
		s.written.Foreign.Add(entry.Key)
	}
}

// strayUpload takes an open upload that no list names.
func (s *span) strayUpload(upload bucket.Upload) {
	if s.own.Data(upload.Key) || upload.Key == s.layout.ManifestFiles() {
		s.strayUploads = append(s.strayUploads, upload)
	} else {
		s.written.Foreign.Add(upload.Key)
	}
}

// take takes an object that a list names. Objects come in the order of their keys.
func (s *span) take(segment int, o *sighting) error {
	s.written.Objects++
	s.written.Records += o.Items
	s.totals.Bytes += o.Bytes
	if o.there {
		s.there++
	}
	switch {
	case o.gone:
		s.gone.add(o.Key)
	case o.fault != "":
		s.faults.add(o.fault)
	case o.etag != "":
		if o.open { // the object is there, so nothing will complete the upload
			s.strayUploads = append(s.strayUploads, bucket.Upload{Key: o.Key, ID: o.UploadID})
		}
		if !s.inBatch && !s.room.full() {
			return manifest.EncodeFile(&s.last().lines, o.Object, o.etag)
		}
	case o.open:
		s.wait(segment, &o.Object)
	}
	return nil
}

// wait adds an object whose upload is open, if there is still room for it.
func (s *span) wait(segment int, o *run.Object) {
	if n := len(s.open); n == 0 || s.open[n-1].segment != segment {
		s.open = append(s.open, openSegment{segment: segment})
	}
	of := &s.open[len(s.open)-1]
	of.objects, of.parts = of.objects+1, of.parts+len(o.Parts)
	if s.room.take(len(o.Parts)) {
		s.last().open = o
	}
}

// add adds what the check of the next span has found. As long as no upload is open, the lines go to the manifest.
func (c *scanCommit) add(ctx context.Context, f found) error {
	c.totals.Add(f.totals)
	c.work.Add(f.work)
	c.written.Objects += f.written.Objects
	c.written.Records += f.written.Records
	c.written.Foreign.Join(f.written.Foreign)
	c.faults.join(f.faults)
	c.gone.join(f.gone)
	if c.oldest.IsZero() || !f.oldest.IsZero() && f.oldest.Before(c.oldest) {
		c.oldest = f.oldest
	}
	c.addRest(f.rest)
	c.there += f.there
	c.open = append(c.open, f.open...)
	c.strayLists = append(c.strayLists, f.strayLists...)
	c.strayObjects = append(c.strayObjects, f.strayObjects...)
	c.strayUploads = append(c.strayUploads, f.strayUploads...)
	for _, p := range f.pieces {
		if c.room.full() || c.faults.count > 0 || c.gone.count > 0 {
			c.pieces = nil // it will write no manifest
			return nil
		}
		if len(c.pieces) == 0 && p.open == nil {
			if err := c.files.write(ctx, p.lines.Bytes()); err != nil {
				return err
			}
			continue
		}
		c.pieces = append(c.pieces, p)
		if c.held += p.lines.Len(); c.held > mostHeldText {
			c.room.close()
		}
	}
	return nil
}
