package sdkintegration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

// dynamoDB is a server that gives the same answer to every request, and counts the requests.
type dynamoDB struct {
	aws.Config
	calls atomic.Int64
	asked atomic.Value // the last request's target and body
}

func serveDynamoDB(t *testing.T, status int, body string) *dynamoDB {
	t.Helper()
	d := &dynamoDB{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.calls.Add(1)
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		d.asked.Store(r.Header.Get("X-Amz-Target") + " " + string(asked))
		time.Sleep(2 * time.Millisecond) // the SDK closes the request when the answer begins, and net/http may still read it
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Requestid", "R1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	d.Config = config(server.URL)
	return d
}

func config(url string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		// As lambda/awsclient and AWS_MAX_ATTEMPTS configure it.
		Retryer: func() aws.Retryer { return retry.NewStandard() }, RetryMaxAttempts: 3,
	}
}

// post calls an action and returns the status and body of the answer.
func post(t *testing.T, server sdkintegration.Server, action, parameters string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/aws-sdk/"+action, strings.NewReader(parameters))
	recorder := httptest.NewRecorder()
	server.Handler().ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

const parameters = `{"ExportArn":"arn:aws:dynamodb:us-east-1:123456789012:table/orders/export/01-a"}`

func TestAnswersHaveTheShapeOfStepFunctions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, answer, want string }{
		{
			"in progress, most of it absent",
			`{"ExportDescription":{"ExportArn":"arn:x","ExportStatus":"IN_PROGRESS","StartTime":1790000000.120,"S3Prefix":"","ItemCount":0}}`,
			`{"ExportDescription":{"ExportArn":"arn:x","ExportStatus":"IN_PROGRESS","StartTime":"2026-09-21T14:13:20.120Z","S3Prefix":"","ItemCount":0}}`,
		},
		{
			"completed, incremental",
			`{"ExportDescription":{"ExportStatus":"COMPLETED","EndTime":1790000001,"BilledSizeBytes":12,"ExportType":"INCREMENTAL_EXPORT",
				"IncrementalExportSpecification":{"ExportFromTime":1790000000,"ExportToTime":1790003600,"ExportViewType":"NEW_AND_OLD_IMAGES"},
				"FilterSpecification":{"FilterExpression":"#a = :b","ExpressionAttributeNames":{"#a":"b"},
					"ExpressionAttributeValues":{":b":{"L":[{"S":""},{"BOOL":false},{"B":"AQI="},{"M":{"n":{"N":"1.50"}}},{"SS":["x"]}]}}}}}`,
			`{"ExportDescription":{"ExportStatus":"COMPLETED","EndTime":"2026-09-21T14:13:21Z","BilledSizeBytes":12,"ExportType":"INCREMENTAL_EXPORT",
				"IncrementalExportSpecification":{"ExportFromTime":"2026-09-21T14:13:20Z","ExportToTime":"2026-09-21T15:13:20Z","ExportViewType":"NEW_AND_OLD_IMAGES"},
				"FilterSpecification":{"FilterExpression":"#a = :b","ExpressionAttributeNames":{"#a":"b"},
					"ExpressionAttributeValues":{":b":{"L":[{"S":""},{"BOOL":false},{"B":"AQI="},{"M":{"n":{"N":"1.50"}}},{"SS":["x"]}]}}}}}`,
		},
		{"nothing", `{}`, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := serveDynamoDB(t, http.StatusOK, test.answer)
			status, body := post(t, sdkintegration.Server{DynamoDB: service.Config}, "dynamodb/describeExport", parameters)
			if diff := cmp.Diff(decode(t, test.want), decode(t, body)); status != http.StatusOK || diff != "" {
				t.Errorf("status %d (-want +got):\n%s", status, diff)
			}
			if asked := service.asked.Load(); asked != "DynamoDB_20120810.DescribeExport "+parameters {
				t.Errorf("it was asked %s", asked)
			}
		})
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func TestErrorsHaveTheNamesOfStepFunctions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind   string
		status int
		want   string
	}{
		{"com.amazonaws.dynamodb.v20120810#ExportNotFoundException", 400, "DynamoDb.ExportNotFoundException"},
		{"com.amazon.coral.availability#ThrottlingException", 400, "DynamoDb.ThrottlingException"},
		{"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", 400, "DynamoDb.ProvisionedThroughputExceededException"},
		{"com.amazonaws.dynamodb.v20120810#RequestLimitExceeded", 400, "DynamoDb.RequestLimitExceededException"},
		{"com.amazonaws.dynamodb.v20120810#LimitExceededException", 400, "DynamoDb.LimitExceededException"},
		{"com.amazonaws.dynamodb.v20120810#InternalServerError", 500, "DynamoDb.InternalServerErrorException"},
		{"com.amazon.coral.service#AccessDeniedException", 400, "DynamoDb.DynamoDbException"},
		{"com.amazon.coral.validate#ValidationException", 400, "DynamoDb.DynamoDbException"},
		{"ServiceUnavailable", 503, "DynamoDb.DynamoDbException"},
	} {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			service := serveDynamoDB(t, test.status, fmt.Sprintf(`{"__type":%q,"message":"No, \"sir\"."}`, test.kind))
			status, body := post(t, sdkintegration.Server{DynamoDB: service.Config}, "dynamodb/describeExport", parameters)
			want := map[string]any{"error": test.want, "cause": fmt.Sprintf(`No, "sir". (Service: DynamoDb, Status Code: %d, Request ID: R1)`, test.status)}
			if diff := cmp.Diff(any(want), decode(t, body)); status != http.StatusBadRequest || diff != "" {
				t.Errorf("status %d (-want +got):\n%s", status, diff)
			}
			// The state's Retry retries, not the SDK.
			if calls := service.calls.Load(); calls != 1 {
				t.Errorf("it was called %d times, want once", calls)
			}
		})
	}
}

