package examples_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/parquetrows"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/sdkintegration"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The requests name 06:00 and 12:00 of this day. One order changes between the two times, and the requests are executed after 12:00.
var (
	change  = time.Date(2026, 1, 31, 7, 0, 0, 0, time.UTC)
	execute = change.Add(11 * time.Hour)
)

// orders is the number of orders in the table.
const orders = 300

// made is the result that a request must have: the numbers of items and records, the run's folder, and the form of each record.
type made struct {
	items, records int
	root, record   string
}

// The definition and the functions that are deployed execute every request, without a change, and every request in the documentation.
func TestRequestsExecute(t *testing.T) {
	t.Parallel()
	dynamoDB := testservers.StartExports(t, exports.Options{Now: func() time.Time { return change }})
	server := deploy(t, dynamoDB, `{"bucket": "demo"}`)
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(interpreter.Stop)
	requests := files(t, "requests/*.json")
	for name, want := range expected(t, fill(t, dynamoDB)) {
		input := requests[name]
		delete(requests, name)
		t.Run(name, func(t *testing.T) {
			outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
				Definition: definition.JSON, Input: input, InvokeURL: server, StartTime: execute, Hurried: true,
				ID: "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:" + name, Name: name,
			})
			if err != nil || !outcome.Succeeded {
				t.Fatalf("%v: %s: %s", err, outcome.Error, outcome.Cause)
			}
			var result run.Result
			if err := json.Unmarshal(outcome.Output, &result); err != nil {
				t.Fatal(err)
			}
			records := recordsOf(t, result)
			if got := (made{int(result.Items), len(records), result.Root, want.record}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			form := regexp.MustCompile("^" + want.record + "\n$")
			for _, record := range records {
				if !form.MatchString(record) {
					t.Fatalf("got the record %s, want %s", record, want.record)
				}
			}
		})
	}
	t.Run("explain", func(t *testing.T) {
		outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
			Definition: definition.JSON, Input: requests["explain"], InvokeURL: server, StartTime: execute, Hurried: true,
			ID: "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:explain", Name: "explain",
		})
		delete(requests, "explain")
		var explained run.Explained
		if err != nil || !outcome.Succeeded || json.Unmarshal(outcome.Output, &explained) != nil {
			t.Fatalf("%v: %s: %s", err, outcome.Error, outcome.Cause)
		}
		if explained.Source.Items != orders || explained.Run.Segments != 4 || explained.Run.ReadUnits < 1 || explained.Source.Recovery != "ENABLED" {
			t.Errorf("got %s", outcome.Output)
		}
	})
	for name := range requests {
		t.Errorf("requests/%s.json is not executed: add its result to expected", name)
	}
	for name, input := range published(t) {
		t.Run(name, func(t *testing.T) {
			outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
				Definition: definition.JSON, Input: input, InvokeURL: server, StartTime: execute, Hurried: true,
				ID: "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:" + name, Name: name,
			})
			if strings.HasSuffix(outcome.Cause, "this server does not write ION") { // only DynamoDB itself does
				return
			}
			if err != nil || !outcome.Succeeded {
				t.Errorf("%s: %v: %s: %s", input, err, outcome.Error, outcome.Cause)
			}
		})
	}
	executeSchedules(t, interpreter, dynamoDB)
}

