package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Others may be able to write the claim. A repeat of the run computes the plan from its request and from the table, and takes over only what
// cannot be known again, within bounds. The value of each case is put at its path of an honest claim; "" removes the member.
func TestForgedClaimIsRefused(t *testing.T) {
	t.Parallel()
	table := tableWithIndexes(t)
	const (
		// fixed is a request that fixes everything, open is one that leaves everything to the table.
		fixed = `, "segments": 4, "concurrency": 2, "readUnitsPerSecond": 100, "scan": {"FilterExpression": "#d = :d", "ExpressionAttributeNames": {"#d": "day"},
			"ExpressionAttributeValues": {":d": {"S": "s3cr3t"}}}`
		open    = ``
		part    = `, "scan": {"TotalSegments": 4, "Segment": 3}`
		percent = `, "readPercent": 50`
		records = `, "transform": "select(.day == \"s3cr3t\")"`
		encoded = `, "encoder": "xml"`
		index   = `, "scan": {"IndexName": "by-day"}`
		export  = `, "export": {"exportTime": "2026-01-30T00:00:00Z", "filter": {"FilterExpression": "#d = :d", "ExpressionAttributeNames": {"#d": "day"},
			"ExpressionAttributeValues": {":d": {"S": "s3cr3t"}}}}`
		chain  = `, "export": {"from": "last"}`
		firing = `, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"`
	)
	for _, test := range []struct{ request, path, value, says string }{
		// What the request fixes.
		{fixed, "output.plan.scan.totalSegments", `2`, "output.plan.scan.totalSegments is 2, and must be 4"},
		{fixed, "output.plan.scan.totalSegments", `8`, "output.plan.scan.totalSegments is 8, and must be 4"},
		{fixed, "output.plan.scan.request", `{"Segment": 0, "TotalSegments": 4}`, "is nothing, and must be "},
		{fixed, "output.plan.scan.concurrency", `4`, "output.plan.scan.concurrency is 4, and must be 2"},
		{fixed, "output.concurrency", `4`, "output.concurrency is 4, and must be 2"},
		{fixed, "output.plan.scan.readUnitsPerSecond", `50`, "output.plan.scan.readUnitsPerSecond is 50, and must be 100"},
		{fixed, "output.plan.scan.readUnitsPerSecond", ``, "output.plan.scan.readUnitsPerSecond is nothing, and must be 100"},
		{part, "output.plan.scan.request.Segment", `2`, "output.plan.scan.request.Segment is 2, and must be 3"},
		{part, "output.plan.scan.request.Segment", ``, "output.plan.scan.request.Segment is nothing, and must be 3"},
		// What the scan reads and writes.
		{fixed, "output.plan.scan.request.FilterExpression", ``, `output.plan.scan.request.FilterExpression is nothing, and must be "#d = :d"`},
		{fixed, "output.plan.scan.request.FilterExpression", `"#d <> :d"`, `output.plan.scan.request.FilterExpression is "#d <> :d", and must be "#d = :d"`},
		{fixed, "output.plan.scan.request.ExpressionAttributeValues.:d.S", `"another s3cr3t"`, "output.plan.scan.request.ExpressionAttributeValues has another value"},
		{fixed, "output.plan.scan.request.ExpressionAttributeValues", ``, "output.plan.scan.request.ExpressionAttributeValues has another value"},
		{open, "output.plan.scan.request.FilterExpression", `"attribute_exists(hidden)"`, `output.plan.scan.request.FilterExpression is "attribute_exists(hidden)", and must be nothing`},
		{open, "output.plan.scan.request.ProjectionExpression", `"id"`, `output.plan.scan.request.ProjectionExpression is "id", and must be nothing`},
		{open, "output.plan.scan.request.IndexName", `"by-day"`, `output.plan.scan.request.IndexName is "by-day", and must be nothing`},
		{open, "output.plan.scan.request.Limit", `1`, "output.plan.scan.request.Limit is 1, and must be nothing"},
		{open, "output.plan.scan.request.ConsistentRead", `true`, "output.plan.scan.request.ConsistentRead is true, and must be nothing"},
		{index, "output.plan.scan.request.IndexName", `"by-day-local"`, `output.plan.scan.request.IndexName is "by-day-local", and must be "by-day"`},
		{index, "output.plan.scan.request.IndexName", ``, `output.plan.scan.request.IndexName is nothing, and must be "by-day"`},
		{open, "output.plan.table", `"salaries"`, `output.plan.table is "salaries", and must be "` + table + `"`},
		{open, "output.plan.tableArn", `"arn:aws:dynamodb:us-east-1:000000000000:table/salaries"`, `is of the table "arn:aws:dynamodb:us-east-1:000000000000:table/salaries", and this one would be of`},
		{open, "output.plan.scan.tableRegion", `"eu-west-1"`, `output.plan.scan.tableRegion is "eu-west-1", and must be nothing`},
		{open, "output.plan.scan.sourceRoleArn", `"arn:aws:iam::111111111111:role/reader"`, `output.plan.scan.sourceRoleArn is "arn:aws:iam::111111111111:role/reader", and must be nothing`},
		{open, "output.plan.scan.destinationRoleArn", `"arn:aws:iam::111111111111:role/writer"`, `output.plan.scan.destinationRoleArn is "arn:aws:iam::111111111111:role/writer", and must be nothing`},
		{open, "output.plan.scan.format", `"ION"`, `output.plan.scan.format is "ION", and must be "DYNAMODB_JSON"`},
		{open, "output.plan.scan.compression", `"NONE"`, `output.plan.scan.compression is "NONE", and must be "GZIP"`},
		{open, "output.plan.scan.fileSizeBytes", `1024`, "output.plan.scan.fileSizeBytes is 1024, and must be 134217728"},
		{open, "output.plan.scan.transform", `"empty"`, "output.plan.scan.transform has another value"},
		{records, "output.plan.scan.transform", `"select(.day == \"another s3cr3t\")"`, "output.plan.scan.transform has another value"},
		{records, "output.plan.scan.transform", ``, "output.plan.scan.transform has another value"},
		{open, "output.plan.scan.encoder", `{"name": "xml", "extension": ".xml"}`, `output.plan.scan.encoder is an object, and must be nothing`},
		{encoded, "output.plan.scan.encoder.name", `"another"`, `output.plan.scan.encoder.name is "another", and must be "xml"`},
		{encoded, "output.plan.scan.encoder.extension", `".json"`, `output.plan.scan.encoder.extension is ".json", and must be ".xml"`},
		{encoded, "output.plan.scan.encoder", ``, `output.plan.scan.encoder is nothing, and must be an object`},
		{open, "output.plan.scan.keyNames", `["id"]`, `output.plan.scan.keyNames[1] is nothing, and must be "at"`},
		{open, "output.plan.scan", ``, `output.plan.scan is nothing, and must be an object`},
		{open, "output.plan.mode", `"EXPORT"`, `output.plan.mode is "EXPORT", and must be "SCAN"`},
		{open, "output.plan.version", `2`, `output.plan.version is 2, and must be 1`},
		{open, "version", `2`, "its version is 2, and these functions read version 1"},
		{open, "output.plan.bucket", `"somebody-elses"`, `output.plan.bucket is "somebody-elses", and must be "`},
		{open, "output.plan.bucketOwner", `"111111111111"`, `output.plan.bucketOwner is "111111111111", and must be nothing`},
		{open, "output.plan.kmsKeyId", `"alias/other"`, `output.plan.kmsKeyId is "alias/other", and must be nothing`},
		{open, "output.plan.root", `"AWSDynamoDB/other"`, `output.plan.root is "AWSDynamoDB/other", and must be "AWSDynamoDB/a"`},
		{open, "output.plan.runId", `"other"`, `output.plan.runId is "other", and must be "a"`},
		{open, "requestDigest", `"0"`, "was begun with another request"},
		// What a native export exports.
		{export, "output.plan.export.request.exportTime", `"2026-01-29T00:00:00Z"`, `output.plan.export.request.exportTime is "2026-01-29T00:00:00Z", and must be "2026-01-30T00:00:00Z"`},
		{export, "output.plan.export.request.filter", ``, "output.plan.export.request.filter is nothing, and must be an object"},
		{export, "output.plan.export.request.filter.ExpressionAttributeValues.:d.S", `"x"`, "output.plan.export.request.filter.ExpressionAttributeValues has another value"},
		{export, "output.plan.export.request.s3BucketOwner", `"111111111111"`, `output.plan.export.request.s3BucketOwner is "111111111111", and must be nothing`},
		{export, "output.plan.export.chain", `{"bucket": "b-2"}`, "output.plan.export.chain is an object, and must be nothing"},
		{export, "output.export.inProgress", `true`, "output.export.inProgress is true, and must be false"},
		{chain, "output.plan.export.chain.tableArn", `"arn:aws:dynamodb:us-east-1:000000000000:table/other"`, `output.plan.export.chain.tableArn is "arn:aws:dynamodb:us-east-1:000000000000:table/other", and must be "arn:`},
		{chain, "output.plan.export.chain.prefix", `"other"`, `output.plan.export.chain.prefix is "other", and must be ""`},
		{chain, "output.plan.export.chain", ``, "output.plan.export.chain is nothing, and must be an object"},
		// What belongs to the plan.
		{fixed, "output.segments", `[0, 1]`, "output.segments[2] is nothing, and must be 2"},
		{fixed, "output.segments", `[0, 1, 2, 3, 4]`, "output.segments[4] is 4, and must be nothing"},
		{fixed, "output.segments", `[0, 1, 1, 3]`, "output.segments[2] is 1, and must be 2"},
		{fixed, "output.segments", ``, "output.segments is nothing, and must be a list"},
		{open, "output.committed", `true`, "output.committed is true, and must be false"},
		{open, "output.duplicate", `{"runId": "a"}`, "output.duplicate is an object, and must be nothing"},
		{open, "output.export.exports", `[{"exportArn": "arn:x"}]`, "output.export.exports[0] is an object, and must be nothing"},
		// What is taken over, within bounds.
		{open, "output.plan.scan.totalSegments", `0`, "output.plan.scan.totalSegments is 0, and must be 1 to 10000"},
		{open, "output.plan.scan.totalSegments", `-1`, "output.plan.scan.totalSegments is -1, and must be 1 to 10000"},
		{open, "output.plan.scan.totalSegments", `10001`, "output.plan.scan.totalSegments is 10001, and must be 1 to 10000"},
		{open, "output.plan.scan.totalSegments", `1000000000`, "output.plan.scan.totalSegments is 1000000000, and must be 1 to 10000"},
		{open, "output.concurrency", `0`, "output.concurrency is 0, and must be 1"},
		{open, "output.concurrency", `101`, "output.concurrency is 101, and must be 1"},
		{`, "segments": 400`, "output.concurrency", `101`, "output.concurrency is 101, and must be 1 to 100"},
		{percent, "output.plan.scan.readUnitsPerSecond", `0`, "output.plan.scan.readUnitsPerSecond is 0, and must be more than 0"},
		{percent, "output.plan.scan.readUnitsPerSecond", `-5`, "output.plan.scan.readUnitsPerSecond is -5, and must be more than 0"},
		{percent, "output.plan.scan.readUnitsPerSecond", ``, "output.plan.scan.readUnitsPerSecond is 0, and must be more than 0"},
		{percent, "output.plan.scan.readUnitsPerSecond", `1e-9`, "output.plan.scan.readUnitsPerSecond is 1e-09, which would be refused: invalid request: readPercent: got 50, at which a segment reads an item of 400 KB, the largest possible, in"},
		{`, "readPercent": 50, "segments": 8, "concurrency": 8`, "output.plan.scan.readUnitsPerSecond", `7.9`, "output.plan.scan.readUnitsPerSecond is 7.9, which would be refused: invalid request: concurrency: got 8, which leaves 0.99 of 7.9 read units a second for each segment"},
		{percent + `, "segments": 400`, "output.plan.scan.readUnitsPerSecond", `5000`, "output.concurrency is 1, and must be 20"},
		{percent + `, "segments": 400`, "output.concurrency", `2`, "output.concurrency is 2, and must be 1"},
		{`, "readUnitsPerSecond": 1000, "segments": 400`, "output.concurrency", `5`, "output.concurrency is 5, and must be 4"},
		{percent, "output.plan.scan.concurrency", `2`, "output.plan.scan.concurrency is 2, and must be 1"},
		{open, "output.plan.startTime", `"2026-01-31T05:07:08Z"`, `output.plan.startTime is "2026-01-31T05:07:08Z", and must be "2026-01-31T06:07:08Z"`},
		{open, "output.plan.executionId", `"arn:b"`, `output.plan.executionId is "arn:b", and must be "arn:a"`},
		{open, "output.plan.takenOver", `["arn:aws:states:us-east-1:111111111111:execution:other:x"]`, `output.plan.takenOver[0] is "arn:aws:states:us-east-1:111111111111:execution:other:x", and must be an execution of this state machine`},
		{firing, "output.plan.takenOver", `["arn:aws:states:us-east-1:111111111111:execution:other:x"]`, "must be an execution of this state machine"},
	} {
		t.Run(test.path+" "+test.value+" of "+test.request, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			req := fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, test.request)
			made, err := planRun(t, "a", req)
			if err != nil {
				t.Fatal(err)
			}
			forge(t, bucket, made.Plan, test.path, test.value)
			got, err := planRun(t, "a", req)
			if failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %s, %v\nwant %s with %q", show(t, got), err, failure.RunNameTaken, test.says)
			}
		})
	}
}

