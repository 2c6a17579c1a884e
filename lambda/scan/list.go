package scan

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
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

// write writes the invocation's list under a key of its own or, at the segment's end, under the one key that the end has, unless
// another try has come there before. That one's lists and objects are then the segment, for good, and those of this one leftovers:
// so all who look at a segment that is done see the same chain, whatever is written beside it later.
func (s *scan) write(ctx context.Context, list run.SegmentList) error {
	body, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("internal error: a segment list does not marshal: %w", err)
	}
	key := s.plan.Layout().KeyOf(list)
	if !list.Done {
		_, err = s.bucket.Put(ctx, key, body)
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
	if _, whole, err := s.settled(ctx); whole || err != nil {
		return err
	}
	// Somebody else's hands were in the folder, or it is left of an execution from which the run was taken over.
	_, err = s.bucket.Replace(ctx, key, body, etag)
	return err
}

// settled tells whether a try has come to this segment's end, with everything that its chain of lists names still there as it was
// listed, and returns the checkpoint that was its last. Where an execution had the run before that did not settle a segment, this is
// scanned anew: where to go on in it only the dead execution knew, for a list holds a digest of the key and not the key.
func (s *scan) settled(ctx context.Context) (end run.Checkpoint, ok bool, err error) {
	lists, err := s.lists(ctx)
	if err != nil {
		return end, false, fmt.Errorf("read what was listed before: %w", err)
	}
	chain, fault := run.Chain(s.segment, lists)
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
	for entry, err := range s.bucket.List(ctx, s.plan.Layout().DataOf(s.segment)) {
		if err != nil {
			return end, false, fmt.Errorf("look for what was written before: %w", err)
		}
		if o, named := objects[entry.Key]; named && o.Bytes == entry.Bytes && o.ETag == entry.ETag {
			delete(objects, entry.Key)
		}
	}
	end.Done, end.Invocation, end.Part = true, len(chain), chain[len(chain)-1].NextPart
	return end, len(objects) == 0, nil
}

// lists reads the list of the segment's end, if it is there, and those that lead to it, as far as they can be read: finalize would
// say so of one that cannot, and here the segment is scanned anew.
func (s *scan) lists(ctx context.Context) (lists []run.SegmentList, err error) {
	key := s.plan.Layout().SegmentEnd(s.segment)
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
			break
		}
		if lists = append(lists, list); list.Invocation == 0 {
			break
		}
		key = s.plan.Layout().SegmentList(s.segment, list.Invocation-1, list.After)
	}
	return lists, nil
}
