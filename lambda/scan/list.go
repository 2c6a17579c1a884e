package scan

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
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
	// Another program changed the folder, or this is the end of an execution that lost the run and whose objects are gone.
	_, err = s.bucket.Replace(ctx, key, body, etag)
	return err
}

// completed reports whether some try reached the segment's end and everything that its chain of lists names is still there as listed.
// It then returns the last checkpoint. If an earlier execution did not complete the segment, this execution scans it from the start:
// lists hold only a digest of the key at which to continue.
func (s *segment) completed(ctx context.Context) (end run.Checkpoint, ok bool, err error) {
	lists, err := s.lists(ctx)
	if err != nil {
		return end, false, fmt.Errorf("read the earlier lists: %w", err)
	}
	chain, fault := run.Chain(s.plan.Digest(), s.number, lists)
	if fault != "" {
		return end, false, nil
	}
	objects := map[string]run.Object{}
	for _, list := range chain {
		end.Totals.Add(list.Totals)
		for _, o := range list.Objects {
			objects[o.Key] = o
		}
	}
	for entry, err := range s.bucket.List(ctx, s.plan.Layout().DataOf(s.number)) {
		if err != nil {
			return end, false, fmt.Errorf("look for the earlier objects: %w", err)
		}
		if o, named := objects[entry.Key]; named && o.Bytes == entry.Bytes && o.ETag == entry.ETag {
			delete(objects, entry.Key)
		}
	}
	end.Done, end.Invocation, end.Part = true, len(chain), chain[len(chain)-1].NextPart
	return end, len(objects) == 0, nil
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
