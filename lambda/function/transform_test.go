package function_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/google/go-cmp/cmp"
)

// sampleOrder has the attributes of the sample's orders that the tests make records of.
type sampleOrder struct {
	ID     string                `dynamodbav:"orderId"`
	Status string                `dynamodbav:"status"`
	Total  attributevalue.Number `dynamodbav:"total"`
	Lines  []struct {
		SKU   string                `dynamodbav:"sku"`
		Price attributevalue.Number `dynamodbav:"price"`
	} `dynamodbav:"lines"`
}

// sampleOrders reads a table with the SDK.
func sampleOrders(t *testing.T, table string) []sampleOrder {
	t.Helper()
	answer, err := testservers.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	var orders []sampleOrder
	if err := attributevalue.UnmarshalListOfMaps(answer.Items, &orders); err != nil {
		t.Fatal(err)
	}
	return orders
}

func TestRunTransformsItems(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 600)
	orders := sampleOrders(t, table)
	for _, test := range []struct {
		name, transform string
		want            func(sampleOrder) []string
	}{
		{"into one record each", `{id: .orderId, total}`, func(o sampleOrder) []string {
			return []string{fmt.Sprintf(`{"id":%q,"total":%s}`, o.ID, o.Total)}
		}},
		{"into some", `select(.status == "paid") | {orderId}`, func(o sampleOrder) []string {
			if o.Status != "paid" {
				return nil
			}
			return []string{fmt.Sprintf(`{"orderId":%q}`, o.ID)}
		}},
		{"into many", `.orderId as $id | .lines[] | {id: $id, sku, price}`, func(o sampleOrder) (lines []string) {
			for _, line := range o.Lines {
				lines = append(lines, fmt.Sprintf(`{"id":%q,"price":%s,"sku":%q}`, o.ID, line.Price, line.SKU))
			}
			return lines
		}},
		{"into none", `empty`, func(sampleOrder) []string { return nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, o := range orders {
				want = append(want, test.want(o)...)
			}
			slices.Sort(want)
			bucket := testservers.Bucket(t)
			result, err := execution{t: t, name: "run-1", request: fmt.Sprintf(
				`{"table": %q, "bucket": %q, "segments": 2, "fileSizeBytes": 4000, "scan": {"Limit": 100}, "transform": %q}`, table, bucket, test.transform)}.run()
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, result, func(line []byte) (any, error) { return json.RawMessage(line), nil })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if result.Items != int64(len(orders)) || result.Records != int64(len(want)) || (result.Objects == 0) != (len(want) == 0) {
				t.Errorf("got %+v of %d items and %d records", result, len(orders), len(want))
			}
			if keys := testservers.Keys(t, bucket, run.Layout{Root: result.Root}.DataPrefix()); int64(len(keys)) != result.Objects {
				t.Errorf("got %v, want %d objects", keys, result.Objects)
			}
			if _, err := verify.Count(t.Context(), testservers.DynamoDB(), testservers.S3(), result); err != nil {
				t.Error(err)
			}
			short := result
			short.Items--
			if _, err := verify.Count(t.Context(), testservers.DynamoDB(), testservers.S3(), short); err == nil || !strings.Contains(err.Error(), "the run has read 599 items, the table has 600") {
				t.Errorf("an item that was not read: got %v", err)
			}
			var summary manifest.Summary
			if err := json.Unmarshal([]byte(get(t, bucket, run.Layout{Root: result.Root}.ManifestSummary())), &summary); err != nil {
				t.Fatal(err)
			}
			if summary.ItemCount != result.Records || summary.OutputFormat != "JSON" || !summary.Scan.Transform || summary.Scan.Items != result.Items {
				t.Errorf("got %+v", summary)
			}
		})
	}
}

// An invocation that is repeated writes the same bytes: an expression sees nothing but the item.
func TestTransformIsRepeatable(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 400), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", request: fmt.Sprintf(
		`{"table": %q, "bucket": %q, "fileSizeBytes": 2000, "scan": {"Limit": 20}, "transform": ". as $o | .lines[] | . + ($o | {orderId, customer, tags}) | with_entries(.)"}`, table, bucket)}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	hurried := e
	hurried.hurry = 5 * time.Minute
	begun, err := call[run.Checkpoint](hurried, contract.FunctionScan, run.ScanInput{Plan: planned.Plan})
	if err != nil || begun.Done {
		t.Fatalf("got %+v, %v", begun, err)
	}
	// The second try scans to the segment's end three times. The first of these counts.
	for range 3 {
		end, err := call[run.Checkpoint](e, contract.FunctionScan, run.ScanInput{Plan: planned.Plan, Checkpoint: &begun})
		if err != nil || !end.Done {
			t.Fatalf("got %+v, %v", end, err)
		}
	}
	parts := map[string][]string{}
	for _, upload := range testservers.Uploads(t, bucket, planned.Plan.Layout().DataOf(0)) {
		part, _, _ := strings.Cut(strings.TrimPrefix(*upload.Key, planned.Plan.Layout().DataOf(0)), "-")
		parts[part] = append(parts[part], *testservers.Parts(t, bucket, upload)[0].ETag) // an MD5 of the bytes
	}
	for part, tries := range parts {
		if part >= fmt.Sprintf("%06d", begun.Part) && (len(tries) != 3 || tries[1] != tries[0] || tries[2] != tries[0]) {
			t.Errorf("part %s is not the same each time of %d", part, len(tries))
		}
	}
	if len(parts) < begun.Part+3 {
		t.Errorf("only %d parts", len(parts))
	}
	result, err := e.finalize(planned.Plan)
	if err != nil || result.Items != 400 {
		t.Fatalf("got %+v, %v", result, err)
	}
	if _, err := verify.Count(t.Context(), testservers.DynamoDB(), testservers.S3(), result); err != nil {
		t.Error(err)
	}
}

