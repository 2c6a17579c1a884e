package main

import (
	"testing"

	"dynamodb-to-s3/lambda/run"
)

// The summary has one more line only if something has slowed the scan down.
func TestSummarySaysWhatSlowedTheScan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		work *run.WorkTotals
		want string
	}{
		{nil, ""},
		{&run.WorkTotals{Seconds: 9, WaitSeconds: 0.9}, ""},
		{&run.WorkTotals{Seconds: 9, WaitSeconds: 4.25}, "throttled: 0 tries were refused; the segments waited 4.2 s of 9.0 s for the pace or after throttles\n"},
		{&run.WorkTotals{Seconds: 9, ThrottledTries: 3}, "throttled: 3 tries were refused; the segments waited 0.0 s of 9.0 s for the pace or after throttles\n"},
	} {
		if got := describeWork(test.work); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.work, got, test.want)
		}
	}
}
