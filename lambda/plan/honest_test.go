package plan_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// tables changes what DynamoDB says about tables.
type tables = testservers.Described

// planOf plans for an execution that began at start, for a table that changed.
func planOf(t *testing.T, change tables, start time.Time, others plan.Executions, name, req string) (run.PlanOutput, error) {
	t.Helper()
	read, write := testservers.Configs()
	read.HTTPClient = change
	clients := awsclient.NewClients(read, write, read)
	p := plan.Step{Tables: clients.Tables, Objects: clients.Objects, Executions: others, Account: account, Log: slog.New(slog.DiscardHandler)}
	return p.Run(t.Context(), run.PlanInput{Request: json.RawMessage(req), Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: start}})
}

// A run continues with its own plan, even if the table has changed. This holds for an execution that is repeated or redriven, also after
// days, and for one that takes the run over.
func TestHonestClaimContinues(t *testing.T) {
	t.Parallel()
	table := tableWithIndexes(t)
	const (
		gb     = 1 << 30
		firing = `, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"`
	)
	size := func(bytes int64) tables { return func(table map[string]any) { table["TableSizeBytes"] = bytes } }
	units := func(n int64) tables {
		return func(table map[string]any) { table["ProvisionedThroughput"].(map[string]any)["ReadCapacityUnits"] = n }
	}
	same := func(map[string]any) {}
	for _, test := range []struct {
		name, fields string
		before, now  tables
	}{
		{"nothing", ``, same, same},
		{"a table that has grown", ``, size(5 * gb), size(5000 * gb)},
		{"a table that has shrunk", ``, size(5000 * gb), size(0)},
		{"a table that has grown, by one segment", `, "scan": {"TotalSegments": 8, "Segment": 7}`, size(5 * gb), size(5000 * gb)},
		{"more capacity", ``, size(5000 * gb), func(table map[string]any) { size(1)(table); units(40_000)(table) }},
		{"less capacity", ``, func(table map[string]any) { size(5000 * gb)(table); units(40_000)(table) }, units(1)},
		{"a percentage of more capacity", `, "readPercent": 50`, size(5000 * gb), units(40_000)},
		{"a percentage of less capacity", `, "readPercent": 50`, size(5000 * gb), units(1)},
		{"a percentage of a capacity that is not known any more", `, "readPercent": 50`, size(5000 * gb), units(0)},
		{"a percentage that leaves too little for the concurrency now", `, "readPercent": 50, "segments": 100, "concurrency": 100`, same, units(10)},
		{"a pace that is too slow for the table now", `, "readUnitsPerSecond": 1, "segments": 1000`, same, size(1e15)},
		{"a percentage that is too slow for the table now", `, "readPercent": 1, "segments": 1000`, same, size(1e15)},
		{"objects that are too small for the table now", `, "fileSizeBytes": 1024`, same, size(1e15)},
		{"an index that has grown", `, "scan": {"IndexName": "by-day"}`, same, func(table map[string]any) {
			table["GlobalSecondaryIndexes"].([]any)[0].(map[string]any)["IndexSizeBytes"] = 5000 * gb
		}},
		{"an index beside another one that is new", `, "scan": {"IndexName": "by-day"}`, same, func(table map[string]any) {
			first := table["GlobalSecondaryIndexes"].([]any)[0]
			table["GlobalSecondaryIndexes"] = []any{map[string]any{"IndexName": "by-night", "IndexStatus": "CREATING"}, first}
		}},
		{"an ARN of an emulator's own form", ``, func(table map[string]any) { table["TableArn"] = "emulated/" + table["TableName"].(string) }, nil},
		{"a server without a TableId", ``, func(table map[string]any) { delete(table, "TableId") }, nil},
		{"a transform", `, "transform": "{id}"`, same, size(5000 * gb)},
		{"an encoder", `, "encoder": "xml"`, same, size(5000 * gb)},
		{"a filter", `, "scan": {"FilterExpression": "#d = :d", "ExpressionAttributeNames": {"#d": "day"}, "ExpressionAttributeValues": {":d": {"S": "x"}}}`, same, same},
		{"a prefix by the date", `, "prefix": "{table}/{date}/{hour}"`, same, same},
		{"an export of now", `, "mode": "EXPORT"`, same, size(5000 * gb)},
		{"an export of a moment", `, "export": {"exportTime": "2026-01-30T00:00:00Z"}`, same, same},
		{"a chain of exports", `, "export": {"from": "last"}, "prefix": "{date}"`, same, same},
		{"a window", `, "export": {"from": "2026-01-30T00:00:00Z"}`, same, same},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.now == nil {
				test.now = test.before
			}
			first := time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)
			for _, schedule := range []string{"", firing} {
				others := &executions.Memory{}
				req := fmt.Sprintf(`{"table": %q, "bucket": %q%s%s}`, table, testservers.Bucket(t), test.fields, schedule)
				planned, err := planOf(t, test.before, first, others, "a", req)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // a repeat, and a redrive
					if again, err := planOf(t, test.now, first, others, "a", req); err != nil || show(t, again) != show(t, planned) {
						t.Errorf("got %s, %v\nwant %s", show(t, again), err, show(t, planned))
					}
				}
				if schedule == "" {
					continue
				}
				others.Set("arn:a", execution.Failed, time.Now().Add(-time.Hour))
				others.SetStart("arn:a", first)
				want := planned
				want.Plan.ExecutionID, want.Plan.TakenOver = "arn:b", []string{"arn:a"}
				for range 2 {
					if taken, err := planOf(t, test.now, first.Add(25*time.Hour), others, "b", req); err != nil || show(t, taken) != show(t, want) {
						t.Errorf("got %s, %v\nwant %s", show(t, taken), err, show(t, want))
					}
				}
			}
		})
	}
}

