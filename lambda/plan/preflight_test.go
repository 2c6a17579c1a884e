package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Each refusal names its field, and nothing is written. No message has the value s3cr3t. The messages are dynalite's.
func TestPlanAsksWhetherDynamoDBAcceptsTheScan(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	for scan, words := range map[string]string{
		`"FilterExpression":"total > :n","ExpressionAttributeValues":{":n":{"S":"s3cr3t"}}`:                                         `scan.FilterExpression: DynamoDB refuses it: Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: total. Write #total in the expression, and {"#total": "total"} in scan.ExpressionAttributeNames`,
		`"FilterExpression":"#a.total = :n","ExpressionAttributeNames":{"#a":"a"},"ExpressionAttributeValues":{":n":{"S":"total"}}`: `reserved keyword: total. Write #total in the expression`,
		`"ProjectionExpression":"a, status"`:                                                                               `scan.ProjectionExpression: DynamoDB refuses it: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: status. Write #status in the expression`,
		`"FilterExpression":"a = 's3cr3t'"`:                                                                                `scan.FilterExpression: DynamoDB refuses it: Invalid FilterExpression: Syntax error; `,
		`"FilterExpression":"my-name = a"`:                                                                                 `An expression has no values, and only names of letters, digits and _: write :v for a value, and #n for another name`,
		`"ProjectionExpression":"a a"`:                                                                                     `scan.ProjectionExpression: DynamoDB refuses it: Invalid ProjectionExpression: Syntax error`,
		`"ProjectionExpression":"a, a.b"`:                                                                                  `scan.ProjectionExpression: DynamoDB refuses it: Invalid ProjectionExpression: Two document paths overlap`,
		`"FilterExpression":"matches(a, b)"`:                                                                               `Invalid function name; function: matches. DynamoDB has attribute_exists,`,
		`"FilterExpression":"contains(a)"`:                                                                                 `Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1`,
		`"IndexName":"by-day","FilterExpression":"a = = b"`:                                                                `scan.FilterExpression: DynamoDB refuses it`,
		`"TotalSegments":1000000,"Segment":999999,"Limit":5,"FilterExpression":"total = a"`:                                `reserved keyword: total`,
		`"FilterExpression":"begins_with(a, :n)","ExpressionAttributeValues":{":n":{"N":"5"}}`:                             `operand type: N. Give a value of another type than N in scan.ExpressionAttributeValues`,
		`"FilterExpression":"attribute_type(a, :n)","ExpressionAttributeValues":{":n":{"S":"s3cr3t"}}`:                     `Invalid attribute type name found; type: …, valid types: {`,
		`"FilterExpression":"a = :n","ExpressionAttributeValues":{":n":{"NS":["1","1"]}}`:                                  `scan.ExpressionAttributeValues: DynamoDB refuses it`,
		`"FilterExpression":"a = :n","ExpressionAttributeValues":{":n":{"SS":["s3cr3t","s3cr3t"]}}`:                        `Input collection […] contains duplicates`,
		`"FilterExpression":"a = :n","ExpressionAttributeValues":{":n":{"N":"` + strings.Repeat("9", 39) + `"}}`:           `Attempting to store more than 38 significant digits in a Number for key :n`,
		`"FilterExpression":"a BETWEEN :n AND :m","ExpressionAttributeValues":{":n":{"S":"s3cr3t"},":m":{"S":"a"}}`:        `lower bound operand: AttributeValue: {…}. Exchange the two values`,
		`"ScanFilter":{"a":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"s3cr3t"},{"S":"a"}]}}`:              `scan.ScanFilter: DynamoDB refuses it: The BETWEEN condition was provided a range`,
		`"ScanFilter":{"a":{"ComparisonOperator":"EQ","AttributeValueList":[]}}`:                                           `scan.ScanFilter: DynamoDB refuses it: One or more parameter values were invalid: Invalid number of argument(s)`,
		`"ScanFilter":{"a":{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"N":"1"}]}},"AttributesToGet":["a"]`: `scan.ScanFilter: DynamoDB refuses it`,
	} {
		t.Run(scan, func(t *testing.T) {
			_, err := planRun(t, "run-1", `{"bucket": "`+bucket+`", "table": "`+table+`", "scan": {`+scan+`}}`)
			if err == nil || failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "..") {
				t.Errorf("got %s: %v\nwant %s", failure.NameOf(err), err, words)
			}
		})
	}
	if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}

