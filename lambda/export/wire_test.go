package export_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/export"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// noon is the time on the clock of the server that makes exports. Tables can be exported as of five minutes before.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

const account = "000000000000"

func startExports(t *testing.T) *exports.Server {
	t.Helper()
	return testservers.StartExports(t, exports.Options{Now: func() time.Time { return noon }})
}

// planned is a run that was planned and asks for its exports.
type planned struct {
	exporter export.Step
	in       run.ExportInput
}

// planRun plans a run of the request.
func planRun(t *testing.T, tables *exports.Server, name, request string) (planned, error) {
	t.Helper()
	client := dynamodb.NewFromConfig(tables.AWS())
	p := plan.Step{
		Tables: func(run.Plan) *dynamodb.Client { return client }, Objects: func(run.Plan) *s3.Client { return testservers.S3() }, Account: account, Log: slog.New(slog.DiscardHandler),
	}
	out, err := p.Run(t.Context(), run.PlanInput{
		Request: json.RawMessage(request), Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: noon},
	})
	return planned{
		exporter: export.Step{DynamoDB: client, S3: testservers.S3(), Account: account, Log: slog.New(slog.DiscardHandler)},
		in:       run.ExportInput{Plan: out.Plan, Export: out.Export},
	}, err
}

// look calls the step once and keeps the answer, as the state machine does.
func (r *planned) look(t *testing.T) error {
	t.Helper()
	progress, err := r.exporter.Run(t.Context(), r.in)
	if err == nil {
		r.in.Export = progress
	}
	return err
}

// start plans a run of the request and asks for its exports once.
func start(t *testing.T, tables *exports.Server, name, request string) error {
	t.Helper()
	r, err := planRun(t, tables, name, request)
	if err != nil {
		return err
	}
	return r.look(t)
}

// seconds returns a time of 31 January 2026 as the API has it.
func seconds(clock string) string {
	at, err := time.Parse(time.DateTime, "2026-01-31 "+clock)
	if err != nil {
		panic(err)
	}
	return fmt.Sprint(at.Unix())
}

