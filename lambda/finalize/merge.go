package finalize

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// merge reads the lists of all segments and the bucket's listings of uploads and objects side by side, in the order of their keys. For each
// segment it joins the lists that lead from its start to its end. Any other list is left over from a try that ended early, and becomes a
// stray. So memory holds one segment's lists and those that are read ahead, and the objects that are not completed yet.
func (c *scanCommit) merge(ctx context.Context) error {
	missing := c.plan.Scan.Segments()
	for lists, err := range bySegment(c.lists(ctx)) {
		if err != nil {
			return err
		}
		segment := lists[0].Segment
		for ; missing[0] < segment; missing = missing[1:] {
			_ = c.join(ctx, missing[0], nil) // adds the fault of a segment without lists, and does not fail
		}
		missing = missing[1:]
		if err := c.join(ctx, segment, lists); err != nil {
			return err
		}
	}
	for _, segment := range missing {
		_ = c.join(ctx, segment, nil) // see above
	}
	if err := c.uploads.rest(); err != nil {
		return err
	}
	return c.stored.rest()
}

// join adds the lists of one segment to the commit.
func (c *scanCommit) join(ctx context.Context, segment int, lists []run.SegmentList) error {
	chain, fault := run.Chain(c.digest, segment, lists)
	if fault != "" {
		c.faults.add(fault)
		return nil
	}
	named := map[string]bool{}
	for _, list := range chain {
		named[c.layout.KeyOf(list)] = true
	}
	for _, list := range lists {
		if key := c.layout.KeyOf(list); !named[key] {
			c.strayLists = append(c.strayLists, key)
		}
	}
	for _, list := range chain {
		c.totals.Add(list.Totals)
		slices.SortFunc(list.Objects, func(a, b run.Object) int { return strings.Compare(a.Key, b.Key) })
		for _, o := range list.Objects {
			if err := c.take(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// lists yields the lists of all segments in the order of their keys: by segment, then by invocation and try. It stops after an error.
func (c *scanCommit) lists(ctx context.Context) iter.Seq2[run.SegmentList, error] {
	type read struct {
		list    run.SegmentList
		foreign string // a key that is not a list's
		err     error
	}
	return func(yield func(run.SegmentList, error) bool) {
		var reading sync.WaitGroup
		defer reading.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ahead := make(chan chan read, inParallel)
		reading.Go(func() {
			defer close(ahead)
			for entry, err := range c.bucket.List(ctx, c.layout.SegmentLists()) {
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
				if !c.own.List(entry.Key) {
					one <- read{foreign: entry.Key}
					continue
				}
				reading.Go(func() {
					list, err := c.readList(ctx, entry.Key)
					one <- read{list: list, err: err}
				})
			}
		})
		for one := range ahead {
			switch got := <-one; {
			case got.foreign != "":
				c.written.Foreign.Add(got.foreign)
			case !yield(got.list, got.err) || got.err != nil:
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(run.SegmentList{}, err)
		}
	}
}

func (c commit) readList(ctx context.Context, key string) (list run.SegmentList, err error) {
	body, err := c.bucket.Get(ctx, key)
	if err != nil {
		return list, err
	}
	if list, err = run.ParseSegmentList(body); err == nil && c.layout.KeyOf(list) != key {
		err = fmt.Errorf("its content belongs to %s", c.layout.KeyOf(list))
	}
	if err != nil {
		return list, failure.Errorf(failure.ListsInconsistent, "%s is not a segment list that these functions can read: %w. Start a new execution under another name", c.bucket.URI(key), err)
	}
	return list, nil
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
