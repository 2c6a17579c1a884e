package run

import (
	"fmt"
	"slices"
)

// Chain returns the lists of a segment that lead from its start to its end, in order, or says what is wrong. A segment has one list
// of its end, which must be of the plan with this digest. From there, each list follows exactly one list before it: the numbers, the try,
// the parts and the position must fit. All other lists are from tries that led nowhere.
func Chain(plan string, segment int, lists []SegmentList) (chain []SegmentList, fault string) {
	end := slices.IndexFunc(lists, func(l SegmentList) bool { return l.Done && l.Plan == plan })
	if end < 0 {
		return nil, fmt.Sprintf("segment %d has %d lists, and none of them ends the segment for this plan", segment, len(lists))
	}
	for at := end; at >= 0; {
		list := lists[at]
		chain = append(chain, list)
		if list.follows(SegmentList{Invocation: -1}) {
			slices.Reverse(chain)
			return chain, ""
		}
		at = slices.IndexFunc(lists, list.follows)
	}
	return nil, fmt.Sprintf("in segment %d, the list of invocation %d does not follow a list before it", segment, chain[len(chain)-1].Invocation)
}

// follows reports whether l begins where the list before it ended.
func (l SegmentList) follows(before SegmentList) bool {
	return l.Invocation == before.Invocation+1 && l.After == before.Try && l.FirstPart == before.NextPart && l.Start == before.End && !before.Done
}
