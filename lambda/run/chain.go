package run

import (
	"fmt"
	"slices"
)

// Chain returns those of a segment's lists that lead from its start to its end, in their order, or says what is wrong. The list of
// the end is there once, and from there each names the one that it follows: its number, its try, its last part and the position in
// the table must be those. The other lists are of tries that led nowhere, or elsewhere.
func Chain(segment int, lists []SegmentList) (chain []SegmentList, fault string) {
	end := slices.IndexFunc(lists, func(l SegmentList) bool { return l.Done })
	if end < 0 {
		return nil, fmt.Sprintf("segment %d has %d lists and none of its end", segment, len(lists))
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
	return nil, fmt.Sprintf("in segment %d the list of invocation %d does not follow on the one before", segment, chain[len(chain)-1].Invocation)
}

// follows tells whether l goes on where the list before it has ended.
func (l SegmentList) follows(before SegmentList) bool {
	return l.Invocation == before.Invocation+1 && l.After == before.Try && l.FirstPart == before.NextPart && l.Start == before.End && !before.Done
}
