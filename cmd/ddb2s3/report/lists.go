package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// scanPass is the name of the pass that reads the table.
const scanPass = "scan"

// readPass reads the lists of a pass. For each segment it takes those that lead from its start as far as possible: the committed ones, or what an
// unfinished run has so far.
func readPass(ctx context.Context, at Place, plan run.Plan) (pass, error) {
	p := pass{name: scanPass}
	if plan.SecondPass() {
		p.name = "conversion to Parquet"
	}
	if plan.Scan != nil {
		p.planned = len(plan.Scan.Segments())
	}
	lists, err := readLists(ctx, at, plan.Layout())
	if err != nil || len(lists) == 0 {
		return p, err
	}
	digest := plan.Digest()
	if plan.Scan == nil { // the first pass over a native export learns from its files. Its plan is in no object
		digest = slices.MaxFunc(lists, func(a, b run.SegmentList) int { return a.EndTime.Compare(b.EndTime) }).Plan
		p.name, p.planned = "learning from the export", 0
	}
	slices.SortFunc(lists, func(a, b run.SegmentList) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Invocation, b.Invocation), cmp.Compare(a.Try, b.Try))
	})
	for len(lists) > 0 {
		number := lists[0].Segment
		n := 1
		for n < len(lists) && lists[n].Segment == number {
			n++
		}
		chain, err := run.LongestChain(digest, lists[:n], func(run.SegmentList) (bool, error) { return true, nil })
		if err != nil {
			return p, err
		}
		if lists = lists[n:]; len(chain) > 0 {
			p.segments = append(p.segments, segment{number: number, lists: chain})
		}
	}
	p.planned = max(p.planned, len(p.segments))
	return p, nil
}

// readLists reads all segment lists of a pass. It leaves out objects that are not segment lists, and of the lists what the report does not show.
func readLists(ctx context.Context, at Place, layout run.Layout) (lists []run.SegmentList, err error) {
	var mu sync.Mutex // guards lists
	reading, one := errgroup.WithContext(ctx)
	reading.SetLimit(inParallel)
	for entry, err := range at.List(one, layout.SegmentLists()) {
		if err != nil {
			return nil, errors.Join(fmt.Errorf("list the segment lists: %w", err), reading.Wait())
		}
		reading.Go(func() error {
			body, err := at.Get(one, entry.Key)
			if errors.Is(err, bucket.ErrNotFound) { // the run goes on, and has removed it
				return nil
			}
			if err != nil {
				return fmt.Errorf("read a segment list: %w", err)
			}
			list, err := run.ParseSegmentList(body)
			if err != nil || layout.KeyOf(list) != entry.Key {
				return nil // it is somebody else's object
			}
			list.Schema, list.LastEvaluatedKey = nil, nil
			for i := range list.Objects {
				list.Objects[i] = run.Object{Items: list.Objects[i].Items, Bytes: list.Objects[i].Bytes}
			}
			mu.Lock()
			defer mu.Unlock()
			lists = append(lists, list)
			return nil
		})
	}
	return lists, reading.Wait()
}
