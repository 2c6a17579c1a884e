package job

import "fmt"

// Chain follows a segment's lists from its start to its end and returns how many that takes, or what is wrong. Each must
// follow on the one before: in its number, its first part, and the position in the table. What comes after the end is not
// looked at: it is of an earlier try that needed more invocations.
func Chain(segment int, lists []SegmentList) (end int, fault string) {
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
