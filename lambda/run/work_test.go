package run_test

import (
	"maps"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// The work of a run is the sum over its lists, in any order. It leaves the lists as they are.
func TestWorkOfARunIsTheSumOfItsLists(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Date(2026, 1, 31, 6, 0, second, 0, time.UTC) }
	lists := []run.SegmentList{
		{StartTime: at(5), EndTime: at(40), Totals: run.Totals{Pages: 3, PageBytes: 300}, Work: run.Work{WaitSeconds: 0.1, FlushSeconds: 0.7, ThrottledTries: 4, Throttles: map[string]int64{"a": 3, "b": 2}}},
		{StartTime: at(2), EndTime: at(20), Totals: run.Totals{Pages: 1, PageBytes: 100}, Work: run.Work{WaitSeconds: 0.2}},
		{StartTime: at(20), EndTime: at(21), Totals: run.Totals{Pages: 1, PageBytes: 50}, Work: run.Work{ThrottledTries: 1, Throttles: map[string]int64{"a": 1}}},
	}
	want := run.WorkTotals{
		Invocations: 3, Pages: 5, PageBytes: 450, StartTime: at(2), EndTime: at(40), Seconds: 54, WaitSeconds: 0.3, FlushSeconds: 0.7,
		ThrottledTries: 5, Throttles: map[string]int64{"a": 4, "b": 2},
	}
	for first := range lists {
		var all, rest run.WorkTotals // the sum of parts, one of which can be empty
		for i := range lists {
			if i == first {
				rest.Add(lists[i].Worked())
			} else {
				all.Add(lists[i].Worked())
			}
		}
		for _, part := range []run.WorkTotals{{}, rest, {}} {
			all.Add(part)
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("list %d last (-want +got):\n%s", first, diff)
		}
	}
	if !maps.Equal(lists[0].Work.Throttles, map[string]int64{"a": 3, "b": 2}) {
		t.Errorf("a list has changed: %v", lists[0].Work.Throttles)
	}
}
