package function_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// exporting returns an execution that exports a table of its own. The export stays in progress until the test ends it.
func exporting(t *testing.T, options exports.Options, fields string) execution {
	t.Helper()
	return execution{
		t: t, name: "run-1", tables: startExports(t, options), start: dawn,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake", %s}`, testservers.Orders(t, 50), testservers.Bucket(t), fields),
	}
}

// placesOf returns the table and the bucket of an execution.
func placesOf(t *testing.T, e execution) (table, bucket string) {
	t.Helper()
	var req struct{ Table, Bucket string }
	if err := json.Unmarshal([]byte(e.request), &req); err != nil {
		t.Fatal(err)
	}
	return req.Table, req.Bucket
}

func bucketOf(t *testing.T, e execution) string {
	t.Helper()
	_, bucket := placesOf(t, e)
	return bucket
}

func wantExports(t *testing.T, e execution, want int) {
	t.Helper()
	if n := len(e.tables.Exports()); n != want {
		t.Errorf("%d exports were made, want %d", n, want)
	}
}

func TestExportReturnsItsResult(t *testing.T) {
	t.Parallel()
	e := exporting(t, exports.Options{Checks: 3}, `"export": {}`)
	result, err := e.runExport()
	if err != nil {
		t.Fatal(err)
	}
	made := e.tables.Exports()
	if len(made) != 1 || len(result.Exports) != 1 {
		t.Fatalf("%d exports were made, the result has %d", len(made), len(result.Exports))
	}
	window := result.Exports[0]
	if window.ExportARN != made[0].ARN || window.ExportType != request.ExportFull || !window.ExportTime.Equal(dawn) || window.Followed ||
		window.Manifest != "s3://"+result.Bucket+"/"+made[0].Manifest || result.Manifest != window.Manifest ||
		result.Items != 50 || result.Items != window.Items || result.Objects != window.Objects || result.Objects != 4 ||
		result.Bytes == 0 || result.Bytes != window.Bytes || result.BilledBytes == 0 || result.BilledBytes != window.BilledBytes ||
		result.Mode != request.ModeExport || result.RunID != "run-1" || result.Reason != "" {
		t.Errorf("got %+v", result)
	}
	if result.Dollars <= 0 {
		t.Errorf("the export has cost $%g", result.Dollars)
	}
	e.prices = price.Prices{price.FullExport: 1000} // since then, the deployment has other prices
	again, err := e.runExport()
	if diff := cmp.Diff(result, again); err != nil || diff != "" {
		t.Errorf("the second result: %v, (-first +again):\n%s", err, diff)
	}
	e.request = strings.Replace(e.request, `"lake"`, `"lake", "bucketOwner": "000000000000"`, 1)
	_, err = e.runExport()
	wantName(t, err, failure.RunNameTaken, "was begun with another request")
	wantExports(t, e, 1)
}

func TestExportsThatAreInProgressAreFollowed(t *testing.T) {
	t.Parallel()
	e := exporting(t, exports.Options{}, `"export": {"maxAttempts": 2}`)
	e.tables.Hold()
	_, err := e.runExport()
	wantName(t, err, failure.ExportTimedOut, e.tables.Exports()[0].ARN, "after 2 checks, 30 s apart", "redrive this execution", "aws dynamodb describe-export --export-arn "+e.tables.Exports()[0].ARN)

	redriven := e
	redriven.redrives = 1
	_, err = redriven.runExport() // it checks twice more, without success
	wantName(t, err, failure.ExportTimedOut, "after 4 checks")

	other := e
	other.name = "run-2"
	_, err = other.runExport()
	wantName(t, err, failure.ExportTimedOut, e.tables.Exports()[0].ARN)
	wantExports(t, e, 1)

	e.tables.Advance(9 * time.Hour) // DynamoDB forgets the client token
	e.tables.Finish()
	for _, each := range []execution{e, other} {
		result, err := each.runExport()
		if err != nil {
			t.Fatal(err)
		}
		if window := result.Exports[0]; window.ExportARN != e.tables.Exports()[0].ARN || window.Followed != (each.name == "run-2") || result.Items != 50 {
			t.Errorf("%s: %+v", each.name, result)
		}
	}
	wantExports(t, e, 1)
}

