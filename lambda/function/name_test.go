package function_test

import (
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
)

// A name is used again after somebody removed the claim of the earlier run. The earlier run's commit is not the later run's result.
func TestCommitOfAnEarlierRunIsNotReturned(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]failure.Name{"SCAN": failure.ListsInconsistent, "EXPORT": failure.RunNameTaken} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			tables := startExports(t, exports.Options{Checks: 1})
			table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
			e := execution{t: t, name: "run-1", tables: tables, start: tables.Now(), request: fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": %q}`, table, bucket, mode)}
			whole := e.run
			if mode == "EXPORT" {
				whole = e.runExport
			}
			result, err := whole()
			if err != nil {
				t.Fatal(err)
			}
			remove(t, bucket, result.Root+"/_started")
			e.start = e.start.Add(91 * 24 * time.Hour)
			whole = e.run
			if mode == "EXPORT" {
				whole = e.runExport
			}
			_, err = whole()
			wantName(t, err, want, "began at 2026-01-31T06:00:00Z", "Choose another name for the execution")
		})
	}
}

// A run is begun, somebody removes its claim, and a run of the same name begins. What the earlier run has left is not the later run's,
// whether or not both began at the same time.
func TestWhatAnEarlierRunLeftIsNotUsed(t *testing.T) {
	t.Parallel()
	for _, later := range []time.Duration{0, time.Hour} {
		for _, pace := range []string{"", `, "readUnitsPerSecond": 100000`} {
			t.Run(later.String()+pace, func(t *testing.T) {
				t.Parallel()
				table, bucket := testservers.Orders(t, 120), testservers.Bucket(t)
				e := execution{
					t: t, name: "run-1", hurry: 5 * time.Minute, start: time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC),
					request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 12}%s}`, table, bucket, pace),
				}
				planned := e.scanned()
				layout := planned.Plan.Layout()
				remove(t, bucket, layout.Claim())
				testservers.ReplaceOrders(t, testservers.DynamoDB(), table, many)
				e.start = e.start.Add(later)
				result, err := e.run()
				if err != nil {
					t.Fatal(err)
				}
				holds(t, bucket, result)
				if left := testservers.Keys(t, bucket, layout.PaceMarkers()); len(left) > 0 || result.Foreign != nil {
					t.Errorf("%v are left; foreign is %+v", left, result.Foreign)
				}
			})
		}
	}
}
