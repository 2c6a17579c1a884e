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
	_, etag, err := s.bucket.GetTagged(ctx, key)
	if err != nil {
		return err
	}
	// The list of a late try must not take the place of one that finalize may be reading. Only an end that cannot be committed is replaced:
	// another program changed the folder, or this is the end of an execution that lost the run and whose uploads are gone.
	if end, err := s.resume(ctx); end.Done || err != nil {
		return err
	}
	_, err = s.bucket.Replace(ctx, key, body, etag)
	return err
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
	return list.LastEvaluatedKey, nil
}
