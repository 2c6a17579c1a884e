package commit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"

	"golang.org/x/sync/errgroup"
)

// readers is how many segment lists are read at once.
const readers = 32

// merged is what all segments together have written.
type merged struct {
	objects []job.Object // in the order of their keys
	totals  job.Totals
	strays  []string // keys that no list names
}

// merge reads the lists of all segments and joins, for each segment, those from its first invocation to the one that came to
// the segment's end. A list after that one is a leftover of an earlier try at the same segment and becomes a stray.
func (r run) merge(ctx context.Context) (merged, error) {
	lists, err := r.readLists(ctx)
	if err != nil {
		return merged{}, err
	}
	var m merged
	var faults []string
	for _, segment := range r.plan.Segments() {
		end, fault := chain(segment, lists[segment])
		if fault != "" {
			faults = append(faults, fault)
			continue
		}
		for _, list := range lists[segment][:end] {
			m.objects = append(m.objects, list.Objects...)
			m.totals.Add(list.Totals)
		}
		for _, list := range lists[segment][end:] {
			m.strays = append(m.strays, r.layout.SegmentList(list.Segment, list.Invocation))
		}
	}
	slices.SortFunc(m.objects, func(a, b job.Object) int { return strings.Compare(a.Key, b.Key) })
	return m, r.inconsistent(faults)
}

// readLists returns the lists of each segment in the order of their invocations.
func (r run) readLists(ctx context.Context) (map[int][]job.SegmentList, error) {
	lists := map[int][]job.SegmentList{}
	var entries []bucket.Entry
	for entry, err := range r.bucket.List(ctx, r.layout.SegmentLists()) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	read := make([]job.SegmentList, len(entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, entry := range entries {
		group.Go(func() error {
			body, err := r.bucket.Get(ctx, entry.Key)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(body, &read[i]); err != nil {
				return job.Errorf(job.ListsInconsistent, "%s is no segment list: %w", r.bucket.URI(entry.Key), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, list := range read { // as listed: by segment, then by invocation
		lists[list.Segment] = append(lists[list.Segment], list)
	}
	return lists, nil
}

// chain follows a segment's lists from its start to its end and returns how many that takes, or what is wrong. Each must
// follow on the one before: in its number, its first part, and the position in the table.
func chain(segment int, lists []job.SegmentList) (end int, fault string) {
	var position string
	var part int
	for i, list := range lists {
		if list.Invocation != i || list.FirstPart != part || list.Start != position {
			return 0, fmt.Sprintf("in segment %d the list of invocation %d does not follow on the one before", segment, list.Invocation)
		}
		if list.Done {
			return i + 1, ""
		}
		position, part = list.End, list.NextPart
	}
	return 0, fmt.Sprintf("segment %d has %d lists and none of its end", segment, len(lists))
}