// A claim of another table, or of another definition of the index, is indistinguishable from a table that was replaced.
func TestForgedTableIsReplaced(t *testing.T) {
	t.Parallel()
	table := tableWithIndexes(t)
	for _, test := range []struct{ request, path string }{
		{``, "output.plan.tableId"},
		{`, "mode": "EXPORT"`, "output.plan.tableId"},
		{`, "scan": {"IndexName": "by-day"}`, "output.plan.scan.index"},
		{``, "output.plan.scan.index"},
	} {
		bucket := testservers.Bucket(t)
		req := fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, test.request)
		made, err := planRun(t, "a", req)
		if err != nil {
			t.Fatal(err)
		}
		forge(t, bucket, made.Plan, test.path, `"another"`)
		if got, err := planRun(t, "a", req); failure.NameOf(err) != failure.TableReplaced {
			t.Errorf("%s: got %s, %v", test.path, show(t, got), err)
		}
	}
}

// After a takeover, the start of the run is the start of its first owner, which Step Functions knows.
func TestForgedStartOfATakenOverRunIsRefused(t *testing.T) {
	t.Parallel()
	table, start, others := testservers.Orders(t, 1), time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC), &executions.Memory{}
	others.Set("arn:a", execution.Failed, time.Now().Add(-time.Hour))
	others.SetStart("arn:a", start)
	for _, test := range []struct{ value, says string }{
		{`"2026-01-30T06:07:08Z"`, "output.plan.startTime is 2026-01-30T06:07:08Z, and execution arn:a began at 2026-01-31T06:07:08Z"},
		{`"2126-01-31T06:07:08Z"`, "output.plan.startTime is 2126-01-31T06:07:08Z, and must not be in the future"},
	} {
		bucket := testservers.Bucket(t)
		req := fmt.Sprintf(`{"table": %q, "bucket": %q, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"}`, table, bucket)
		if _, err := runFrom(t, start, others, "a", req); err != nil {
			t.Fatal(err)
		}
		made, err := runFrom(t, start.Add(time.Hour), others, "b", req)
		if err != nil || len(made.Plan.TakenOver) != 1 {
			t.Fatalf("got %s, %v", show(t, made), err)
		}
		forge(t, bucket, made.Plan, "output.plan.startTime", test.value)
		if got, err := runFrom(t, start.Add(time.Hour), others, "b", req); failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), test.says) {
			t.Errorf("got %s, %v, want %q", show(t, got), err, test.says)
		}
	}
}

// forge changes the claim of a run: value is JSON for the member at path, "" removes it.
func forge(t *testing.T, bucket string, plan run.Plan, path, value string) {
	t.Helper()
	key := plan.Layout().Claim()
	answer, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var claim map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&claim); err != nil {
		t.Fatal(err)
	}
	at, names := claim, strings.Split(path, ".")
	last := len(names) - 1
	for _, name := range names[:last] {
		at = at[name].(map[string]any)
	}
	if value == "" {
		if _, there := at[names[last]]; !there {
			t.Fatalf("the claim has no %s", path)
		}
		delete(at, names[last])
	} else {
		at[names[last]] = json.RawMessage(value)
	}
	body := run.Marshal(claim)
	if _, err := testservers.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}
