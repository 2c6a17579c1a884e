package scan

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

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
	if _, whole, err := s.completed(ctx); whole || err != nil {
		return err
	}
	// Another program changed the folder, or this is the end of an execution that lost the run and whose uploads are gone.
	_, err = s.bucket.Replace(ctx, key, body, etag)
	return err
}

// completed reports whether some try reached the segment's end and S3 still has everything that its chain of lists names, as an open upload
// or as an object. It then returns the last checkpoint.
func (s *segment) completed(ctx context.Context) (end run.Checkpoint, ok bool, err error) {
	lists, err := s.lists(ctx)
	if err != nil {
		return end, false, fmt.Errorf("read the earlier lists: %w", err)
	}
	chain, fault := run.Chain(s.plan.Digest(), s.number, lists)
	if fault != "" {
		return end, false, nil
	}
	missing := map[bucket.Upload]bool{}
	for _, list := range chain {
		end.Totals.Add(list.Totals)
		for _, o := range list.Objects {
			missing[bucket.Upload{Key: o.Key, ID: o.UploadID}] = true
		}
	}
	// Uploads come first: what is not among them any more may have been completed, and is then among the objects.
	for upload, err := range s.bucket.Uploads(ctx, s.plan.Layout().DataOf(s.number)) {
		if err != nil {
			return end, false, fmt.Errorf("look for the earlier uploads: %w", err)
		}
		delete(missing, upload)
	}
	for _, list := range chain {
		for _, o := range list.Objects {
			upload := bucket.Upload{Key: o.Key, ID: o.UploadID}
			if !missing[upload] {
				continue
			}
			if there, err := s.isThere(ctx, o, upload); err != nil || !there {
				return end, false, err
			}
		}
	}
	end.Done, end.Invocation, end.Part = true, len(chain), chain[len(chain)-1].NextPart
	return end, true, nil
}

// isThere reports whether S3 has an object, or its open upload, which a listing did not show.
func (s *segment) isThere(ctx context.Context, o run.Object, upload bucket.Upload) (bool, error) {
	if open, err := s.bucket.IsOpen(ctx, upload); open || err != nil {
		return open, err
	}
	entry, err := s.bucket.Find(ctx, o.Key)
	if errors.Is(err, bucket.ErrNotFound) {
		return false, nil
	}
	return err == nil && entry.Bytes == o.Bytes, err
}

// startKey returns the key at which the checkpoint continues. It is in the list of the invocation before.
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
		return nil, failure.Errorf(failure.ListsInconsistent, "segment %d cannot continue, because its list %s is not as it was written: %w. Another program may have changed it; start a new execution",
			s.number, s.bucket.URI(key), err)
	}
	return list.LastEvaluatedKey, nil
}

// lists reads the list of the segment's end, if it is there, and the lists that lead to it. It stops at a list that it cannot read:
// the segment is then scanned again.
func (s *segment) lists(ctx context.Context) (lists []run.SegmentList, err error) {
	key := s.plan.Layout().SegmentEnd(s.number)
	for {
		body, err := s.bucket.Get(ctx, key)
		if errors.Is(err, bucket.ErrNotFound) {
			return lists, nil
		}
		if err != nil {
			return nil, err
		}
		list, fault := run.ParseSegmentList(body)
		if n := len(lists); fault != nil || n > 0 && list.Invocation != lists[n-1].Invocation-1 {
			return lists, nil //nolint:nilerr // the segment is scanned again
		}
		if lists = append(lists, list); list.Invocation == 0 {
			return lists, nil
		}
		key = s.plan.Layout().SegmentList(s.number, list.Invocation-1, list.After)
	}
}
