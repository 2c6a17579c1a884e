package function_test

import (
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// begin plans an execution and calls the export function once. The export stays in progress.
func (e execution) begin() {
	e.t.Helper()
	planned, err := e.plan()
	if err != nil {
		e.t.Fatal(err)
	}
	progress, err := call[run.ExportProgress](e, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export})
	if err != nil || !progress.InProgress {
		e.t.Fatalf("got %+v, %v, want an export in progress", progress, err)
	}
}

// after returns a second execution of the request that starts later. Just before, an item is written.
func (e execution) after(wait time.Duration) execution {
	e.t.Helper()
	e.tables.Advance(wait)
	table, _ := placesOf(e.t, e)
	if _, err := dynamodb.NewFromConfig(e.tables.AWS()).PutItem(e.t.Context(), &dynamodb.PutItemInput{
		TableName: &table, Item: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "just before"}},
	}); err != nil {
		e.t.Fatal(err)
	}
	e.name, e.start = "run-2", e.tables.Now()
	return e
}

// wantAllItems fails the test unless the result is of an export that the run started itself, with the item written just before.
func wantAllItems(t *testing.T, e execution, result run.Result) {
	t.Helper()
	if result.Items != 51 || len(result.Exports) != 1 || result.Exports[0].Followed || result.Exports[0].ExportTime.Before(e.start) {
		t.Errorf("got %+v, want all 51 items, from an export that is not older than %s", result, e.start)
	}
}

// Another run's export of now is in progress. Its snapshot does not have an item that was written since.
func TestExportOfNowHasWhatWasWrittenBeforeIt(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{time.Millisecond, time.Second, 4*time.Minute + 59*time.Second, time.Hour} {
		t.Run(fmt.Sprint(wait), func(t *testing.T) {
			t.Parallel()
			first := exporting(t, exports.Options{Checks: 3}, `"export": {}`)
			first.begin()
			second := first.after(wait)
			result, err := second.runExport()
			if err != nil {
				t.Fatal(err)
			}
			wantAllItems(t, second, result)
			wantExports(t, first, 2)
		})
	}
}

// After its own export has failed, a redriven run does not follow the older export either.
func TestExportOfNowThatIsTriedAgainHasWhatWasWrittenBeforeIt(t *testing.T) {
	t.Parallel()
	first := exporting(t, exports.Options{Checks: 10}, `"export": {}`)
	first.begin()
	second := first.after(time.Minute)
	first.tables.Fail("S3AccessDenied", "not yours", 1)
	_, err := second.runExport()
	wantName(t, err, "S3AccessDenied")
	second.redrives = 1
	result, err := second.runExport()
	if err != nil {
		t.Fatal(err)
	}
	wantAllItems(t, second, result)
	wantExports(t, first, 3)
}

// A run was removed from the bucket, and its name is used again while DynamoDB still knows the client token.
func TestExportOfNowUnderAnOldNameHasWhatWasWrittenBeforeIt(t *testing.T) {
	t.Parallel()
	first := exporting(t, exports.Options{}, `"export": {}`)
	if _, err := first.runExport(); err != nil {
		t.Fatal(err)
	}
	bucket := bucketOf(t, first)
	for _, key := range testservers.Keys(t, bucket, "") {
		remove(t, bucket, key)
	}
	again := first.after(time.Minute)
	again.name = first.name
	result, err := again.runExport()
	if err != nil {
		t.Fatal(err)
	}
	wantAllItems(t, again, result)
}
