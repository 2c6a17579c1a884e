package explain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// item is an item of a table of these tests: its keys, and a text of some bytes.
type item struct {
	id, at, day string
	text        int
}

// bytes is the size of the item as DynamoDB counts it: names and values.
func (i item) bytes() int64 {
	size := len("id") + len(i.id) + len("at") + len(i.at) + len("text") + i.text
	if i.day != "" {
		size += len("day") + len(i.day)
	}
	return int64(size)
}

// load makes a table with these items, and an index of those that have a day.
func load(t *testing.T, items []item, mode types.BillingMode) string {
	t.Helper()
	key := func(hash, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash}, {AttributeName: &sort, KeyType: types.KeyTypeRange}}
	}
	var attributes []types.AttributeDefinition
	for _, attribute := range []string{"id", "at", "day"} {
		attributes = append(attributes, types.AttributeDefinition{AttributeName: &attribute, AttributeType: types.ScalarAttributeTypeS})
	}
	units := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1000), WriteCapacityUnits: aws.Int64(1000)}
	if mode == types.BillingModePayPerRequest {
		units = nil
	}
	name := testservers.Table(t, &dynamodb.CreateTableInput{
		KeySchema: key("id", "at"), AttributeDefinitions: attributes, BillingMode: mode, ProvisionedThroughput: units,
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-day"), KeySchema: key("day", "at"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}, ProvisionedThroughput: units,
		}},
	})
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // sample data
	var requests []types.WriteRequest
	write := func() {
		if _, err := testservers.DynamoDB().BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{name: requests}}); err != nil {
			t.Fatal(err)
		}
		requests = nil
	}
	size := 0
	for _, i := range items {
		var text []byte
		for len(text) < i.text {
			text = fmt.Appendf(text, "%x ", random.IntN(4096)*7919%65536)
		}
		text = text[:i.text]
		put := map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: i.id}, "at": &types.AttributeValueMemberS{Value: i.at}, "text": &types.AttributeValueMemberS{Value: string(text)},
		}
		if i.day != "" {
			put["day"] = &types.AttributeValueMemberS{Value: i.day}
		}
		if requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: put}}); len(requests) == 25 || size+i.text > 4<<20 {
			write()
			size = 0
		}
		size += i.text
	}
	if len(requests) > 0 {
		write()
	}
	return name
}

// many returns n items with texts of about so many bytes.
func many(n, text int, change func(i int, as *item)) []item {
	items := make([]item, n)
	for i := range items {
		items[i] = item{id: fmt.Sprintf("item-%d", i), at: fmt.Sprintf("%06d", i), text: text/2 + i*7919%(text+1)}
		if change != nil {
			change(i, &items[i])
		}
	}
	return items
}

// describing changes what DescribeTable says about sizes, as DynamoDB would say six hours later. dynalite says 0.
type describing struct{ bytes, items, indexBytes, indexItems int64 }

// Do implements the SDK's HTTP client.
func (d describing) Do(asked *http.Request) (*http.Response, error) {
	return testservers.Described(func(table map[string]any) {
		table["TableSizeBytes"], table["ItemCount"] = d.bytes, d.items
		index := table["GlobalSecondaryIndexes"].([]any)[0].(map[string]any)
		index["IndexSizeBytes"], index["ItemCount"] = d.indexBytes, d.indexItems
	}).Do(asked)
}

// engine calls the functions, as the state machine does.
type engine struct {
	t *testing.T
	*function.Engine
	request string
}

func newEngine(t *testing.T, client aws.HTTPClient, request string) engine {
	read, write := testservers.Configs()
	read.HTTPClient = client
	return engine{t, function.New(read, write, function.Options{
		Log: slog.New(slog.DiscardHandler), Executions: &executions.Memory{Others: execution.Running}, Account: "000000000000",
	}), request}
}

func call[Out any](e engine, name contract.Function, in any) (Out, error) {
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	answer, err := e.Handler(name)(ctx, run.Marshal(in))
	out, _ := answer.(Out)
	return out, err
}

func (e engine) plan(name, fields string) (run.PlanOutput, error) {
	return call[run.PlanOutput](e, contract.FunctionPlan, run.PlanInput{
		Request:   json.RawMessage("{" + e.request + fields + "}"),
		Execution: run.Execution{ID: "arn:aws:states:us-east-1:000000000000:execution:m:" + name, Name: name, StartTime: time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)},
	})
}

// run runs the request to its end.
func (e engine) run(name string) run.Result {
	e.t.Helper()
	planned, err := e.plan(name, "")
	for _, segment := range planned.Segments {
		for in := (run.ScanInput{Plan: planned.Plan, Segment: segment}); err == nil; {
			var to run.Checkpoint
			if to, err = call[run.Checkpoint](e, contract.FunctionScan, in); to.Done {
				break
			}
			in.Checkpoint = &to
		}
	}
	if err != nil {
		e.t.Fatal(err)
	}
	out, err := call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan})
	if err != nil {
		e.t.Fatal(err)
	}
	return out.Result
}