// What would be refused now, is refused without a claim of the same request.
func TestRefusalNeedsAClaimToBeOverruled(t *testing.T) {
	t.Parallel()
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	large := tables(func(table map[string]any) { table["TableSizeBytes"] = int64(1e15) })
	req := fmt.Sprintf(`{"table": %q, "bucket": %q, "fileSizeBytes": 1024`, table, bucket)
	if _, err := planRun(t, "a", req+`}`); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ run, fields string }{{"b", ``}, {"a", `, "segments": 3`}} {
		if got, err := planOf(t, large, time.Now(), &executions.Memory{}, test.run, req+test.fields+`}`); failure.NameOf(err) != failure.InvalidRequest {
			t.Errorf("%v: got %s, %v", test, show(t, got), err)
		}
	}
	if keys := testservers.Keys(t, bucket, ""); len(keys) != 1 {
		t.Errorf("the bucket has %v", keys)
	}
}

// expired is an S3 to which the credentials for the reading of objects have expired.
type expired struct{}

// Do implements the SDK's HTTP client.
func (expired) Do(asked *http.Request) (*http.Response, error) {
	if asked.Method != http.MethodGet || !strings.HasSuffix(asked.URL.Path, "/_started") {
		return http.DefaultClient.Do(asked)
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Request: asked, Body: io.NopCloser(strings.NewReader("<Error><Code>ExpiredToken</Code></Error>")),
	}, nil
}

// A claim can overrule a refusal, so a refusal that no retry helps needs an answer about the claim.
func TestRefusalWaitsForTheClaim(t *testing.T) {
	t.Parallel()
	read, write := testservers.Configs()
	read.HTTPClient, write.HTTPClient = tables(func(table map[string]any) { table["TableSizeBytes"] = int64(1e15) }), expired{}
	clients := awsclient.NewClients(read, write, read)
	p := plan.Step{Tables: clients.Tables, Objects: clients.Objects, Executions: &executions.Memory{}, Account: account, Log: slog.New(slog.DiscardHandler)}
	req := fmt.Sprintf(`{"table": %q, "bucket": %q, "fileSizeBytes": 1024}`, tableWithIndexes(t), testservers.Bucket(t))
	_, err := p.Run(t.Context(), run.PlanInput{Request: json.RawMessage(req), Execution: run.Execution{ID: "arn:a", Name: "a", StartTime: time.Now()}})
	if failure.NameOf(err) != failure.CredentialsInvalid {
		t.Errorf("got %v", err)
	}
}
