package finalize

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// readers is how many segment lists are read ahead.
const readers = 32

// merge goes through the lists of all segments and through what the bucket has, side by side, in the order of their keys. Of each
// segment it joins the lists that lead from its start to its end; any other is a leftover of a try that was given up, and becomes
// a stray. What is listed goes into the manifest at once, so that memory holds one segment's lists and those that are read ahead,
// however many objects the run has.
func (m *merger) merge(ctx context.Context) error {
	missing := m.plan.Scan.Segments()
	for lists, err := range bySegment(m.lists(ctx)) {
		if err != nil {
			return err
		}
		segment := lists[0].Segment
		for len(missing) > 0 && missing[0] < segment {
			m.faults.add(noLists(missing[0]))
			missing = missing[1:]
		}
		if len(missing) == 0 || missing[0] > segment {
			continue // no segment of this run
		}
		missing = missing[1:]
		if err := m.join(ctx, segment, lists); err != nil {
			return err
		}
	}
	for _, segment := range missing {
		m.faults.add(noLists(segment))
	}
	return m.stored.rest()
}

// join takes the lists of one segment.
func (m *merger) join(ctx context.Context, segment int, lists []run.SegmentList) error {
	chain, fault := run.Chain(segment, lists)
	if fault != "" {
		m.faults.add(fault)
		return nil
	}
	named := map[string]bool{}
	for _, list := range chain {
		named[m.layout.KeyOf(list)] = true
	}
	for _, list := range lists {
		if key := m.layout.KeyOf(list); !named[key] {
			m.strays = append(m.strays, key)
		}
	}
	for _, list := range chain {
		m.totals.Add(list.Totals)
		slices.SortFunc(list.Objects, func(a, b run.Object) int { return strings.Compare(a.Key, b.Key) })
		for _, o := range list.Objects {
			if err := m.take(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// lists yields the lists of all segments in the order of their keys: by segment, then by invocation and try. An error ends it.
func (r ending) lists(ctx context.Context) iter.Seq2[run.SegmentList, error] {
	type read struct {
		list run.SegmentList
		err  error
	}
	return func(yield func(run.SegmentList, error) bool) {
		var reading sync.WaitGroup
		defer reading.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ahead := make(chan chan read, readers)
		reading.Go(func() {
			defer close(ahead)
			for entry, err := range r.bucket.List(ctx, r.layout.SegmentLists()) {
				one := make(chan read, 1)
				select {
				case ahead <- one:
				case <-ctx.Done():
					return
				}
				if err != nil {
					one <- read{err: err}
					return
				}
				reading.Go(func() {
					list, err := r.readList(ctx, entry.Key)
					one <- read{list, err}
				})
			}
		})
		for one := range ahead {
			if got := <-one; !yield(got.list, got.err) || got.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(run.SegmentList{}, err)
		}
	}
}

func (r ending) readList(ctx context.Context, key string) (list run.SegmentList, err error) {
	body, err := r.bucket.Get(ctx, key)
	if err != nil {
		return list, err
	}
	if list, err = run.ParseSegmentList(body); err != nil {
		return list, failure.Errorf(failure.ListsInconsistent, "%s is not a segment list that these functions can read: %w. Start a new execution under another name", r.bucket.URI(key), err)
	}
	return list, nil
}

// bySegment yields the lists of one segment after the other. An error ends it.
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

// noLists is what is wrong with a segment that has no list.
func noLists(segment int) string {
	_, fault := run.Chain(segment, nil)
	return fault
}