// wire passes requests on to DynamoDB and keeps the scans. If it has an answer, each scan gets this one instead.
type wire struct {
	mu     sync.Mutex
	scans  []string
	status int
	answer string
}

func (w *wire) Do(request *http.Request) (*http.Response, error) {
	if request.Header.Get("X-Amz-Target") != "DynamoDB_20120810.Scan" {
		return http.DefaultClient.Do(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.scans = append(w.scans, string(body))
	w.mu.Unlock()
	if w.answer == "" {
		request.Body = io.NopCloser(bytes.NewReader(body))
		return http.DefaultClient.Do(request)
	}
	return &http.Response{
		StatusCode: w.status, Request: request, Body: io.NopCloser(strings.NewReader(w.answer)), ContentLength: int64(len(w.answer)),
		Header: http.Header{"X-Amz-Crc32": {strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(w.answer))), 10)}},
	}, nil
}

// plan plans over the wire, with one try of each request.
func (w *wire) plan(t *testing.T, name, req string) (run.PlanOutput, error) {
	t.Helper()
	read, write := testservers.Configs()
	read.HTTPClient, read.Retryer = w, func() aws.Retryer { return aws.NopRetryer{} }
	clients := awsclient.NewClients(read, write, read)
	p := plan.Step{Tables: clients.Tables, Objects: clients.Objects, Executions: &executions.Memory{Others: execution.Running}, Account: account, Log: slog.New(slog.DiscardHandler)}
	return p.Run(t.Context(), run.PlanInput{
		Request:   json.RawMessage(req),
		Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)},
	})
}

// plan asks once, for one item, with everything that the segments will send.
func TestPlanAsksLikeASegment(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	for i, test := range []struct{ fields, want string }{
		{``, `"Limit":1,"ReturnConsumedCapacity":"TOTAL","TableName":"TABLE"`},
		{
			`, "segments": 3, "scan": {"IndexName": "by-day-local", "ConsistentRead": true, "Limit": 7, "FilterExpression": "#a = :a", "ProjectionExpression": "#a", "Select": "SPECIFIC_ATTRIBUTES", "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":a": {"L": [{"N": "1"}]}}}`,
			`"ConsistentRead":true,"ExpressionAttributeNames":{"#a":"a"},"ExpressionAttributeValues":{":a":{"L":[{"N":"1"}]}},"FilterExpression":"#a = :a","IndexName":"by-day-local","Limit":1,"ProjectionExpression":"#a","ReturnConsumedCapacity":"TOTAL","Segment":0,"Select":"SPECIFIC_ATTRIBUTES","TableName":"TABLE","TotalSegments":3`,
		},
		{
			`, "scan": {"TotalSegments": 9, "Segment": 8, "AttributesToGet": ["a"], "ConditionalOperator": "OR", "ScanFilter": {"a": {"ComparisonOperator": "NULL"}, "b": {"ComparisonOperator": "NULL"}}}`,
			`"AttributesToGet":["a"],"ConditionalOperator":"OR","Limit":1,"ReturnConsumedCapacity":"TOTAL","ScanFilter":{"a":{"AttributeValueList":[],"ComparisonOperator":"NULL"},"b":{"AttributeValueList":[],"ComparisonOperator":"NULL"}},"Segment":8,"TableName":"TABLE","TotalSegments":9`,
		},
	} {
		w := &wire{}
		if _, err := w.plan(t, fmt.Sprintf("run-%d", i), `{"bucket": "`+bucket+`", "table": "`+table+`"`+test.fields+`}`); err != nil {
			t.Error(err)
			continue
		}
		var sent any
		if err := json.Unmarshal([]byte(w.scans[0]), &sent); err != nil {
			t.Fatal(err)
		}
		sorted, err := json.Marshal(sent)
		if want := "{" + strings.ReplaceAll(test.want, "TABLE", table) + "}"; err != nil || len(w.scans) != 1 || string(sorted) != want {
			t.Errorf("sent %s, %v\nwant %s", w.scans, err, want)
		}
	}
}