// An export is the same only if it was requested with the same parameters for the same moment.
func TestOtherExportsAreNotFollowed(t *testing.T) {
	t.Parallel()
	e := exporting(t, exports.Options{}, `"export": {"maxAttempts": 1}`)
	e.tables.Hold()
	_, err := e.runExport()
	wantName(t, err, failure.ExportTimedOut)
	for i, change := range []struct{ old, new string }{
		{`"prefix": "lake"`, `"prefix": "lake2"`},
		{`"export": {`, `"export": {"exportTime": "2026-01-31T05:00:00Z", `},
		{`"export": {`, `"export": {"from": "2026-01-31T04:00:00Z", "to": "2026-01-31T05:00:00Z", `},
		{`"export": {`, `"export": {"s3SseAlgorithm": "KMS", `},
		{`"export": {`, `"export": {"filter": {"FilterExpression": "attribute_exists(orderId)"}, `},
	} {
		other := e
		other.name = fmt.Sprintf("other-%d", i)
		other.request = strings.Replace(e.request, change.old, change.new, 1)
		_, err := other.runExport()
		wantName(t, err, failure.ExportTimedOut)
		wantExports(t, e, 2+i)
	}
	e.tables.Finish()
}

// A request without an encryption gets DynamoDB's default, and not the KMS key of another's export.
func TestExportWithAnotherEncryptionIsNotFollowed(t *testing.T) {
	t.Parallel()
	e := exporting(t, exports.Options{Checks: 3}, `"export": {"s3SseAlgorithm": "KMS"}`)
	e.begin()
	other := e
	other.name, other.request = "run-2", strings.Replace(e.request, `"s3SseAlgorithm": "KMS"`, ``, 1)
	if result, err := other.runExport(); err != nil || result.Exports[0].Followed {
		t.Errorf("got %+v, %v", result, err)
	}
	wantExports(t, e, 2)
}

func TestExportWhoseAnswerWasLostIsFound(t *testing.T) {
	t.Parallel()
	e := exporting(t, exports.Options{}, `"export": {"exportTime": "2026-01-31T05:00:00Z"}`)
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call[run.ExportProgress](e, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export}); err != nil {
		t.Fatal(err)
	}
	// The journal is the one from before the answer.
	var journal ledger.Journal
	if err := json.Unmarshal([]byte(get(t, planned.Plan.Bucket, planned.Plan.Journal())), &journal); err != nil {
		t.Fatal(err)
	}
	journal.Pending[0].ExportARN = ""
	body, err := json.Marshal(journal)
	if err != nil {
		t.Fatal(err)
	}
	put(t, planned.Plan.Bucket, planned.Plan.Journal(), string(body))
	e.tables.Finish()
	e.tables.Advance(10 * time.Hour) // a token is valid for eight hours
	result, err := e.runExport()
	if err != nil || result.Exports[0].Followed {
		t.Errorf("%+v, %v", result, err)
	}
	wantExports(t, e, 1)
}

func TestFailedExports(t *testing.T) {
	t.Parallel()
	t.Run("are tried again if another try can help", func(t *testing.T) {
		t.Parallel()
		e := exporting(t, exports.Options{}, `"export": {}`)
		e.tables.Fail("InternalServerError", "no luck", 1)
		result, err := e.runExport()
		if err != nil || result.Items != 50 || result.Exports[0].ExportARN != e.tables.Exports()[1].ARN {
			t.Errorf("%+v, %v", result, err)
		}
		wantExports(t, e, 2)
	})
	t.Run("that fail again end with their own code", func(t *testing.T) {
		t.Parallel()
		e := exporting(t, exports.Options{}, `"export": {}`)
		e.tables.Fail("InternalServerError", "no luck", 2)
		_, err := e.runExport()
		wantName(t, err, "InternalServerError", e.tables.Exports()[1].ARN, "has failed: no luck")
		_, err = e.runExport() // Retry asks again, without success
		wantName(t, err, "InternalServerError")
		wantExports(t, e, 2)
		e.redrives = 1
		if result, err := e.runExport(); err != nil || result.Items != 50 {
			t.Errorf("redriven: %+v, %v", result, err)
		}
		wantExports(t, e, 3)
	})
	for _, code := range []failure.Name{"S3AccessDenied", "S3NoSuchBucket", "KmsNotFoundException"} {
		t.Run("are not tried again: "+string(code), func(t *testing.T) {
			t.Parallel()
			e := exporting(t, exports.Options{}, `"export": {}`)
			e.tables.Fail(string(code), "not yours", 1)
			_, err := e.runExport()
			wantName(t, err, code, "has failed: not yours", "redrive this execution or start another")
			wantExports(t, e, 1)
			e.redrives = 1 // somebody has removed the cause
			if result, err := e.runExport(); err != nil || result.Items != 50 {
				t.Errorf("redriven: %+v, %v", result, err)
			}
		})
	}
	t.Run("in a chain are repeated by the next run", func(t *testing.T) {
		t.Parallel()
		c := newChain(t)
		end := wantFull(t, c.run(), "begins here")
		c.tables.Advance(26 * time.Hour)
		c.tables.Fail("S3AccessDenied", "not yours", 1)
		_, err := c.next().runExport()
		wantName(t, err, "S3AccessDenied")
		c.tables.Advance(time.Hour)
		wantWindows(t, c.run(), end, 24*time.Hour, 2*time.Hour, time.Hour)
		if n := len(c.tables.Exports()); n != 5 {
			t.Errorf("%d exports were made, want the successful one of two pending exports kept", n)
		}
	})
	t.Run("in a chain are replaced by a full one when they are too old", func(t *testing.T) {
		t.Parallel()
		c := newChain(t)
		wantFull(t, c.run(), "begins here")
		c.tables.Advance(time.Hour)
		c.tables.Fail("S3AccessDenied", "not yours", 1)
		_, err := c.next().runExport()
		wantName(t, err, "S3AccessDenied")
		c.tables.Advance(40 * 24 * time.Hour)
		wantFull(t, c.run(), "the run is too late")
	})
}

