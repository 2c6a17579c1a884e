package function_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// recorded is everything that Step Functions and CloudWatch Logs would keep of an execution. It is safe for concurrent use.
type recorded struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recorded) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// payloads records the payloads and answers of Lambda's Invoke API. It calls after with each answer of scan.
func (r *recorded) payloads(next http.Handler, after func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		payload, _ := io.ReadAll(req.Body) // a payload that is cut off does not decode
		req.Body = io.NopCloser(bytes.NewReader(payload))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, req)
		_, _ = fmt.Fprintf(r, "%s\n%s\n%s\n", req.URL.Path, payload, answer.Body) // a buffer never fails
		if strings.Contains(req.URL.Path, string(contract.FunctionScan)) {
			after()
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // fails only if the client has left
	})
}

// The values of keys never leave the table and the bucket: no payload of the state machine, no error, no log line and no metric has one,
// whether the run succeeds or fails.
func TestKeyValuesStayInTheBucket(t *testing.T) {
	t.Parallel()
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(interpreter.Stop)
	remove := func(t *testing.T, bucket string) {
		for _, key := range testservers.Keys(t, bucket, "AWSDynamoDB/run-1/_segments/000000-000001") {
			remove(t, bucket, key)
		}
	}
	change := func(t *testing.T, bucket string) {
		for _, key := range testservers.Keys(t, bucket, "AWSDynamoDB/run-1/_segments/000000-000001") {
			put(t, bucket, key, strings.Replace(get(t, bucket, key), `"lastEvaluatedKey":{`, `"lastEvaluatedKey":{"x":{"S":"s3cret"},`, 1))
		}
	}
	cut := func(t *testing.T, bucket string) {
		for _, key := range testservers.Keys(t, bucket, "AWSDynamoDB/run-1/_segments/000000-000001") {
			body := get(t, bucket, key)
			put(t, bucket, key, body[:strings.Index(body, "s3cret")+3])
		}
	}
	for _, test := range []struct {
		name, fields string
		spoil        func(t *testing.T, bucket string) // after each invocation of scan
		err          failure.Name
	}{
		{"many invocations", `"segments": 2`, nil, ""},
		{"a pace", `"readUnitsPerSecond": 100000`, nil, ""},
		{"plain JSON", `"format": "JSON"`, nil, ""},
		{"a list that is gone", `"segments": 1`, remove, failure.ListsInconsistent},
		{"a list that was changed", `"segments": 1`, change, failure.ListsInconsistent},
		{"a list that was cut off", `"segments": 1`, cut, failure.ListsInconsistent},
		{"a transform that fails", `"transform": "if (.name | endswith(\"-29\")) then error(.) else . end"`, nil, failure.TransformFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, bucket := secretKeys(t, 60), testservers.Bucket(t)
			kept := new(recorded)
			source, destination := testservers.Configs()
			server := httptest.NewServer(kept.payloads(lambdaapi.Server{Timeout: 5 * time.Minute, Function: func(name contract.Function) function.Handler {
				return function.New(source, destination, function.Options{
					Log: slog.New(slog.NewJSONHandler(kept, nil)), Metrics: kept, Environment: "test", Account: account, Now: hurried(20 * time.Second),
				}).Handler(name)
			}}.Handler(), func() {
				if test.spoil != nil {
					test.spoil(t, bucket)
				}
			}))
			t.Cleanup(server.Close)
			outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
				Definition: definition.JSON, InvokeURL: server.URL, StartTime: time.Now(), Hurried: true, Name: "run-1",
				ID:      "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:run-1",
				Input:   []byte(fmt.Sprintf(`{"table": %q, "bucket": %q, "scan": {"Limit": 5}, %s}`, table, bucket, test.fields)),
				OnEvent: func(e statemachine.Event) { _, _ = fmt.Fprintf(kept, "%+v\n", e) }, // a buffer never fails
			})
			if err != nil || outcome.Succeeded != (test.err == "") || outcome.Error != string(test.err) {
				t.Fatalf("%v: %+v", err, outcome)
			}
			_, _ = fmt.Fprintf(kept, "%s %s %s\n", outcome.Error, outcome.Cause, outcome.Output) // a buffer never fails
			text := kept.text.String()
			if n := strings.Count(text, `"position":"`); n < 2 && test.err != failure.TransformFailed {
				t.Errorf("%d checkpoints were handed over", n)
			}
			for _, value := range []string{"s3cret", base64.StdEncoding.EncodeToString([]byte("s3cret")), "98765"} {
				if at := strings.Index(text, value); at >= 0 {
					t.Errorf("%s was shown: …%s…", value, text[max(0, at-300):min(len(text), at+100)])
				}
			}
			if lists := testservers.Keys(t, bucket, (run.Layout{Root: "AWSDynamoDB/run-1"}).SegmentLists()); test.err == "" && !strings.Contains(get(t, bucket, lists[0]), "s3cret") {
				t.Errorf("%s has no key, so this test can find none", lists[0])
			}
		})
	}
}

// secretKeys creates a table of items with recognizable keys.
func secretKeys(t *testing.T, items int) string {
	t.Helper()
	table := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("name"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sort"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("name"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("sort"), AttributeType: types.ScalarAttributeTypeN},
		},
	})
	for n := range items {
		if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
			"name": &types.AttributeValueMemberS{Value: fmt.Sprintf("s3cret-%d", n)}, "sort": &types.AttributeValueMemberN{Value: fmt.Sprint(98765400 + n)},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	return table
}
