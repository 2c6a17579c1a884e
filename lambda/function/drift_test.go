package function_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// shelves is a table with a few items, whose attributes change from run to run.
func shelves(t *testing.T) (table string, add func(id string, attributes map[string]types.AttributeValue)) {
	t.Helper()
	table = testservers.Table(t, &dynamodb.CreateTableInput{
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}}, BillingMode: types.BillingModePayPerRequest,
	})
	add = func(id string, attributes map[string]types.AttributeValue) {
		t.Helper()
		attributes["id"] = &types.AttributeValueMemberS{Value: id}
		if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: attributes}); err != nil {
			t.Fatal(err)
		}
	}
	return table, add
}

func number(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} }

func words(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

// lastSchema returns the run whose schema is the last one.
func lastSchema(t *testing.T, bucket string) (last run.Schema) {
	t.Helper()
	keys := testservers.Keys(t, bucket, run.LastSchemas(""))
	if len(keys) != 1 {
		t.Fatalf("the last schemas are %v", keys)
	}
	if err := json.Unmarshal([]byte(get(t, bucket, keys[0])), &last); err != nil {
		t.Fatal(err)
	}
	return last
}

func day(n int) time.Time { return time.Date(2026, 2, n, 6, 0, 0, 0, time.UTC) }

// A run compares its columns with those of the last committed run of the same table and prefix. What has changed stands in its result, in its
// manifest and in the log.
func TestParquetRunShowsWhatHasChanged(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	bucket := testservers.Bucket(t)
	add("a", map[string]types.AttributeValue{"count": number("1"), "code": number("7"), "old": words("x")})
	var log bytes.Buffer
	e := func(n int) execution {
		return execution{t: t, name: fmt.Sprint("run-", n), start: day(n), log: &log, request: parquetRequest(table, bucket, "")}
	}
	first, err := e(1).run()
	if err != nil || first.Schema.Last != "" || first.Schema.Drift != nil || strings.Contains(log.String(), "the schema has changed") {
		t.Fatalf("got %+v, %v", first.Schema, err)
	}
	add("a", map[string]types.AttributeValue{"count": number("1"), "code": words("7")})
	add("b", map[string]types.AttributeValue{"count": number("1.25"), "code": words("8"), "new": words("n")})
	second, err := e(2).run()
	if err != nil {
		t.Fatal(err)
	}
	var drift schema.Drift
	if err := json.Unmarshal(second.Schema.Drift, &drift); err != nil {
		t.Fatal(err)
	}
	want := []schema.Change{
		{Column: "code", Attribute: "code", Kind: schema.Changed, From: "bigint", To: "string"},
		{Column: "count", Attribute: "count", Kind: schema.Widened, From: "bigint", To: "decimal(18,2)"},
		{Column: "new", Attribute: "new", Kind: schema.Added, To: "string"},
		{Column: "old", Attribute: "old", Kind: schema.Removed, From: "string"},
	}
	if diff := cmp.Diff(want, drift.Changes); diff != "" || second.Schema.Last != "run-1" {
		t.Errorf("compared with %q (-want +got):\n%s", second.Schema.Last, diff)
	}
	if diff := cmp.Diff(second.Schema, summaryOf(t, second).Scan.Schema); diff != "" {
		t.Errorf("the manifest (-result +manifest):\n%s", diff)
	}
	if !strings.Contains(log.String(), `"msg":"the schema has changed"`) || !strings.Contains(log.String(), `"last":"run-1","changes":4`) {
		t.Errorf("the log is %s", log.String())
	}
	third, err := e(3).run()
	if err != nil || third.Schema.Last != "run-2" || third.Schema.Drift != nil {
		t.Errorf("a run without changes returns %+v, %v", third.Schema, err)
	}
	other := e(4)
	other.request = parquetRequest(table, bucket, `"scan": {"ProjectionExpression": "id"}`)
	if fourth, err := other.run(); err != nil || fourth.Schema.Last != "" {
		t.Errorf("a run of other columns is compared with %q, %v", fourth.Schema.Last, err)
	}
}

// A run that began earlier and ends later does not replace the schema of a run that began later. A repeated finalize writes nothing.
func TestLastSchemaIsThatOfTheRunThatBeganLast(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	bucket := testservers.Bucket(t)
	add("a", map[string]types.AttributeValue{"count": number("1")})
	var runs []machine
	var executions []execution
	for n := range 2 {
		e := execution{t: t, name: fmt.Sprint("run-", n), start: day(n + 1), request: parquetRequest(table, bucket, "")}
		planned := e.firstPass(e.scanned())
		out, err := e.converted(planned.Plan)
		if err != nil {
			t.Fatal(err)
		}
		planned.Plan = out.Plan
		runs, executions = append(runs, machine{next: "Finalize", planned: planned}), append(executions, e)
	}
	for _, n := range []int{1, 0, 1} {
		m := runs[n]
		if err := m.drive(executions[n]); err != nil {
			t.Fatal(err)
		}
		if last := lastSchema(t, bucket); last.RunID != "run-1" {
			t.Errorf("after the end of run-%d, the last schema is that of %s", n, last.RunID)
		}
	}
	before := contents(t, bucket)
	for n := range runs {
		m := runs[n]
		if err := m.drive(executions[n]); err != nil {
			t.Error(err)
		}
	}
	if now := contents(t, bucket); !slices.Equal(now, before) {
		t.Error("a repeated finalize has changed the bucket")
	}
}

// refusing refuses the writes of last schemas.
type refusing struct{ aws.HTTPClient }

func (r refusing) Do(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPut && strings.Contains(request.URL.Path, "/_schemas/") {
		return nil, errCut
	}
	return r.HTTPClient.Do(request)
}

// If the last schema cannot be written, the run is committed all the same, and a retry writes it.
func TestRunIsCommittedBeforeItsSchemaIsKept(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	bucket := testservers.Bucket(t)
	add("a", map[string]types.AttributeValue{"count": number("1")})
	_, destination := testservers.Configs()
	e := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, ""), objects: refusing{destination.HTTPClient}}
	m := machine{}
	err := m.drive(e)
	wantName(t, err, failure.EndpointUnreachable, "keep the schema for the next run")
	layout := m.planned.Plan.Final()
	committed := get(t, bucket, layout.ManifestSummary())
	e.objects = nil
	if err := m.drive(e); err != nil {
		t.Fatal(err)
	}
	if lastSchema(t, bucket).RunID != "run-1" || get(t, bucket, layout.ManifestSummary()) != committed || m.result.Items != 1 {
		t.Errorf("the retry returns %+v", m.result)
	}
}