// After a quota stops the start of exports, the exports that have started are followed.
func TestCatchUpContinuesAfterALimit(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "begins here")
	c.tables.Advance(50 * time.Hour)
	e := c.next()
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	c.tables.Refuse("ExportTableToPointInTime", "LimitExceededException", "enough", 1)
	_, err = e.export(planned)
	wantName(t, err, failure.ExportLimitReached, "(enough)")
	result, err := e.runExport()
	if err != nil {
		t.Fatal(err)
	}
	wantWindows(t, result, end, 24*time.Hour, 24*time.Hour, 2*time.Hour)
	if n := len(c.tables.Exports()); n != 4 {
		t.Errorf("%d exports were made, want 4", n)
	}
}

func TestExportThatIsNotWholeIsNotCommitted(t *testing.T) {
	t.Parallel()
	first := func(t *testing.T, bucket, part string) string {
		t.Helper()
		for _, key := range testservers.Keys(t, bucket, "lake/AWSDynamoDB/0") {
			if strings.Contains(key, part) {
				return key
			}
		}
		t.Fatalf("no %s", part)
		return ""
	}
	for _, test := range []struct {
		name, fields string
		spoil        func(t *testing.T, bucket string)
		words        string
	}{
		{"a file was removed", `{}`, func(t *testing.T, bucket string) { remove(t, bucket, first(t, bucket, "/data/")) }, "is missing"},
		{"a file was changed", `{}`, func(t *testing.T, bucket string) { put(t, bucket, first(t, bucket, "/data/"), "x") }, "has the ETag"},
		{"a file of a window was removed", `{"from": "2026-01-31T04:00:00Z", "to": "2026-01-31T05:00:00Z"}`, func(t *testing.T, bucket string) {
			remove(t, bucket, testservers.Keys(t, bucket, "lake/AWSDynamoDB/data/")[0])
		}, "is missing"},
		{"the list of files was cut", `{}`, func(t *testing.T, bucket string) {
			key := first(t, bucket, "manifest-files.json")
			put(t, bucket, key, strings.SplitAfter(get(t, bucket, key), "\n")[0])
		}, "manifest-files.md5 says"},
		{"the summary was removed", `{}`, func(t *testing.T, bucket string) { remove(t, bucket, first(t, bucket, "manifest-summary.json")) }, "is missing"},
		{"the summary is another's", `{}`, func(t *testing.T, bucket string) {
			for _, part := range []string{"manifest-summary.checksum", "manifest-summary.md5"} {
				remove(t, bucket, first(t, bucket, part))
			}
			put(t, bucket, first(t, bucket, "manifest-summary.json"), `{"exportArn": "arn:other"}`)
		}, "is the manifest of export arn:other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := exporting(t, exports.Options{}, `"export": `+test.fields)
			planned, err := e.plan()
			if err != nil {
				t.Fatal(err)
			}
			if planned.Export, err = e.export(planned); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, bucketOf(t, e))
			_, err = call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: planned.Export})
			wantName(t, err, failure.ExportIncomplete, "nothing was committed", test.words)
			if keys := testservers.Keys(t, bucketOf(t, e), planned.Plan.Layout().Result()); len(keys) > 0 {
				t.Error("the run has a result")
			}
		})
	}
}

// A wait that Step Functions would end early is refused before an export costs anything.
func TestImpossibleWaitIsRefused(t *testing.T) {
	t.Parallel()
	for fields, words := range map[string]string{
		`"export": {"maxAttempts": 1000000, "checkIntervalSeconds": 1}`:   "export.maxAttempts: got 1000000, whose checks make a history of 28",
		`"export": {"maxAttempts": 40000, "checkIntervalSeconds": 86400}`: "got 40000 checks, at 86400 s each a wait of 40000 days, want at most 365 days",
	} {
		e := exporting(t, exports.Options{}, fields)
		_, err := e.plan()
		wantName(t, err, failure.InvalidRequest, words)
		if keys := testservers.Keys(t, bucketOf(t, e), ""); len(keys) > 0 {
			t.Errorf("%v were written", keys)
		}
	}
}