// recordsOf reads the records of a run, and rebuilds items from the rows of Parquet files.
func recordsOf(t *testing.T, result run.Result) (records []string) {
	t.Helper()
	var mu sync.Mutex
	add := func(line []byte) error {
		mu.Lock()
		defer mu.Unlock()
		records = append(records, string(line))
		return nil
	}
	if result.Schema == nil {
		if err := verify.Records(t.Context(), testservers.S3(), result, add, func(string) {}); err != nil {
			t.Fatal(err)
		}
		return records
	}
	stored, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &result.Bucket, Key: aws.String(run.Layout{Root: result.Root}.Schema())})
	if err != nil {
		t.Fatal(err)
	}
	var columns schema.Schema // the object has its members
	if err := errors.Join(json.NewDecoder(stored.Body).Decode(&columns), stored.Body.Close()); err != nil {
		t.Fatal(err)
	}
	err = verify.Objects(t.Context(), testservers.S3(), result, func(body []byte) (int64, error) {
		items, err := parquetrows.Items(body, columns)
		for _, item := range items {
			_ = add(append(run.Marshal(map[string]any{"Item": item}), '\n'))
		}
		return int64(len(items)), err
	}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// expected returns the result that each request must have for a table.
func expected(t *testing.T, table []map[string]types.AttributeValue) map[string]made {
	t.Helper()
	var paid, large, lines int
	for _, order := range table {
		if order["status"].(*types.AttributeValueMemberS).Value != "paid" {
			continue
		}
		paid++
		lines += len(order["lines"].(*types.AttributeValueMemberL).Value)
		if total, _, _ := strings.Cut(order["total"].(*types.AttributeValueMemberN).Value, "."); len(total) == 5 && total >= "50000" {
			large++
		}
	}
	if len(table) != orders || large == 0 || large == paid {
		t.Fatalf("%d orders, %d of them paid, %d of these large: the numbers must differ, so that the test sees which filter was used", len(table), paid, large)
	}
	const item, ion, plain = `\{"Item":\{"\w+":\{.*\}\}`, `\$ion_1_0 \{Item:\{.*\}\}`, `\{.*"status":"\w+".*\}`
	return map[string]made{
		"scan":           {orders, orders, "AWSDynamoDB/scan", item},
		"scan-json-zstd": {orders, orders, "lake/orders/dt=2026-01-31/AWSDynamoDB/scan-json-zstd", plain},
		"scan-ion":       {orders, orders, "AWSDynamoDB/scan-ion", ion},
		"scan-parquet":   {orders, orders, "lake/orders/dt=2026-01-31/AWSDynamoDB/scan-parquet", item},
		"export-parquet": {orders, orders, "AWSDynamoDB/export-parquet", item},
		"scan-filter":    {large, large, "AWSDynamoDB/scan-filter", `\{"Item":(?:[{,]"(?:orderId|status|total)":\{"[SN]":"[^"]*"\}){3}\}\}`},
		"scan-index":     {orders, orders, "AWSDynamoDB/scan-index", `\{"Item":(?:[{,]"(?:orderId|status|placedAt)":\{"S":"[^"]*"\}){3}\}\}`},
		"scan-transform": {orders, lines, "AWSDynamoDB/scan-transform", `\{"order":"order-\d+","quantity":\d,"sku":"[a-z]+-\d+"\}`},
		"scan-paced":     {orders, orders, "AWSDynamoDB/scan-paced", item},
		"scan-scheduled": {orders, orders, "dynamodb/orders/2026-01-31/AWSDynamoDB/orders-nightly-20260131T020000Z", item},
		"export-full":    {orders, orders, "AWSDynamoDB/export-full", item},
		"export-filter":  {paid, paid, "AWSDynamoDB/export-filter", item},
		"export-window":  {1, 1, "AWSDynamoDB/export-window", `\{"Metadata":.*"NewImage":\{.*"packed".*\}\}`},
		"export-chain":   {orders, orders, "changes/orders/AWSDynamoDB/export-chain", item},
	}
}

// deploy serves the functions, with defaults for requests, and the checks of exports, and returns their address.
func deploy(t *testing.T, dynamoDB *exports.Server, defaults string) string {
	t.Helper()
	_, destination := testservers.Configs()
	engine := function.New(dynamoDB.AWS(), destination, function.Options{Log: slog.New(slog.DiscardHandler), Account: "000000000000", Defaults: defaults})
	calls := http.NewServeMux()
	calls.Handle("/", lambdaapi.Server{Function: engine.Handler, Timeout: time.Minute}.Handler())
	// An export is complete after its first check.
	checks := sdkintegration.Server{DynamoDB: dynamoDB.AWS()}.Handler()
	calls.HandleFunc("/aws-sdk/", func(w http.ResponseWriter, r *http.Request) {
		checks.ServeHTTP(w, r)
		dynamoDB.Finish()
	})
	server := httptest.NewServer(calls)
	t.Cleanup(server.Close)
	return server.URL
}

// fill creates the table and the buckets that the requests name, and returns the table's items.
func fill(t *testing.T, dynamoDB *exports.Server) []map[string]types.AttributeValue {
	t.Helper()
	for _, bucket := range []string{"demo", "my-lake"} {
		if _, err := testservers.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
	client, table := dynamodb.NewFromConfig(dynamoDB.AWS()), aws.String(sampletable.Table)
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	var attributes []types.AttributeDefinition
	for _, name := range []string{"orderId", "status", "placedAt", "day"} {
		attributes = append(attributes, types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS})
	}
	capacity := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(10_000), WriteCapacityUnits: aws.Int64(10_000)}
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: table, ProvisionedThroughput: capacity, AttributeDefinitions: attributes,
		KeySchema: []types.KeySchemaElement{key("orderId", types.KeyTypeHash)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{
				IndexName: aws.String("by-status"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}, ProvisionedThroughput: capacity,
				KeySchema: []types.KeySchemaElement{key("status", types.KeyTypeHash), key("placedAt", types.KeyTypeRange)},
			},
			{
				IndexName: aws.String("by-day"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}, ProvisionedThroughput: capacity,
				KeySchema: []types.KeySchemaElement{key("day", types.KeyTypeHash)},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond }).
		Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: table}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := sampletable.Load(t.Context(), testservers.DynamoDB(), *table, sampletable.Seed, orders, nil); err != nil {
		t.Fatal(err)
	}
	all, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: table})
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range all.Items {
		if order["status"].(*types.AttributeValueMemberS).Value == "new" {
			order["status"] = &types.AttributeValueMemberS{Value: "packed"}
			if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: table, Item: order}); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	dynamoDB.Advance(execute.Sub(change))
	return all.Items
}
