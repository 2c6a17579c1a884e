package run_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"
)

func TestChain(t *testing.T) {
	t.Parallel()
	// list returns the list of a try at an invocation. It follows the try after, wrote the parts [first, next) and scanned from
	// start to end.
	list := func(invocation int, try, after string, first, next int, start, end string) run.SegmentList {
		return run.SegmentList{
			Segment: 4, Plan: "p", Invocation: invocation, Try: try, After: after, FirstPart: first, NextPart: next, Start: start, End: end, Done: end == "",
		}
	}
	first := list(0, "a", "", 0, 3, "", "x")
	const broken = "in segment 4, the list of invocation 1 does not follow a list before it"
	for _, test := range []struct {
		name  string
		lists []run.SegmentList
		chain string // the tries
		fault string
	}{
		{"one invocation", []run.SegmentList{list(0, "a", "", 0, 3, "", "")}, "a", ""},
		{"three lists that follow each other", []run.SegmentList{first, list(1, "b", "a", 3, 3, "x", "y"), list(2, "c", "b", 3, 9, "y", "")}, "abc", ""},
		{"one chain, and lists of tries that did not end", []run.SegmentList{list(0, "b", "", 0, 2, "", "w"), list(1, "c", "b", 2, 5, "w", "y"), list(0, "a", "", 0, 3, "", "")}, "a", ""},
		{"two tries with the same end, one of which was continued", []run.SegmentList{first, list(0, "b", "", 0, 3, "", "x"), list(1, "c", "b", 3, 4, "x", "")}, "bc", ""},
		{"two tries that ended elsewhere", []run.SegmentList{first, list(0, "b", "", 0, 2, "", "w"), list(1, "c", "b", 2, 3, "w", "x"), list(1, "d", "a", 3, 4, "x", "")}, "ad", ""},
		{"none", nil, "", "segment 4 has 0 lists, and none of them ends the segment for this plan"},
		{"no end", []run.SegmentList{first}, "", "segment 4 has 1 lists, and none of them ends the segment for this plan"},
		{"the end of another plan", []run.SegmentList{{Segment: 4, Plan: "q", Try: "a", Done: true}}, "", "segment 4 has 1 lists, and none of them ends the segment for this plan"},
		{"no start", []run.SegmentList{list(1, "b", "", 0, 3, "", "")}, "", broken},
		{"a gap in the invocations", []run.SegmentList{first, list(2, "b", "a", 3, 5, "x", "")}, "", "in segment 4, the list of invocation 2 does not follow a list before it"},
		{"a gap in the parts", []run.SegmentList{first, list(1, "b", "a", 4, 5, "x", "")}, "", broken},
		{"a part named twice", []run.SegmentList{first, list(1, "b", "a", 2, 5, "x", "")}, "", broken},
		{"a gap in the table", []run.SegmentList{first, list(1, "b", "a", 3, 5, "y", "")}, "", broken},
		{"a try that is not there", []run.SegmentList{first, list(1, "b", "c", 3, 5, "x", "")}, "", broken},
		{"after the end", []run.SegmentList{list(1, "b", "a", 3, 5, "", ""), list(0, "a", "", 0, 3, "", "")}, "", broken},
		{"not from the start of the table", []run.SegmentList{list(0, "a", "", 0, 3, "x", "")}, "", "in segment 4, the list of invocation 0 does not follow a list before it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			chain, fault := run.Chain("p", 4, test.lists)
			var tries []string
			for _, list := range chain {
				tries = append(tries, list.Try)
			}
			if got := strings.Join(tries, ""); got != test.chain || fault != test.fault {
				t.Errorf("got %q, %q, want %q, %q", got, fault, test.chain, test.fault)
			}
		})
	}
}
