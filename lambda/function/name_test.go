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
	for mode, want := range map[string]failure.Name{"SCAN": failure.ListsInconsistent, "EXPORT": failure.ExportIncomplete} {
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