// The requests to DynamoDB, word by word. TABLE and BUCKET stand for the test's own; each request has both, and its ClientToken.
func TestRequestsToDynamoDB(t *testing.T) {
	t.Parallel()
	const (
		now  = `"ExportType": "FULL_EXPORT", "ExportFormat": "DYNAMODB_JSON"`
		hour = `"ExportType": "INCREMENTAL_EXPORT", "ExportFormat": "DYNAMODB_JSON", "IncrementalExportSpecification": {"ExportFromTime": `
		both = `, "ExportViewType": "NEW_AND_OLD_IMAGES"}`
	)
	from, to := seconds("09:00:00"), seconds("10:00:00")
	for _, test := range []struct{ name, fields, sent string }{
		{"nothing but the mode", `"mode": "EXPORT"`, now},
		{"an empty export", `"export": {}`, now},
		{"a full export by name", `"export": {"exportType": "FULL"}`, now},
		{"a moment", `"export": {"exportTime": "2026-01-31T09:00:00Z"}`, now + `, "ExportTime": ` + from},
		{"a moment of another zone", `"export": {"exportTime": "2026-01-31T10:00:00+01:00"}`, now + `, "ExportTime": ` + from},
		{"ion", `"export": {"format": "ION"}`, `"ExportType": "FULL_EXPORT", "ExportFormat": "ION"`},
		{"a prefix", `"prefix": "lake/raw", "export": {}`, now + `, "S3Prefix": "lake/raw"`},
		{"a prefix with placeholders", `"prefix": "lake/{table}/{year}-{month}/", "export": {}`, now + `, "S3Prefix": "lake/TABLE/2026-01"`},
		{"encryption by S3", `"export": {"s3SseAlgorithm": "AES256"}`, now + `, "S3SseAlgorithm": "AES256"`},
		{"encryption by the account's key", `"export": {"s3SseAlgorithm": "KMS"}`, now + `, "S3SseAlgorithm": "KMS"`},
		{"the bucket's owner", `"export": {"s3BucketOwner": "000000000000"}`, now + `, "S3BucketOwner": "000000000000"`},
		{"the owner as all calls have it", `"bucketOwner": "000000000000", "export": {}`, now + `, "S3BucketOwner": "000000000000"`},
		{"a window", `"export": {"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T10:00:00Z"}`, hour + from + `, "ExportToTime": ` + to + both},
		{"a window to the latest moment", `"export": {"exportType": "INCREMENTAL", "from": "2026-01-31T09:00:00Z"}`, hour + from + `, "ExportToTime": ` + seconds("11:55:00") + both},
		{"a window of new images", `"export": {"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T10:00:00Z", "viewType": "NEW_IMAGE"}`, hour + from + `, "ExportToTime": ` + to + `, "ExportViewType": "NEW_IMAGE"}`},
		{"a chain's first", `"export": {"from": "last"}`, now + `, "ExportTime": ` + seconds("11:55:00")},
		{"a chain's first to a moment", `"export": {"from": "last", "to": "2026-01-31T10:00:00Z", "exportType": "INCREMENTAL"}`, now + `, "ExportTime": ` + to},
		{
			"a filter", `"export": {"filter": {"FilterExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "status"}, "ExpressionAttributeValues": {":s": {"S": "paid"}}}}`,
			now + `, "FilterSpecification": {"FilterExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "status"}, "ExpressionAttributeValues": {":s": {"S": "paid"}}}`,
		},
		{
			"a key and a projection", `"export": {"filter": {"KeyConditionExpression": "orderId = :id", "ProjectionExpression": "orderId, total", "ExpressionAttributeValues": {":id": {"S": "order-1"}}}}`,
			now + `, "FilterSpecification": {"KeyConditionExpression": "orderId = :id", "ProjectionExpression": "orderId, total", "ExpressionAttributeValues": {":id": {"S": "order-1"}}}`,
		},
		{
			"a filter by a number, a set and bytes", `"export": {"filter": {"FilterExpression": "a = :a AND b = :b AND c = :c", "ExpressionAttributeValues": {":a": {"N": "1.50"}, ":b": {"SS": ["x"]}, ":c": {"B": "AAE="}}}}`,
			now + `, "FilterSpecification": {"FilterExpression": "a = :a AND b = :b AND c = :c", "ExpressionAttributeValues": {":a": {"N": "1.50"}, ":b": {"SS": ["x"]}, ":c": {"B": "AAE="}}}`,
		},
		{
			"a window of what a filter lets through", `"export": {"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T10:00:00Z", "filter": {"FilterExpression": "attribute_exists(total)"}}`,
			hour + from + `, "ExportToTime": ` + to + both + `, "FilterSpecification": {"FilterExpression": "attribute_exists(total)"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
			fill := strings.NewReplacer("TABLE", table, "BUCKET", bucket)
			// The server cannot do everything that DynamoDB can. The request is enough.
			err := start(t, tables, "run-1", fill.Replace(`{"table": "TABLE", "bucket": "BUCKET", `+test.fields+`}`))
			requests := tables.Requests()
			if len(requests) != 1 {
				t.Fatalf("%d requests were sent, %v", len(requests), err)
			}
			var got, want map[string]any
			if err := json.Unmarshal(requests[0], &got); err != nil {
				t.Fatal(err)
			}
			if token := fmt.Sprint(got["ClientToken"]); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(token) {
				t.Errorf("the client token is %q", token)
			}
			delete(got, "ClientToken")
			text := `{"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/TABLE", "S3Bucket": "BUCKET", ` + test.sent + `}`
			if err := json.Unmarshal([]byte(fill.Replace(text)), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenDependsOnTheRunAndItsTry(t *testing.T) {
	t.Parallel()
	tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
	tokens := map[string]bool{}
	for _, name := range []string{"run-1", "run-2"} {
		request := fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{runId}", "export": {"exportTime": "2026-01-31T09:00:00Z"}}`, table, bucket)
		for range 2 { // the second time, the journal has it
			if err := start(t, tables, name, request); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, request := range tables.Requests() {
		var sent struct{ ClientToken string }
		if err := json.Unmarshal(request, &sent); err != nil {
			t.Fatal(err)
		}
		tokens[sent.ClientToken] = true
	}
	if len(tokens) != 2 || len(tables.Requests()) != 2 {
		t.Errorf("%d requests with %d tokens, want 2 with one each", len(tables.Requests()), len(tokens))
	}
}
