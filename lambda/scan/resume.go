package scan

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// resume returns the checkpoint from which an execution continues a segment that an earlier execution began: the one after the longest chain
// of lists whose objects S3 still has, as open uploads or completed. It is the checkpoint of the segment's start if there is no such list.
// Lists that cannot be read or belong to another plan, and lists after a gap, do not count.
func (s *segment) resume(ctx context.Context) (at run.Checkpoint, err error) {
	lists, err := s.lists(ctx)
	if err != nil {
		return at, fmt.Errorf("read the earlier lists: %w", err)
	}
	if len(lists) == 0 {
		return at, nil
	}
	stored, err := s.stored(ctx)
	if err != nil {
		return at, fmt.Errorf("look for the earlier uploads: %w", err)
	}
	chain, err := run.LongestChain(s.plan.Digest(), lists, func(list run.SegmentList) (bool, error) {
		if list.Done != (list.End == "") || run.Position(list.LastEvaluatedKey) != list.End {
			return false, nil // the segment could not continue from it
		}
		for _, o := range list.Objects {
			if there, err := s.isThere(ctx, stored, o); !there {
				return false, err
			}
		}
		return true, nil
	})
	for _, list := range chain {
		at = list.Next(at.Totals)
	}
	return at, err
}

// lists reads the segment's lists in the order of their keys. It leaves out what is not a list that these functions can read.
func (s *segment) lists(ctx context.Context) (lists []run.SegmentList, err error) {
	layout, own := s.plan.Layout(), s.plan.OwnKeys()
	var keys []string
	for entry, err := range s.bucket.List(ctx, layout.SegmentListsOf(s.number)) {
		if err != nil {
			return nil, err
		}
		if own.List(entry.Key) {
			keys = append(keys, entry.Key)
		}
	}
	read := make([]*run.SegmentList, len(keys))
	reading, one := errgroup.WithContext(ctx)
	reading.SetLimit(listsAtOnce)
	for i, key := range keys {
		reading.Go(func() error {
			body, err := s.bucket.Get(one, key)
			if err != nil && !errors.Is(err, bucket.ErrNotFound) {
				return err
			}
			list, fault := run.ParseSegmentList(body)
			if err != nil || fault != nil || layout.KeyOf(list) != key {
				return nil //nolint:nilerr // a list that was removed or changed leads nowhere
			}
			list.Schema, list.Work = nil, run.Work{} // they can be large; startKey reads the last Schema
			for i := range list.Objects {
				list.Objects[i].Parts = nil // a long segment has many, and only finalize needs them
			}
			read[i] = &list
			return nil
		})
	}
	err = reading.Wait()
	for _, list := range read {
		if list != nil {
			lists = append(lists, *list)
		}
	}
	return lists, err
}

// listsAtOnce is how many segment lists are read at the same time.
const listsAtOnce = 16

// stored is what S3's listings have of a segment.
type stored struct {
	uploads map[bucket.Upload]bool
	sizes   map[string]int64 // of objects, by key
}

// stored lists the uploads first. An upload that is no longer open may have been completed, and is then among the objects.
func (s *segment) stored(ctx context.Context) (stored, error) {
	found, data := stored{map[bucket.Upload]bool{}, map[string]int64{}}, s.plan.Layout().DataOf(s.number)
	for upload, err := range s.bucket.Uploads(ctx, data) {
		if err != nil {
			return found, err
		}
		found.uploads[upload] = true
	}
	for entry, err := range s.bucket.List(ctx, data) {
		if err != nil {
			return found, err
		}
		found.sizes[entry.Key] = entry.Bytes
	}
	return found, nil
}

// isThere reports whether S3 has an object of a list, or its open upload. S3 does not promise that a listing shows every upload, so
// isThere asks for one that it did not show.
func (s *segment) isThere(ctx context.Context, found stored, o run.Object) (bool, error) {
	upload := bucket.Upload{Key: o.Key, ID: o.UploadID}
	if size, completed := found.sizes[o.Key]; found.uploads[upload] || completed && size == o.Bytes {
		return true, nil
	}
	if open, err := s.bucket.IsOpen(ctx, upload); open || err != nil {
		return open, err
	}
	entry, err := s.bucket.Find(ctx, o.Key) // it may have been completed after the listings
	if errors.Is(err, bucket.ErrNotFound) {
		return false, nil
	}
	return err == nil && entry.Bytes == o.Bytes, err
}