func TestErrorsThatAreNotOfTheService(t *testing.T) {
	t.Parallel()
	unreachable := sdkintegration.Server{DynamoDB: config("http://127.0.0.1:1")} // a reserved port, on which no process listens
	for _, test := range []struct {
		name, action, parameters string
		status                   int
		want                     string
	}{
		{"no connection", "dynamodb/describeExport", parameters, 400, `{"error":"DynamoDb.SdkClientException"`},
		{"a missing parameter", "dynamodb/describeExport", `{}`, 400, `{"error":"DynamoDb.SdkClientException"`},
		{"an unknown parameter", "dynamodb/describeExport", `{"ExportARM":"x"}`, 400, `{"error":"States.Runtime","cause":"the Parameters do not fit: `},
		{"parameters that are not an object", "dynamodb/describeExport", `[]`, 400, `{"error":"States.Runtime","cause":"the Parameters do not fit: `},
		{"an unknown action", "dynamodb/deleteTable", `{}`, 404, `there is no "dynamodb:deleteTable" here`},
		{"an unknown service", "s3/describeExport", `{}`, 404, `there is no "s3:describeExport" here`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, body := post(t, unreachable, test.action, test.parameters)
			if status != test.status || !strings.HasPrefix(body, test.want) {
				t.Errorf("got %d %s, want %s", status, body, test.want)
			}
		})
	}
}

// A call ends when its caller leaves.
func TestCallEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	defer close(hang)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer server.CloseClientConnections()
	ctx, cancel := context.WithCancel(t.Context())
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/aws-sdk/dynamodb/describeExport", strings.NewReader(parameters))
	cancel()
	recorder := httptest.NewRecorder()
	sdkintegration.Server{DynamoDB: config(server.URL)}.Handler().ServeHTTP(recorder, request)
	if !strings.HasPrefix(recorder.Body.String(), `{"error":"DynamoDb.SdkClientException"`) {
		t.Errorf("got %s", recorder.Body)
	}
}
