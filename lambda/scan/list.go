package scan

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// randomTry returns a name that no other try at an invocation has.
func randomTry() string {
	var name [4]byte
	_, _ = rand.Read(name[:]) // never fails
	return hex.EncodeToString(name[:])
}

// write writes the invocation's list. A list that does not end the segment has a key of its own. The end of a segment has one key,
// and only the first try that reaches the end writes it. The lists and objects of that try are the segment from then on, and those of
// later tries are leftovers. So every reader of a segment that is done sees the same chain.
func (s *segment) write(ctx context.Context, list run.SegmentList) error {
	body, key := run.Marshal(list), s.plan.Layout().KeyOf(list)
	s.named = true
	if !list.Done {
		_, err := s.bucket.Put(ctx, key, body)
		return err
	}
	created, err := s.bucket.Create(ctx, key, body)
	if created || err != nil {
		return err
	}
	_, err = s.settle(ctx, body)
	return err
}

// mostSettles is how often settle looks at a list that others change at the same time.
const mostSettles = 5

// settle decides about the list of the segment's end, if there is one, and returns the checkpoint from which the segment continues.
//
// finalize may read that list as soon as the execution has scanned all segments, and an invocation may outlive its retry. So a list of this
// execution never changes: the segment is done, and finalize decides whether S3 has everything. A list of an earlier execution, none of whose
// functions is at work any more, becomes this execution's: settle writes it again if S3 has all that its chain names. Otherwise settle
// writes other in its place, or nothing if other is nil.
func (s *segment) settle(ctx context.Context, other []byte) (at run.Checkpoint, err error) {
	key, takeovers := s.plan.Layout().SegmentEnd(s.number), len(s.plan.TakenOver)
	for range mostSettles {
		var body []byte
		var etag string
		body, etag, err = s.bucket.GetTagged(ctx, key)
		absent := errors.Is(err, bucket.ErrNotFound)
		if err != nil && !absent {
			return at, err
		}
		if at, err = s.resume(ctx); absent || err != nil {
			return at, err
		}
		list, fault := run.ParseSegmentList(body)
		switch own := fault == nil && list.Plan == s.plan.Digest() && list.Takeovers == takeovers; {
		case own && !at.Done:
			return list.Next(run.Totals{}), nil
		case own:
			return at, nil
		case at.Done:
			list.Takeovers = takeovers
			body = run.Marshal(list)
		case other == nil:
			return at, nil
		default:
			body = other
		}
		if _, err = s.bucket.Replace(ctx, key, body, etag); !errors.Is(err, bucket.ErrChanged) {
			return at, err
		}
	}
	return at, err
}

// startKey returns the key at which the checkpoint continues. It is in the list of the invocation before. If S3 does not answer, a retry asks
// again. If the list is gone or is another one, startKey fails with ListsInconsistent.
func (s *segment) startKey(ctx context.Context) (json.RawMessage, error) {
	if s.from.Position == "" {
		return nil, nil
	}
	key := s.plan.Layout().SegmentList(s.number, s.from.Invocation-1, s.from.Try)
	body, err := s.bucket.Get(ctx, key)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return nil, err
	}
	var list run.SegmentList
	if err == nil {
		list, err = run.ParseSegmentList(body)
	}
	if err == nil && (list.Plan != s.plan.Digest() || run.Position(list.LastEvaluatedKey) != s.from.Position) {
		err = errors.New("it ends at another position than the checkpoint")
	}
	if err != nil {
		return nil, failure.Errorf(failure.ListsInconsistent,
			"segment %d cannot continue, because its list %s is not as it was written: %w. Another program may have changed or removed it; start a new execution",
			s.number, s.bucket.URI(key), err)
	}
	if s.Tree != nil {
		err = s.Tree.load(list.Schema)
	}
	return list.LastEvaluatedKey, err
}
