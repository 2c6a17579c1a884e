package finalize

import (
	"context"
	"errors"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// MostBatches bounds the batches in a payload: each takes some 30 bytes. Larger batches take more invocations.
const MostBatches = 2000

// batches divides the segments with open uploads into ranges that one invocation can complete, as far as segments allow that.
func (c *scanCommit) batches(most int) (batches []run.Batch) {
	var all, current openSegment
	for _, s := range c.open {
		all.objects, all.parts = all.objects+s.objects, all.parts+s.parts
	}
	uploads, parts := max(most, 4*all.objects/MostBatches+1), max(most*partsOfUpload, 4*all.parts/MostBatches+1)
	for _, s := range c.open {
		current.objects, current.parts = current.objects+s.objects, current.parts+s.parts
		if n := len(batches); n > 0 && current.objects <= uploads && current.parts <= parts {
			batches[n-1].Last = s.segment
			continue
		}
		batches, current = append(batches, run.Batch{First: s.segment, Last: s.segment}), s
	}
	return batches
}

// batch completes the uploads of a batch. The state machine calls it again until it is done, so it must get further each time.
//
// It never fails because an upload is lost, and does not withdraw anything: other batches are being completed at the same time. It ends when no
// upload of the batch is open. The next finalize then finds what is lost.
func (c commit) batch(ctx context.Context, batch run.Batch) (out run.FinalizeOutput, err error) {
	segments := slices.DeleteFunc(c.plan.Scan.Segments(), func(n int) bool { return n < batch.First || n > batch.Last })
	if len(segments) == 0 {
		return out, failure.Errorf(failure.InvalidRequest, "invalid payload: run %q has no segments %d to %d", c.plan.RunID, batch.First, batch.Last)
	}
	latest := lastStart(ctx)
	s, _, err := c.begin(ctx, false)
	if s == nil {
		return run.FinalizeOutput{Done: err == nil}, err
	}
	s.inBatch = true
	last := s.edgeOf(segments[len(segments)-1])
	checked, err := s.checkSpan(ctx, &span{scanCommit: s, segments: segments, from: s.edgeOf(segments[0]), to: last + afterDigits})
	if err != nil {
		return out, err
	}
	s.found = checked.found
	did, left, err := s.completeUploads(ctx, latest)
	if err != nil {
		return out, err
	}
	lost := 0
	for _, p := range s.pieces {
		if !p.lost() {
			continue
		}
		lost++
		c.log.WarnContext(ctx, "an upload cannot be completed", "cause", p.err.Error())
		if errors.Is(p.err, bucket.ErrOtherParts) {
			if err := c.bucket.Abort(ctx, bucket.Upload{Key: p.open.Key, ID: p.open.UploadID}); err != nil {
				return out, err
			}
		}
	}
	if did+lost == 0 && left > 0 {
		return out, failure.Errorf(failure.NoProgress,
			"no upload of the segments %d to %d was completed, because the time was over when they were checked: give the function finalize more time", batch.First, batch.Last)
	}
	out.Done = left == 0 && !s.room.full()
	c.log.InfoContext(ctx, "uploads completed", "first", batch.First, "last", batch.Last, "completed", did, "done", out.Done)
	return out, nil
}

// afterDigits comes after all digits in the order of keys.
const afterDigits = "~"

// lastStart returns the moment after which a batch begins no more completions, because S3 needs time for each. It is zero without a deadline.
func lastStart(ctx context.Context) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return deadline.Add(-min(time.Minute, time.Until(deadline)/5))
}