// An object that is no schema of the table is not compared, and is replaced after the commit.
func TestDamagedLastSchemaIsReplaced(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	add("a", map[string]types.AttributeValue{"count": number("1")})
	for _, test := range []struct{ name, old, replacement, cause string }{
		{"not JSON", `{"version"`, `"version"`, "invalid character"},
		{"of another version", `"version":1`, `"version":2`, "its version is 2"},
		{"of another table", `"table":"` + table, `"table":"s3cr3t`, "of table"},
		{"without a run", `"runId":"run-1"`, `"runId":""`, "it is of the run"},
		{"with damaged columns", `"type":"bigint"`, `"type":"big"`, "count"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			var log bytes.Buffer
			first := execution{t: t, name: "run-1", start: day(1), request: parquetRequest(table, bucket, "")}
			if _, err := first.run(); err != nil {
				t.Fatal(err)
			}
			key := testservers.Keys(t, bucket, run.LastSchemas(""))[0]
			put(t, bucket, key, strings.Replace(get(t, bucket, key), test.old, test.replacement, 1))
			second := execution{t: t, name: "run-2", start: day(2), request: parquetRequest(table, bucket, ""), log: &log}
			result, err := second.run()
			if err != nil || result.Schema.Last != "" || result.Schema.Drift != nil {
				t.Fatalf("got %+v, %v", result.Schema, err)
			}
			if !strings.Contains(log.String(), "the columns are not compared with those of the last run") || !strings.Contains(log.String(), test.cause) {
				t.Errorf("no %q in the log: %s", test.cause, log.String())
			}
			if last := lastSchema(t, bucket); last.RunID != "run-2" {
				t.Errorf("the last schema is %+v", last)
			}
		})
	}
}
