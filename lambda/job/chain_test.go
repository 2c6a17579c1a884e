package job_test

import (
	"testing"

	"dynamodb-to-s3/lambda/job"
)

func TestChain(t *testing.T) {
	t.Parallel()
	// list returns the list of an invocation that wrote the parts [first, next) between two positions.
	list := func(invocation, first, next int, start, end string) job.SegmentList {
		return job.SegmentList{Segment: 4, Invocation: invocation, FirstPart: first, NextPart: next, Start: start, End: end, Done: end == ""}
	}
	for _, test := range []struct {
		name  string
		lists []job.SegmentList
		end   int
		fault string
	}{
		{"one invocation", []job.SegmentList{list(0, 0, 3, "", "")}, 1, ""},
		{"three that follow", []job.SegmentList{list(0, 0, 3, "", "a"), list(1, 3, 3, "a", "b"), list(2, 3, 9, "b", "")}, 3, ""},
		{"one, and leftovers of a try that took more", []job.SegmentList{list(0, 0, 3, "", ""), list(1, 2, 5, "x", "y"), list(2, 5, 9, "y", "")}, 1, ""},
		{"none", nil, 0, "segment 4 has 0 lists and none of its end"},
		{"no end", []job.SegmentList{list(0, 0, 3, "", "a")}, 0, "segment 4 has 1 lists and none of its end"},
		{"no start", []job.SegmentList{list(1, 0, 3, "", "")}, 0, "in segment 4 the list of invocation 1 does not follow on the one before"},
		{"a gap in the invocations", []job.SegmentList{list(0, 0, 3, "", "a"), list(2, 3, 5, "a", "")}, 0, "in segment 4 the list of invocation 2 does not follow on the one before"},
		{"a gap in the parts", []job.SegmentList{list(0, 0, 3, "", "a"), list(1, 4, 5, "a", "")}, 0, "in segment 4 the list of invocation 1 does not follow on the one before"},
		{"a part named twice", []job.SegmentList{list(0, 0, 3, "", "a"), list(1, 2, 5, "a", "")}, 0, "in segment 4 the list of invocation 1 does not follow on the one before"},
		{"a gap in the table", []job.SegmentList{list(0, 0, 3, "", "a"), list(1, 3, 5, "b", "")}, 0, "in segment 4 the list of invocation 1 does not follow on the one before"},
		{"not from the start of the table", []job.SegmentList{list(0, 0, 3, "a", "")}, 0, "in segment 4 the list of invocation 0 does not follow on the one before"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if end, fault := job.Chain(4, test.lists); end != test.end || fault != test.fault {
				t.Errorf("got %d, %q, want %d, %q", end, fault, test.end, test.fault)
			}
		})
	}
}
