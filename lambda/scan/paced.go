package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// newPacer returns the pacer of an invocation. Without a pace for the run, only throttling slows the segment.
func newPacer(plan run.Plan, from run.Checkpoint, destination *bucket.Bucket, budget *budget) *pace.Pacer {
	scan := plan.Scan
	config := pace.Config{
		Consistent: aws.ToBool(scan.Request.ConsistentRead), Limit: aws.ToInt64(scan.Request.Limit), PaidAt: aws.ToTime(from.PaidAt),
		Patience: budget.mostWait(), Stalled: from.Stall != nil,
	}
	if from.Invocation >= quota.MaxEarlyEnds {
		config.Patience = 0
	}
	if scan.Paced() {
		config.Share = pace.NewShare(scan.ReadUnitsPerSecond, len(scan.Segments()), scan.Concurrency, newMarkers(destination, plan))
	}
	return pace.New(config)
}

// pacedReader asks for a page when the pace allows it, with as many items as the pace and the limit of the run allow. When the table throttles, it
// asks again after longer and longer pauses until ctx ends. It then fails with Throttled.
type pacedReader struct {
	Source
	pacer   *pace.Pacer
	budget  *budget
	portion *limit.Portion // of the limit; nil without one
}

func (r *pacedReader) Next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error {
	var throttled error
	for {
		items, err := r.pacer.Ask(ctx)
		if err != nil {
			if throttled != nil {
				return fmt.Errorf("%w: %w", throttled, err)
			}
			return err
		}
		into.Limit = items
		before := r.Throttles().Tries
		err = r.next(ctx, exclusiveStartKey, into)
		tries := r.Throttles().Tries - before
		if tries > 0 {
			r.budget.did(run.Interval{Throttles: tries})
		}
		switch {
		case err == nil:
			r.pacer.Answered(into.Scanned, into.ReadUnits, tries)
			return nil
		case failure.NameOf(err) == failure.Throttled:
			r.pacer.Refused()
			throttled = err
		case tries > 0 && ctx.Err() != nil: // the time ended between two tries of the SDK
			return failure.Errorf(failure.Throttled, "no read capacity was given: %w", err)
		default:
			r.pacer.Lost()
			return err
		}
	}
}

// next reads a page that the limit of the run allows. DynamoDB may have charged for tries without an answer, so the portion pays for them too.
func (r *pacedReader) next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error {
	if r.portion == nil {
		return r.Pages.Next(ctx, exclusiveStartKey, into)
	}
	units, err := r.portion.Ask(ctx, r.pacer.Least())
	if err != nil {
		return err
	}
	var expected, charged float64 // the cost of the page, and what its lost tries were charged
	into.Limit, expected = r.pacer.Fit(into.Limit, units)
	lost := func() {
		cost := expected*float64(into.Lost) - charged
		charged += cost
		r.portion.Charge(cost)
	}
	into.Again = func(ctx context.Context) error {
		lost()
		_, err := r.portion.Ask(ctx, r.pacer.Least())
		return err
	}
	if err := r.Pages.Next(ctx, exclusiveStartKey, into); err != nil {
		lost()
		return err
	}
	r.portion.Charge(into.ReadUnits*float64(1+into.Lost) - charged) // the lost tries were for the same page
	return nil
}

// markers are the objects that say which segments of a paced run are done. They are empty: their names say everything.
type markers struct {
	bucket *bucket.Bucket
	layout run.Layout
	plan   string // its digest
	own    run.OwnKeys
}

func newMarkers(b *bucket.Bucket, plan run.Plan) markers {
	return markers{b, plan.Layout(), plan.Digest(), plan.OwnKeys()}
}

// DoneAfter lists the markers that one request to S3 returns.
func (m markers) DoneAfter(ctx context.Context, segment int) (done []int, more bool, err error) {
	after, markers := "", m.layout.PaceMarkersOf(m.plan)
	if segment >= 0 {
		after = m.layout.PaceMarker(m.plan, segment)
	}
	for entry, err := range m.bucket.ListAfter(ctx, markers, after) {
		if err != nil {
			return nil, false, err
		}
		if !m.own.Marker(entry.Key) {
			continue
		}
		number, _ := strconv.Atoi(strings.TrimPrefix(entry.Key, markers)) // it has six digits
		if done = append(done, number); len(done) == bucket.ListPage {
			return done, true, nil
		}
	}
	return done, false, nil
}

// markedDone returns the last checkpoint of a segment that has its marker, as the segment's lists have it. If the answer of the invocation
// that ended the segment was lost, a repeat would otherwise read again, while other segments use its share of the pace. A marker without
// lists that reach the segment's end, and without their uploads, is another program's: markedDone then returns the checkpoint of the start.
func (s *segment) markedDone(ctx context.Context) (done run.Checkpoint, err error) {
	if !s.plan.Scan.Paced() {
		return done, nil
	}
	if _, err := s.bucket.Get(ctx, s.plan.Layout().PaceMarker(s.plan.Digest(), s.number)); errors.Is(err, bucket.ErrNotFound) {
		return done, nil
	} else if err != nil {
		return done, err
	}
	if done, err = s.settle(ctx, nil); err != nil || !done.Done {
		return run.Checkpoint{}, err
	}
	return done, nil
}

// payAndMark ends an invocation whose share of the pace goes to other segments. If it was the segment's last one, the pace must first pay
// for what was read. After a short wait, payAndMark writes the segment's marker. For a long wait, it returns a checkpoint with a moment
// to wait for, and the next invocation writes the marker. If the invocation failed, the retry has no such moment, so payAndMark waits as
// far as there is time.
func (s *segment) payAndMark(ctx context.Context, to run.Checkpoint, err error) (run.Checkpoint, error) {
	if !s.plan.Scan.Paced() || err == nil && !to.Done || err != nil && failure.NameOf(err).Permanent() {
		return to, err
	}
	const answering = leastFloor / 3 // of the time that is left
	wait, most := time.Until(s.pacer.PaidAt()), time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		most = time.Until(deadline) - answering
	}
	if err == nil && wait > min(most, s.budget.mostWait()) {
		to.WaitUntil = waitUntil(s.pacer.PaidAt())
		return to, nil
	}
	select {
	case <-time.After(min(wait, most)):
	case <-ctx.Done():
	}
	if err != nil {
		return to, err
	}
	return s.mark(ctx, to)
}

// mark writes the marker of a segment that is done.
func (s *segment) mark(ctx context.Context, to run.Checkpoint) (run.Checkpoint, error) {
	to.WaitUntil = nil
	if _, err := s.bucket.Put(ctx, s.plan.Layout().PaceMarker(s.plan.Digest(), s.number), nil); err != nil {
		return to, fmt.Errorf("segment %d: write its marker: %w", s.number, err)
	}
	return to, nil
}

// next adds to a checkpoint when the segment may continue: as PaidAt, and if that needs a long wait, as WaitUntil.
func (s *segment) next(to *run.Checkpoint) {
	to.PaidAt, to.WaitUntil = nil, nil
	at := s.pacer.ResumeAt()
	if paid := s.pacer.ContinueAt().UTC(); !paid.IsZero() {
		to.PaidAt = &paid
		if paid.After(at) {
			at = paid
		}
	}
	if time.Until(at) > s.budget.mostWait() {
		to.WaitUntil = waitUntil(at)
	}
}

// waitUntil returns a moment in the form for a Wait state, which ignores fractions of a second.
// https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
func waitUntil(at time.Time) *time.Time {
	return new(at.Add(time.Second - 1).UTC().Truncate(time.Second))
}
