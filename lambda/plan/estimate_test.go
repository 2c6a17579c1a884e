package plan_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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
	for i := range 10 {
		if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: fmt.Sprint(i)}, "at": &types.AttributeValueMemberS{Value: "now"},
			"text": &types.AttributeValueMemberS{Value: strings.Repeat("a", 8<<10)},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	const fields = `{"table": %q, "bucket": %q, "readUnitsPerSecond": 5, "maxReadUnits": 15%s}`
	output, err := planOf80KB(t, fmt.Sprintf(fields, table, in, `, "explain": true`))
	if err != nil || output.Explained == nil || len(output.Segments) != 0 {
		t.Fatalf("got %+v, %v", output.Explained, err)
	}
	if got := output.Explained.Run; got.ReadUnits < 10 || got.ReadUnits > 16 || got.Bound != run.BoundPace || got.Bounds[0].Seconds < 2 || got.Bounds[0].Seconds > 5 || got.Segments != 1 {
		t.Errorf("got %+v, want 10 items of a read unit each, most of them rounded up, at 5 a second", got)
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

// of100GB is a table with on-demand capacity that costs $1.53 to read.
func of100GB(table map[string]any) {
	table["TableSizeBytes"], table["ItemCount"] = 100e9, 1e8
	table["BillingModeSummary"] = map[string]any{"BillingMode": "PAY_PER_REQUEST"}
}

// A limit of dollars refuses a run, and limits the read units of a run that begins. Read units of provisioned capacity cost nothing.
func TestLimitOfDollars(t *testing.T) {
	table, in := tableWithIndexes(t), testservers.Bucket(t)
	start := time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)
	run := func(change tables, name, fields string) (run.PlanOutput, error) {
		return planOf(t, change, start, &executions.Memory{Others: execution.Running}, name, fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, in, fields))
	}
	for _, fields := range []string{`"maxDollars": 1.5`, `"maxDollars": 9.5, "export": {}`, `"maxDollars": 0.1, "export": {"from": "2026-01-30T00:00:00Z", "to": "2026-01-31T00:00:00Z"}`} {
		if _, err := run(of100GB, "run-1", fields); failure.NameOf(err) != failure.EstimateAboveLimit || !strings.Contains(err.Error(), "maxDollars allows $") {
			t.Errorf("%s: got %v", fields, err)
		}
	}
	first, err := run(of100GB, "run-1", `"maxDollars": 2`)
	if err != nil || first.Plan.Scan.MaxReadUnits < 15e6 || first.Plan.Scan.MaxReadUnits > 16e6 {
		t.Fatalf("got %+v, %v: want a limit of nearly 16 million read units", first.Plan.Scan, err)
	}
	for limit, want := range map[string]float64{`"maxDollars": 4`: 31.5e6, `"maxDollars": 4, "maxReadUnits": 5e6`: 5e6, `"maxReadUnits": 6e6`: 6e6, `"maxDollars": 0.0001`: 1} {
		again, err := run(of100GB, "run-1", limit)
		if err != nil || math.Abs(again.Plan.Scan.MaxReadUnits-want) > want/50 || again.Plan.Digest() != first.Plan.Digest() {
			t.Errorf("%s: got %+v, %v, want a limit of %g read units", limit, again.Plan.Scan, err, want)
		}
	}
	free, err := run(func(table map[string]any) { of100GB(table); delete(table, "BillingModeSummary") }, "run-2", `"maxDollars": 1`)
	if err != nil || free.Plan.Scan.MaxReadUnits != 0 || !free.Plan.Estimate.Provisioned {
		t.Errorf("got %+v, %v, want no limit of read units", free.Plan.Scan, err)
	}
	if exported, err := run(of100GB, "run-3", `"maxDollars": 11, "export": {"from": "last"}`); err != nil || exported.Plan.Estimate.Dollars < 10 {
		t.Errorf("got %+v, %v: a chain begins with a full export", exported.Plan.Estimate, err)
	}
}

// An explanation compares all ways, and says what would be refused.
func TestExplanationComparesWays(t *testing.T) {
	table, in := testservers.Orders(t, 100), testservers.Bucket(t)
	for fields, want := range map[string]run.Kind{`"maxReadUnits": 5`: run.KindScanOnDemand, `"maxDollars": 0.001, "export": {}`: run.KindFullExport, `"export": {"from": "last"}`: run.KindFullExport} {
		output, err := planOf(t, of100GB, time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC), &executions.Memory{Others: execution.Running}, "run-1",
			fmt.Sprintf(`{"table": %q, "bucket": %q, "explain": true, %s}`, table, in, fields))
		if err != nil {
			t.Fatal(err)
		}
		got := output.Explained
		if got.Run.Kind != want || len(got.Alternatives) != 3 || got.Recommendation == "" || got.Reason == "" || strings.Contains(fields, "max") != (got.Refusal != "") {
			t.Errorf("%s: got %+v", fields, got)
		}
		kinds := map[run.Kind]bool{got.Run.Kind: true}
		for _, other := range got.Alternatives {
			if kinds[other.Kind] = true; other.Dollars <= 0 || other.Seconds <= 0 {
				t.Errorf("%s: got %+v", fields, other)
			}
		}
		if len(kinds) != 4 {
			t.Errorf("%s: got only %v", fields, kinds)
		}
	}
}

// DynamoDB says 0 bytes of a table that was just filled. A run with a limit then takes a sample, so that the limit refuses what is above it. Without
// a limit, there is no sample, and nothing is expected.
func TestYoungTable(t *testing.T) {
	table, in := testservers.Orders(t, 2000), testservers.Bucket(t)
	request := func(fields string) string { return fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, in, fields) }
	if _, err := planRun(t, "run-1", request(`, "maxReadUnits": 40`)); failure.NameOf(err) != failure.EstimateAboveLimit {
		t.Errorf("got %v, and the table costs more than 80 read units", err)
	}
	if limited, err := planRun(t, "run-1", request(`, "maxReadUnits": 200`)); err != nil || limited.Plan.Estimate.ReadUnits < 60 || limited.Plan.Estimate.ReadUnits > 120 {
		t.Errorf("got %+v, %v", limited.Plan.Estimate, err)
	}
	if free, err := planRun(t, "run-2", request("")); err != nil || *free.Plan.Estimate != (run.Estimated{}) {
		t.Errorf("got %+v, %v", free.Plan.Estimate, err)
	}
}
