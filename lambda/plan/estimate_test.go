package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// of80KB is a table that costs about 10 read units.
func of80KB(table map[string]any) { table["TableSizeBytes"], table["ItemCount"] = 80<<10, 10 }

// planOf80KB plans a run of such a table.
func planOf80KB(t *testing.T, req string) (run.PlanOutput, error) {
	t.Helper()
	return planOf(t, of80KB, time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC), &executions.Memory{Others: execution.Running}, "run-1", req)
}

// An execution that only explains its run claims nothing, so that the run itself can have the name.
func TestExplanationClaimsNothing(t *testing.T) {
	table, in := tableWithIndexes(t), testservers.Bucket(t)
	const fields = `{"table": %q, "bucket": %q, "readUnitsPerSecond": 5, "maxReadUnits": 15%s}`
	output, err := planOf80KB(t, fmt.Sprintf(fields, table, in, `, "explain": true`))
	if err != nil || output.Explained == nil || len(output.Segments) != 0 {
		t.Fatalf("got %+v, %v", output.Explained, err)
	}
	if got := output.Explained.Run; got.ReadUnits < 9 || got.ReadUnits > 11 || got.Seconds < 1.8 || got.Seconds > 2.2 || got.Segments != 1 {
		t.Errorf("got %+v, want about 10 read units in 2 seconds of 5", got)
	}
	destination := bucket.New(testservers.S3(), output.Plan)
	if _, err := destination.Get(t.Context(), output.Plan.Layout().Claim()); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("the run is claimed: %v", err)
	}
	if output, err = planOf80KB(t, fmt.Sprintf(fields, table, in, "")); err != nil || output.Explained != nil || output.Plan.Estimate == nil {
		t.Errorf("got %+v, %v", output, err)
	}
}

// A run that is expected to consume more than its limit does not begin. The same execution continues with a higher limit.
func TestLimitOfReadUnits(t *testing.T) {
	table, in := tableWithIndexes(t), testservers.Bucket(t)
	request := func(limit float64) string {
		return fmt.Sprintf(`{"table": %q, "bucket": %q, "maxReadUnits": %g}`, table, in, limit)
	}
	if _, err := planOf80KB(t, request(5)); failure.NameOf(err) != failure.EstimateAboveLimit || !strings.Contains(err.Error(), "maxReadUnits allows 5") {
		t.Fatalf("got %v", err)
	}
	first, err := planOf80KB(t, request(20))
	if err != nil || first.Plan.Scan.MaxReadUnits != 20 {
		t.Fatalf("got %+v, %v", first, err)
	}
	for _, limit := range []float64{40, 5} { // it has begun, so the estimate decides nothing any more
		again, err := planOf80KB(t, request(limit))
		if err != nil || again.Plan.Scan.MaxReadUnits != limit || again.Plan.Digest() != first.Plan.Digest() || *again.Plan.Estimate != *first.Plan.Estimate {
			t.Errorf("with a limit of %g: got %+v, %v", limit, again.Plan.Scan, err)
		}
	}
	other := first.Plan
	other.Scan = &run.ScanPlan{Request: first.Plan.Scan.Request, TotalSegments: 2}
	if other.Digest() == first.Plan.Digest() {
		t.Error("another number of segments has the same digest")
	}
}