// A failure names the place, the key's attributes and what was tried. Neither its cause nor the logs have a value.
func TestFailedTransformShowsNoValue(t *testing.T) {
	t.Parallel()
	table := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("patient"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("at"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("patient"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("at"), AttributeType: types.ScalarAttributeTypeN},
		},
	})
	for n := range 3 {
		item := map[string]types.AttributeValue{
			"patient": &types.AttributeValueMemberS{Value: "s3cret"}, "at": &types.AttributeValueMemberN{Value: fmt.Sprint(n)},
			"dose": &types.AttributeValueMemberN{Value: "5"},
		}
		if n == 1 {
			item["dose"] = &types.AttributeValueMemberS{Value: "s3cret"}
		}
		if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ transform, words string }{
		"a sum":                         {`{at, dose: (.dose + 1)}`, `cannot add a string and a number`},
		"an error":                      {`if .at == 1 then error(.) else . end`, `calls error(…)`},
		"a result that is not a record": {`if .at == 1 then .dose else . end`, `gives a string as a record`},
		"no end":                        {`if .at == 1 then repeat(.) else . end`, `gives more than 100000 records`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			var log, metrics bytes.Buffer
			e := execution{t: t, name: "run-1", log: &log, metrics: &metrics, request: fmt.Sprintf(
				`{"table": %q, "bucket": %q, "transform": %q}`, table, bucket, test.transform)}
			_, err := e.run()
			wantName(t, err, failure.TransformFailed, "segment 0: item 1 of page 0 of invocation 0 (its key: patient, at): the transform "+test.words)
			if shown := err.Error() + log.String() + metrics.String(); strings.Contains(shown, "s3cret") || !strings.Contains(log.String(), "TransformFailed") {
				t.Errorf("got %s", shown)
			}
			if left := len(testservers.Keys(t, bucket, "AWSDynamoDB/run-1/data/")) + len(testservers.Uploads(t, bucket, "")); left > 0 {
				t.Errorf("%d objects and uploads are left", left)
			}
		})
	}
}

// linesCSV is an encoder of your own: it writes a line of CSV for each line of an order.
type linesCSV struct{}

func (linesCSV) Append(_ context.Context, dst, item []byte) ([]byte, int, error) {
	attributes, err := attributevalue.UnmarshalMapJSON(item)
	if err != nil {
		return dst, 0, err
	}
	var o sampleOrder
	if err := attributevalue.UnmarshalMap(attributes, &o); err != nil {
		return dst, 0, err
	}
	out := bytes.NewBuffer(dst)
	w := csv.NewWriter(out)
	for _, line := range o.Lines {
		_ = w.Write([]string{o.ID, line.SKU, string(line.Price)}) // a buffer never fails
	}
	w.Flush()
	return out.Bytes(), len(o.Lines), nil
}

func init() {
	encoder.Register(encoder.Format{Name: "lines-csv", Extension: ".csv", New: func() (encoder.Encoder, error) { return linesCSV{}, nil }})
}

func TestRunEncodesItemsWithARegisteredEncoder(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 300), testservers.Bucket(t)
	result, err := execution{t: t, name: "run-1", request: fmt.Sprintf(
		`{"table": %q, "bucket": %q, "segments": 2, "fileSizeBytes": 4000, "encoder": "lines-csv"}`, table, bucket)}.run()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, o := range sampleOrders(t, table) {
		for _, line := range o.Lines {
			want = append(want, fmt.Sprintf("%q", o.ID+","+line.SKU+","+string(line.Price)))
		}
	}
	slices.Sort(want)
	got := texts(t, result, func(line []byte) (any, error) { return strings.TrimSuffix(string(line), "\n"), nil })
	if diff := cmp.Diff(want, got); diff != "" || result.Records != int64(len(want)) || result.Items != 300 {
		t.Errorf("%+v, (-want +got):\n%s", result, diff)
	}
	for _, key := range testservers.Keys(t, bucket, run.Layout{Root: result.Root}.DataPrefix()) {
		if !strings.HasSuffix(key, ".csv.gz") {
			t.Errorf("got %s", key)
		}
	}
	if summary := get(t, bucket, run.Layout{Root: result.Root}.ManifestSummary()); !strings.Contains(summary, `"outputFormat":"lines-csv"`) {
		t.Errorf("got %s", summary)
	}
}
