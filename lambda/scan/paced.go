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

// tableReader is what a pacedReader needs of a table's.
type tableReader interface {
	pageReader
	Throttles() table.Throttles
}

// pacedReader asks for pages when the pace allows, and for as many items as it allows. A throttled table is asked again and again,
// ever more slowly, until ctx ends; it is then that reason which is told, as Throttled.
type pacedReader struct {
	table tableReader
	pace  *pace.Pacer
}

// pacedReader puts the run's pace before a reader. Without one it is throttling alone that slows it.
func (s *scan) pacedReader(reader tableReader) *pacedReader {
	config := pace.Config{Consistent: aws.ToBool(s.plan.Scan.Request.ConsistentRead), Limit: aws.ToInt64(s.plan.Scan.Request.Limit), PaidAt: aws.ToTime(s.from.PaidAt)}
	if s.plan.Scan.Paced() {
		config.Share = pace.NewShare(s.plan.Scan.ReadUnitsPerSecond, len(s.plan.Scan.Segments()), s.plan.Scan.Concurrency, markers{s.bucket, s.plan.Layout()})
	}
	s.pace, s.throttles = pace.New(config), reader.Throttles
	return &pacedReader{table: reader, pace: s.pace}
}

func (r *pacedReader) Next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error {
	var throttled error
	for {
		limit, err := r.pace.Ask(ctx)
		if err != nil {
			return errors.Join(throttled, err)
		}
		into.Limit = limit
		before := r.table.Throttles().Tries
		err = r.table.Next(ctx, exclusiveStartKey, into)
		tries := r.table.Throttles().Tries - before
		switch {
		case err == nil:
			r.pace.Answered(into.Scanned, into.ReadUnits, tries)
			return nil
		case failure.NameOf(err) == failure.Throttled:
			r.pace.Refused()
			throttled = err
		case tries > 0 && ctx.Err() != nil: // the time was up between two tries of the SDK's
			return failure.Errorf(failure.Throttled, "no read capacity was given: %w", err)
		default:
			r.pace.Lost()
			return err
		}
	}
}

// markers are the objects that say which segments of a paced run are done. Each holds its segment's last checkpoint.
type markers struct {
	bucket *bucket.Bucket
	layout run.Layout
}

// DoneAfter lists the markers that one request to S3 has.
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
			continue // somebody else's
		}
		if done = append(done, number); len(done) == bucket.ListPage {
			return done, true, nil
		}
	}
	return done, false, nil
}

// doneBefore returns the last checkpoint of a segment that has its marker. An invocation whose answer was lost after it had come
// to the segment's end would otherwise read anew beside those that have its share by now.
func (s *scan) doneBefore(ctx context.Context) (done run.Checkpoint, err error) {
	if !s.plan.Scan.Paced() {
		return done, nil
	}
	key := s.plan.Layout().PaceMarker(s.segment)
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

// settle waits, at the end of an invocation after which somebody else has its share of the pace, until what was read is paid for,
// as far as there is time; then a segment that is done gets its marker.
func (s *scan) settle(ctx context.Context, to run.Checkpoint, err error) error {
	if !s.plan.Scan.Paced() || err == nil && !to.Done {
		return err // the checkpoint says when it is paid for
	}
	const answering = leastFloor / 3 // of the time that is left
	wait := time.Until(s.pace.PaidAt())
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
	body, err := json.Marshal(to)
	if err != nil {
		return fmt.Errorf("internal error: a checkpoint does not marshal: %w", err)
	}
	_, err = s.bucket.Put(ctx, s.plan.Layout().PaceMarker(s.segment), body)
	return err
}

// paidAt is when the segment may go on reading, nil where it is not held to a pace.
func (s *scan) paidAt() *time.Time {
	if !s.plan.Scan.Paced() {
		return nil
	}
	at := s.pace.PaidAt().UTC()
	return &at
}
