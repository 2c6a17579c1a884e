package finalize

import (
	"context"
	"fmt"
	"iter"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// merge reads the lists of the span's segments and the listings of uploads and objects side by side, in the order of their keys. For each
// segment it joins the lists that lead from its start to its end. Any other list is left over from a try that ended early, and becomes a
// stray. So memory holds one segment's lists and those that are read ahead.
func (s *span) merge(ctx context.Context) error {
	for _, list := range []func() error{s.uploads.step, s.stored.step} { // the uploads before the objects, and both before the lists are read
		if err := list(); err != nil {
			return err
		}
	}
	missing := s.segments
	for lists, err := range bySegment(s.lists(ctx)) {
		if err != nil {
			return err
		}
		segment := lists[0].Segment
		for ; missing[0] < segment; missing = missing[1:] {
			_ = s.join(ctx, missing[0], nil) // adds the fault of a segment without lists, and does not fail
		}
		missing = missing[1:]
		if err := s.join(ctx, segment, lists); err != nil {
			return err
		}
	}
	for _, segment := range missing {
		_ = s.join(ctx, segment, nil) // see above
	}
	if err := s.uploads.rest(); err != nil {
		return err
	}
	return s.stored.rest()
}

// join adds the lists of one segment.
func (s *span) join(ctx context.Context, segment int, lists []run.SegmentList) error {
	chain, fault := run.Chain(s.digest, segment, lists)
	if fault != "" {
		s.faults.add(fault)
		return nil
	}
	named := map[string]bool{}
	for _, list := range chain {
		named[s.layout.KeyOf(list)] = true
	}
	for _, list := range lists {
		if key := s.layout.KeyOf(list); !named[key] {
			s.strayLists = append(s.strayLists, key)
		}
	}
	var objects []sighting
	for _, list := range chain {
		if fault := s.misnamed(list); fault != "" {
			s.faults.add(fmt.Sprintf("%s names %s", s.layout.KeyOf(list), fault))
			return nil
		}
		if began := list.StartTime; len(list.Objects) > 0 && (s.oldest.IsZero() || began.Before(s.oldest)) {
			s.oldest = began
		}
		list.Totals.Bytes = 0 // computed below
		s.totals.Add(list.Totals)
		s.work.Add(list.Worked())
		s.addRest(list.Rest)
		for _, o := range list.Objects {
			seen, err := s.see(o)
			if err != nil {
				return err
			}
			objects = append(objects, seen)
		}
	}
	settling, one := errgroup.WithContext(ctx)
	settling.SetLimit(listsAhead)
	for i := range objects {
		if !objects[i].settled() {
			settling.Go(func() error { return s.settle(one, &objects[i]) })
		}
	}
	if err := settling.Wait(); err != nil {
		return err
	}
	for i := range objects {
		if err := s.take(segment, &objects[i]); err != nil {
			return err
		}
	}
	return nil
}

// misnamed says which object of a list has not the name that follows from the list, "" if all have it. So no object is named twice. The key of
// an end list does not have the try, so misnamed also looks at the form of the name.
func (s *span) misnamed(list run.SegmentList) (fault string) {
	for i, o := range list.Objects {
		if o.Key != s.layout.Data(list.Segment, list.FirstPart+i, list.Try, s.extension) || !s.own.Data(o.Key) {
			return problem.Quote(o.Key) + ", which is not its next object"
		}
	}
	if n, want := len(list.Objects), list.NextPart-list.FirstPart; n != want {
		return fmt.Sprintf("%d objects, and must name %d", n, want)
	}
	return ""
}

// lists yields the lists of the span's segments in the order of their keys: by segment, then by invocation and try. It stops after an error.
func (s *span) lists(ctx context.Context) iter.Seq2[run.SegmentList, error] {
	return func(yield func(run.SegmentList, error) bool) {
		for got, err := range inOrder(ctx, listsAhead, s.entriesIn(ctx, s.layout.SegmentLists()), s.readList) {
			if got.foreign != "" {
				s.written.Foreign.Add(got.foreign)
				continue
			}
			if got.fault != "" {
				s.faults.add(got.fault)
				continue
			}
			if !yield(got.SegmentList, err) {
				return
			}
		}
	}
}

// readList is a list, or what is wrong with it.
type readList struct {
	run.SegmentList
	fault   string
	foreign string // the key, if it is somebody else's
}

func (c *scanCommit) readList(ctx context.Context, entry bucket.Entry) (read readList, err error) {
	key := entry.Key
	if !c.own.List(key) {
		read.foreign = key
		return read, nil
	}
	body, err := c.bucket.Get(ctx, key)
	if err != nil {
		return read, err
	}
	list, wrong := run.ParseSegmentList(body)
	if wrong == nil && c.layout.KeyOf(list) != key {
		wrong = fmt.Errorf("its content belongs to %s", c.layout.KeyOf(list))
	}
	if wrong != nil {
		read.fault = fmt.Sprintf("%s is not a segment list that these functions can read: %v", key, wrong)
	}
	list.Schema, list.Work.Intervals = nil, nil // they can be large, and the commit does not need them
	read.SegmentList = list
	return read, nil
}

// bySegment groups lists by segment. It stops after an error.
func bySegment(lists iter.Seq2[run.SegmentList, error]) iter.Seq2[[]run.SegmentList, error] {
	return func(yield func([]run.SegmentList, error) bool) {
		var own []run.SegmentList
		for list, err := range lists {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(own) > 0 && own[0].Segment != list.Segment {
				if !yield(own, nil) {
					return
				}
				own = nil
			}
			own = append(own, list)
		}
		if len(own) > 0 {
			yield(own, nil)
		}
	}
}
