package function_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// indexed creates a table of orders with a global index by status that projects only the keys.
func indexed(t *testing.T, items int) string {
	t.Helper()
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	name := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{attribute("orderId"), attribute("status")},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-status"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("status"), KeyType: types.KeyTypeHash}},
		}},
	})
	if err := sampletable.Load(t.Context(), testservers.DynamoDB(), name, sampletable.Seed, items, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// A run and the SDK's own Scan return the same items for the same parameters.
func TestRunKeepsToTheScansParameters(t *testing.T) {
	t.Parallel()
	table := indexed(t, 1000)
	paid := map[string]types.AttributeValue{":s": &types.AttributeValueMemberS{Value: "paid"}}
	for _, test := range []struct {
		name, scan string
		input      dynamodb.ScanInput
	}{
		{
			"a filter and a projection",
			`{"FilterExpression": "#s = :s", "ProjectionExpression": "orderId, #s, customer.address", "ExpressionAttributeNames": {"#s": "status"}, "ExpressionAttributeValues": {":s": {"S": "paid"}}}`,
			dynamodb.ScanInput{
				FilterExpression: aws.String("#s = :s"), ProjectionExpression: aws.String("orderId, #s, customer.address"),
				ExpressionAttributeNames: map[string]string{"#s": "status"}, ExpressionAttributeValues: paid,
			},
		},
		{
			"a filter that nothing passes", `{"FilterExpression": "attribute_exists(nowhere)"}`,
			dynamodb.ScanInput{FilterExpression: aws.String("attribute_exists(nowhere)")},
		},
		{
			"an index, page by page", `{"IndexName": "by-status", "Limit": 70}`,
			dynamodb.ScanInput{IndexName: aws.String("by-status")},
		},
		{
			"what is of old", `{"AttributesToGet": ["orderId", "total"], "ScanFilter": {"status": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "paid"}]}}}`,
			dynamodb.ScanInput{AttributesToGet: []string{"orderId", "total"}, ScanFilter: map[string]types.Condition{
				"status": {ComparisonOperator: types.ComparisonOperatorEq, AttributeValueList: []types.AttributeValue{paid[":s"]}},
			}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, err := execution{
				t: t, name: "run-1",
				request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "scan": %s}`, table, testservers.Bucket(t), test.scan),
			}.run()
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, result, func(line []byte) (any, error) {
				var record struct{ Item json.RawMessage }
				if err := json.Unmarshal(line, &record); err != nil {
					return nil, err
				}
				return attributevalue.UnmarshalMapJSON(record.Item)
			})
			test.input.TableName = &table
			answer, err := testservers.DynamoDB().Scan(t.Context(), &test.input)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, item := range answer.Items {
				want = append(want, text(t, item))
			}
			slices.Sort(want)
			if !slices.Equal(got, want) || result.Items != int64(len(want)) {
				t.Errorf("got %d items, want %d", len(got), len(want))
			}
		})
	}
}

// In plain JSON, an item has the values that the SDK gives a program.
func TestRunWritesPlainJSON(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 500)
	result, err := execution{
		t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "format": "JSON", "compression": "ZSTD"}`, table, testservers.Bucket(t)),
	}.run()
	if err != nil {
		t.Fatal(err)
	}
	got := texts(t, result, func(line []byte) (any, error) {
		var record map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(line)))
		decoder.UseNumber()
		err := decoder.Decode(&record)
		return quoted(record), err
	})
	answer, err := testservers.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, item := range answer.Items {
		var plain map[string]any
		if err := attributevalue.UnmarshalMapWithOptions(item, &plain, func(o *attributevalue.DecoderOptions) { o.UseNumber = true }); err != nil {
			t.Fatal(err)
		}
		want = append(want, text(t, plain))
	}
	slices.Sort(want)
	if len(got) != 500 || !slices.Equal(got, want) {
		t.Errorf("got %d items, want %d\n%s\n%s", len(got), len(want), got[0], want[0])
	}
}

// The largest item, the deepest, and the emptiest.
func TestRunReplicatesItemsAtTheLimits(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 1)
	deepest := types.AttributeValue(&types.AttributeValueMemberS{Value: "bottom"})
	for level := range 31 {
		if level%2 == 0 {
			deepest = &types.AttributeValueMemberL{Value: []types.AttributeValue{deepest}}
		} else {
			deepest = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"Items": deepest}}
		}
	}
	for id, value := range map[string]types.AttributeValue{
		"largest":  &types.AttributeValueMemberS{Value: strings.Repeat("\u2028\"\\\x01é", 51_000)}, // 8 bytes each; an item has 400 KB
		"deepest":  deepest,
		"emptiest": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}},
		"longest":  &types.AttributeValueMemberN{Value: "-9.9999999999999999999999999999999999999E+125"},
		"smallest": &types.AttributeValueMemberN{Value: "1E-130"},
	} {
		_, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: &table, Item: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: id}, "value": value},
		})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	result, err := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, testservers.Bucket(t))}.run()
	if err != nil {
		t.Fatal(err)
	}
	report, err := verify.Compare(t.Context(), testservers.DynamoDB(), testservers.S3(), result)
	if err != nil || report.Items != 6 {
		t.Errorf("%+v, %v", report, err)
	}
}

// quoted turns the numbers in a decoded record into texts, like the SDK's.
func quoted(value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case []any:
		for i := range v {
			v[i] = quoted(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = quoted(v[name])
		}
	}
	return value
}

// texts returns decode's result for each record of a run, as sorted texts.
func texts(t *testing.T, result run.Result, decode func(line []byte) (any, error)) []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	err := verify.Records(t.Context(), testservers.S3(), result, func(line []byte) error {
		decoded, err := decode(line)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, text(t, decoded))
		return err
	}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// text writes a value as JSON, in which members are sorted, for comparison.
func text(t *testing.T, value any) string {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