// The estimate of eight tables, against what their runs consume. docs/explain.md has the figures: go test -v ./lambda/explain prints them.
func TestEstimatesOfEightTables(t *testing.T) {
	hot := many(2000, 4000, func(i int, as *item) {
		if i%10 > 0 {
			as.id = "hot"
		}
	})
	sparse := many(2000, 4000, func(i int, as *item) {
		if i%10 == 0 {
			as.day = fmt.Sprintf("day-%d", i)
		}
	})
	plain := many(1500, 4000, nil)
	const ofAll = 0.1
	for _, test := range []struct {
		name, fields string
		items        []item
		mode         types.BillingMode
		// young is how far the estimate may be off if DescribeTable says 0 bytes, and stored how far the bytes may be.
		young, stored float64
		dollars       bool // that read units cost something
	}{
		{"tiny items", `"segments": 4`, many(6000, 20, nil), types.BillingModePayPerRequest, ofAll, ofAll, true},
		{"items of 400 KB", `"segments": 2`, many(40, 400, func(_ int, as *item) { as.text = 390 << 10 }), types.BillingModePayPerRequest, ofAll, ofAll, true},
		{"one hot partition", `"segments": 8`, hot, types.BillingModePayPerRequest, math.Inf(1), ofAll, true},
		{"sparse index", `"segments": 2, "scan": {"IndexName": "by-day"}`, sparse, types.BillingModePayPerRequest, ofAll, ofAll, true},
		{"filter that drops all", `"segments": 4, "scan": {"FilterExpression": "attribute_exists(nothing)"}`, plain, types.BillingModePayPerRequest, 0.15, 0, true},
		{"provisioned", `"segments": 4, "format": "ION"`, plain, types.BillingModeProvisioned, 0.15, ofAll, false},
		{"on demand", `"segments": 4, "format": "JSON"`, plain, types.BillingModePayPerRequest, 0.15, ofAll, true},
		{"transform", `"segments": 4, "transform": "{id, length: (.text | length)}"`, plain, types.BillingModePayPerRequest, 0.15, 0.35, true}, // objects of some KB are compressed worse than a long sample
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, bucket := load(t, test.items, test.mode), testservers.Bucket(t)
			var known describing
			for _, i := range test.items {
				known.bytes, known.items = known.bytes+i.bytes(), known.items+1
				if i.day != "" {
					known.indexBytes, known.indexItems = known.indexBytes+i.bytes(), known.indexItems+1
				}
			}
			e := newEngine(t, known, fmt.Sprintf(`"table": %q, "bucket": %q, %s`, table, bucket, test.fields))
			explained, err := e.plan("run-1", `, "explain": true`)
			if err != nil {
				t.Fatal(err)
			}
			young, err := newEngine(t, describing{}, e.request).plan("run-1", `, "explain": true`)
			if err != nil {
				t.Fatal(err)
			}
			got, guessed, result := explained.Explained.Run, young.Explained.Run, e.run("run-1")
			off := func(estimate, real float64) float64 { return math.Abs(estimate-real) / max(1, real) }
			if off(got.ReadUnits, result.ReadUnits) > 0.1 || off(result.Estimate.ReadUnits, result.ReadUnits) > 0.1 {
				t.Errorf("estimated %g read units, and %g for the run, which consumed %g", got.ReadUnits, result.Estimate.ReadUnits, result.ReadUnits)
			}
			if most := max(test.young, 2*young.Explained.Source.Sample.ErrorPercent/100); off(guessed.ReadUnits, result.ReadUnits) > most {
				t.Errorf("without the size of the table, estimated %g read units, and consumed %g: %+v", guessed.ReadUnits, result.ReadUnits, young.Explained.Source)
			}
			if off(float64(got.Bytes), float64(result.Bytes)) > test.stored || off(float64(got.Objects), float64(result.Objects)) > 0.1 {
				t.Errorf("estimated %d objects with %d bytes, and wrote %d with %d", got.Objects, got.Bytes, result.Objects, result.Bytes)
			}
			units := 0.0
			for _, line := range got.Lines {
				if line.Unit == "read units" {
					units = line.Dollars
				}
			}
			if (units > 0) != test.dollars || result.Dollars <= 0 || off(1e6*got.Dollars, 1e6*result.Dollars) > 0.25 {
				t.Errorf("estimated $%g, $%g of it for read units, and the run has cost $%g", got.Dollars, units, result.Dollars)
			}
			for _, sample := range []*run.Sample{explained.Explained.Source.Sample, young.Explained.Source.Sample} {
				if sample == nil || sample.ReadUnits > 1024+130 {
					t.Errorf("the sample consumed too much: %+v", sample)
				}
			}
			t.Logf("| %s | %.1f | %.1f | %.1f | %d | %d | %.6f | %.6f |", test.name, result.ReadUnits, got.ReadUnits, guessed.ReadUnits, result.Bytes, got.Bytes, result.Dollars, got.Dollars)
		})
	}
}

// An item for which the transform has no record is named before the run begins.
func TestSampleFailsLikeTheRun(t *testing.T) {
	t.Parallel()
	table, bucket := load(t, many(10, 10, nil), types.BillingModePayPerRequest), testservers.Bucket(t)
	e := newEngine(t, describing{}, fmt.Sprintf(`"table": %q, "bucket": %q, "transform": ".text + 1"`, table, bucket))
	if _, err := e.plan("run-1", `, "explain": true`); err == nil || !strings.Contains(err.Error(), string(failure.TransformFailed)) && !strings.Contains(err.Error(), "an item of the sample") {
		t.Errorf("got %v", err)
	}
}