// An export reads nothing.
func TestExportsDoNotAsk(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	w := &wire{}
	if _, err := w.plan(t, "run-1", `{"bucket": "`+bucket+`", "table": "`+table+`", "export": {}}`); err != nil || len(w.scans) > 0 {
		t.Errorf("got %v, sent %s", err, w.scans)
	}
}

func TestPlanAfterOtherAnswersOfDynamoDB(t *testing.T) {
	table := tableWithIndexes(t)
	refused := func(kind, message string) string {
		return fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, kind, message)
	}
	for _, test := range []struct {
		name   string
		status int
		answer string
		want   failure.Name // "" if the run is planned
		says   string
	}{
		{"no capacity", 400, refused("ProvisionedThroughputExceededException", "slow"), "", ""},
		{"too many requests", 400, refused("ThrottlingException", "slow"), "", ""},
		{"no item that matches", 200, `{"Count":0,"Items":[],"LastEvaluatedKey":{"id":{"S":"a"}},"ScannedCount":1}`, "", ""},
		{"an item of 390 KB", 200, `{"Count":1,"Items":[{"id":{"S":"` + strings.Repeat("a", 390<<10) + `"}}],"LastEvaluatedKey":{"id":{"S":"a"}},"ScannedCount":1}`, "", ""},
		{"no permission", 400, refused("AccessDeniedException", "no, no"), failure.AccessDenied, `dynamodb:Scan on table "` + table + `" is not allowed`},
		{"a field that is described", 400, refused("ValidationException", "Consistent reads are not supported on global secondary indexes"), failure.InvalidRequest, "scan.ConsistentRead: DynamoDB refuses it: Consistent reads"},
		{"an index that is gone", 400, refused("ValidationException", "The table does not have the specified index: by-day"), failure.InvalidRequest, "scan.IndexName: DynamoDB refuses it: The table does not have"},
		{"attributes that an index does not have", 400, refused("ValidationException", "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-day because its projection type is not ALL"), failure.InvalidRequest, "scan.Select: DynamoDB refuses it: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-day because its projection type is not ALL. Leave scan.Select out"},
		{"a message without a field", 400, refused("ValidationException", "No."), failure.InvalidRequest, "invalid request: scan: DynamoDB refuses it: No"},
		{"a fault of DynamoDB", 500, refused("InternalServerError", "oh"), failure.Internal, "oh"},
		{"a damaged answer", 200, `{"Count":2,"Items":[],"ScannedCount":2}`, failure.MalformedAnswer, "the answer counts 2 items and holds 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bucket, w := testservers.Bucket(t), &wire{status: test.status, answer: test.answer}
			_, err := w.plan(t, "run-1", `{"bucket": "`+bucket+`", "table": "`+table+`"}`)
			keys := testservers.Keys(t, bucket, "")
			if test.want == "" {
				if err != nil || len(keys) != 1 {
					t.Errorf("got %v, wrote %v", err, keys)
				}
				return
			}
			if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.says) || len(keys) > 0 {
				t.Errorf("got %s: %v, wrote %v\nwant %s: %s", failure.NameOf(err), err, keys, test.want, test.says)
			}
		})
	}
}

// The table and its items can have any size: the sample has one item of nearly 400 KB, which the filter leaves out.
func TestPlanAsksATableOfLargeItems(t *testing.T) {
	bucket := testservers.Bucket(t)
	table := testservers.Orders(t, 1)
	item := map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "large"}, "noise": &types.AttributeValueMemberB{Value: make([]byte, 390<<10)}}
	if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
	for name, filter := range map[string]string{"none": ``, "nothing": `, "scan": {"FilterExpression": "attribute_not_exists(orderId)"}`} {
		if _, err := planRun(t, "run-"+name, `{"bucket": "`+bucket+`", "table": "`+table+`"`+filter+`}`); err != nil {
			t.Error(err)
		}
	}
}
