package function_test

import (
	"testing"

	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"
)

// After an execution has scanned a segment, finalize may have begun. If a late invocation replaced the list of the segment's end then, two
// invocations of finalize could commit and remove the same objects.
func TestEndOfASegmentNeverChangesWithinAnExecution(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, begunItems)
	for _, test := range []struct {
		name      string
		takenOver bool
	}{
		{"the execution has scanned it", false},
		{"the execution has taken it over", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := begin(t, table)
			b.scan(100)
			own, plan := b.first, b.plan
			if test.takenOver {
				b.states.Set(own.id(), status.Failed, long())
				own.name = "e-2"
				planned, err := own.plan()
				if err != nil {
					t.Fatal(err)
				}
				plan = planned.Plan
				if _, err := own.scan(plan, 0); err != nil {
					t.Fatal(err)
				}
			}
			end := b.layout.SegmentEnd(0)
			if got := b.listed(end).Takeovers; got != len(plan.TakenOver) {
				t.Errorf("the list is of takeover %d, want %d", got, len(plan.TakenOver))
			}
			before := get(t, b.bucket, end)
			b.abort(end)
			if _, err := own.scan(plan, 0); err != nil { // an invocation that begins late
				t.Error(err)
			}
			if get(t, b.bucket, end) != before {
				t.Error("the list has changed")
			}
			_, err := own.finalize(plan)
			wantName(t, err, failure.UploadGone, "nothing was committed")
		})
	}
}
