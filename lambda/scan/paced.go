package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// newPacer returns the pacer of an invocation. Without a pace for the run, only throttling slows the segment.
func newPacer(plan run.Plan, from run.Checkpoint, destination *bucket.Bucket) *pace.Pacer {
	scan := plan.Scan
	config := pace.Config{Consistent: aws.ToBool(scan.Request.ConsistentRead), Limit: aws.ToInt64(scan.Request.Limit), PaidAt: aws.ToTime(from.PaidAt)}
	if scan.Paced() {
		config.Share = pace.NewShare(scan.ReadUnitsPerSecond, len(scan.Segments()), scan.Concurrency, markers{destination, plan.Layout()})
	}
	return pace.New(config)
}

// pacedReader asks for a page when the pace allows it, with as many items as the pace allows. When the table throttles, it asks again
// after longer and longer pauses until ctx ends. It then fails with Throttled.
type pacedReader struct {
	table interface {
		pageReader
		Throttles() table.Throttles
	}
	pacer *pace.Pacer
}

func (r *pacedReader) Next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error {
	var throttled error
	for {
		limit, err := r.pacer.Ask(ctx)
		if err != nil {
			return errors.Join(throttled, err)
		}
		into.Limit = limit
		before := r.table.Throttles().Tries
		err = r.table.Next(ctx, exclusiveStartKey, into)
		tries := r.table.Throttles().Tries - before
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

// markers are the objects that say which segments of a paced run are done. Each holds its segment's last checkpoint.
type markers struct {
	bucket *bucket.Bucket
	layout run.Layout
}

// DoneAfter lists the markers that one request to S3 returns.
func (m markers) DoneAfter(ctx context.Context, segment int) (done []int, more bool, err error) {
	after := ""
	if segment >= 0 {
		after = m.layout.PaceMarker(segment)
	}
	for entry, err := range m.bucket.ListAfter(ctx, m.layout.PaceMarkers(), after) {
		if err != nil {
			return nil, false, err
		}
		number, err := strconv.Atoi(strings.TrimPrefix(entry.Key, m.layout.PaceMarkers()))
		if err != nil {
			continue // not a marker
		}
		if done = append(done, number); len(done) == bucket.ListPage {
			return done, true, nil
		}
	}
	return done, false, nil
}

// markedDone returns the last checkpoint of a segment that has its marker. If the answer of the invocation that ended the segment was
// lost, a repeat would otherwise read again, while other segments use its share of the pace.
func (s *segment) markedDone(ctx context.Context) (done run.Checkpoint, err error) {
	if !s.plan.Scan.Paced() {
		return done, nil
	}
	key := s.plan.Layout().PaceMarker(s.number)
	body, err := s.bucket.Get(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return done, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &done)
	}
	if err != nil {
		return run.Checkpoint{}, fmt.Errorf("read the marker %s: %w", s.bucket.URI(key), err)
	}
	return done, nil
}

// payAndMark ends an invocation whose share of the pace goes to other segments: it waits until the pace has paid for what was read, as
// far as there is time. If the segment is done, it then writes the segment's marker.
func (s *segment) payAndMark(ctx context.Context, to run.Checkpoint, err error) error {
	if !s.plan.Scan.Paced() || err == nil && !to.Done {
		return err // the checkpoint says when it is paid for
	}
	const answering = leastFloor / 3 // of the time that is left
	wait := time.Until(s.pacer.PaidAt())
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-answering)
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	if err != nil {
		return err
	}
	_, err = s.bucket.Put(ctx, s.plan.Layout().PaceMarker(s.number), run.Marshal(to))
	return err
}

// paidAt returns when the segment may continue to read, nil without a pace.
func (s *segment) paidAt() *time.Time {
	if !s.plan.Scan.Paced() {
		return nil
	}
	at := s.pacer.PaidAt().UTC()
	return &at
}
