package run

import (
	"cmp"
	"fmt"
	"slices"
)

// Chain returns the lists of a segment that lead from its start to its end, in order, or says what is wrong. It uses only lists of the plan
// with this digest. One of them is the list of the segment's end. From there, each list follows exactly one list before it: the numbers, the
// try, the parts and the position must fit. All other lists are from tries that led nowhere.
func Chain(plan string, segment int, lists []SegmentList) (chain []SegmentList, fault string) {
	own := slices.DeleteFunc(slices.Clone(lists), func(l SegmentList) bool { return l.Plan != plan })
	end := slices.IndexFunc(own, func(l SegmentList) bool { return l.Done })
	if end < 0 {
		return nil, fmt.Sprintf("segment %d has %d lists, and none of them ends the segment for this plan", segment, len(lists))
	}
	chain = chainTo(own, end)
	if !chain[0].begins() {
		return nil, fmt.Sprintf("in segment %d, the list of invocation %d does not follow a list before it", segment, chain[0].Invocation)
	}
	return chain, ""
}

// LongestChain returns the lists that lead from a segment's start as far as possible, in order. It returns nil if no list does. It uses only lists
// of the plan with this digest that usable accepts, and asks about a list only if it can use all lists before it. A chain to the
// segment's end comes first, then the one with the most lists, then the one whose last list comes first in lists.
func LongestChain(plan string, lists []SegmentList, usable func(SegmentList) (bool, error)) ([]SegmentList, error) {
	lists = slices.Clone(lists)
	slices.SortStableFunc(lists, func(a, b SegmentList) int { return cmp.Compare(a.Invocation, b.Invocation) })
	var reached []SegmentList
	last := -1
	for _, list := range lists {
		if list.Plan != plan || !list.begins() && !slices.ContainsFunc(reached, list.follows) {
			continue
		}
		ok, err := usable(list)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		reached = append(reached, list)
		if last < 0 || !reached[last].Done && (list.Done || list.Invocation > reached[last].Invocation) {
			last = len(reached) - 1
		}
	}
	if last < 0 {
		return nil, nil
	}
	return chainTo(reached, last), nil
}

// chainTo returns the lists that lead to the last one, in order. The first of them begins the segment, or follows none of the lists.
func chainTo(lists []SegmentList, last int) (chain []SegmentList) {
	for at := last; at >= 0; {
		chain = append(chain, lists[at])
		if lists[at].begins() {
			break
		}
		at = slices.IndexFunc(lists, lists[at].follows)
	}
	slices.Reverse(chain)
	return chain
}

// begins reports whether l is a list of a segment's first invocation.
func (l SegmentList) begins() bool { return l.follows(SegmentList{Invocation: -1}) }

// follows reports whether l begins where the list before it ended.
func (l SegmentList) follows(before SegmentList) bool {
	return l.Invocation == before.Invocation+1 && l.After == before.Try && l.FirstPart == before.NextPart && l.Start == before.End && !before.Done
}

// Next returns the checkpoint after the list. before are the totals of the lists before it.
func (l SegmentList) Next(before Totals) Checkpoint {
	to := Checkpoint{Done: l.Done, Invocation: l.Invocation + 1, Part: l.NextPart, Position: l.End, Totals: before}
	if !l.Done {
		to.Try = l.Try
	}
	to.Totals.Add(l.Totals)
	return to
}
