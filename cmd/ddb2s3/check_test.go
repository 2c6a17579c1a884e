package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// A request that cannot run is refused before anything is asked: here, the endpoints would not answer.
func TestRequestIsCheckedFirst(t *testing.T) {
	t.Parallel()
	for request, cause := range map[string]string{
		`{"table": "orders", "bucket": "lake", "segmets": 4}`:                                               `invalid request: segmets: unknown field, did you mean "segments"?`,
		`{"table": "orders", "bucket": "lake", "transform": ".id |"}`:                                       `invalid request: transform: unexpected EOF`,
		`{"table": "orders", "bucket": "lake", "encoder": "xml"}`:                                           `invalid request: encoder: got "xml", want an encoder that the functions have`,
		`{"table": "orders", "bucket": "lake", "export": {"maxAttempts": 100000000}}`:                       `invalid request: export.maxAttempts`,
		`{"table": "arn:aws:dynamodb:eu-west-1:000000000000:table/orders", "bucket": "lake", "export": {}}`: `the functions run in us-east-1`,
	} {
		cmd := program(t.Context(), t, "run", "--input", requestFile(t, request))
		cmd.Env = append(cmd.Env, envDynamoDBEndpoint+"=http://127.0.0.1:1", envS3Endpoint+"=http://127.0.0.1:1")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		stdout, err := cmd.Output()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(stdout), strings.ReplaceAll(cause, `"`, `\"`)) || stderr.Len() > 0 {
			t.Errorf("%s: got %v, %s%s, want %s", request, err, stdout, &stderr, cause)
		}
	}
}

// What only DynamoDB knows shows on the empty table, before its items are loaded.
func TestTableIsCheckedBeforeItsItems(t *testing.T) {
	t.Parallel()
	items := requestFile(t, `{"id": "1", "total": 5}`)
	for request, want := range map[string]string{
		`{"table": "checked", "bucket": "lake", "scan": {"FilterExpression": "total > :x", "ExpressionAttributeValues": {":x": {"N": "1"}}}}`: "reserved keyword: total",
		`{"table": "checked", "bucket": "lake", "scan": {"IndexName": "by-day"}}`:                                                             "by-day",
	} {
		o := runProgram(t, "--load", items, "--key", "id", "--input", requestFile(t, request))
		if o.code != 1 || !strings.Contains(o.failed.Cause, want) {
			t.Errorf("%s: got %+v, want %s", request, o, want)
		}
		_, err := testservers.DynamoDB().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: new("checked")})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); !gone {
			t.Errorf("%s: the table was not removed: %v", request, err)
		}
	}
}

func TestEndpointsAreAskedFirst(t *testing.T) {
	t.Parallel()
	source, destination := testservers.Configs()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>hello</html>") })
	plain, secure := httptest.NewServer(page), httptest.NewTLSServer(page)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nothing accepts its connections
	file := requestFile(t, `{"table": "orders", "bucket": "lake"}`)
	for _, test := range []struct{ variable, value, says string }{
		{envDynamoDBEndpoint, "http://127.0.0.1:1", `AWS_ENDPOINT_URL_DYNAMODB names "http://127.0.0.1:1", but no DynamoDB answers there (dial tcp 127.0.0.1:1: connect: connection refused)`},
		{envS3Endpoint, "http://127.0.0.1:1", `AWS_ENDPOINT_URL_S3 names "http://127.0.0.1:1", but no S3 answers there`},
		{envSTSEndpoint, "http://127.0.0.1:1", `AWS_ENDPOINT_URL_STS names "http://127.0.0.1:1", but no STS answers there`},
		{envEndpoint, "http://127.0.0.1:1", `AWS_ENDPOINT_URL names "http://127.0.0.1:1", but no DynamoDB answers there`},
		{envDynamoDBEndpoint, "http://127.0.0.1:99999", "but no DynamoDB answers there (dial tcp: address 99999: invalid port)"},
		{envDynamoDBEndpoint, "http://" + listener.Addr().String(), "but no DynamoDB answers there (no answer within 5s)"},
		{envDynamoDBEndpoint, *destination.BaseEndpoint, "but the server there is no DynamoDB: it answers"},
		{envS3Endpoint, *source.BaseEndpoint, "but the server there is no S3: it answers"},
		{envDynamoDBEndpoint, plain.URL, `but the server there is no DynamoDB: it answers "200 OK". Correct AWS_ENDPOINT_URL_DYNAMODB`},
		{envS3Endpoint, plain.URL, `but the server there is no S3: it answers "200 OK"`},
		{envS3Endpoint, strings.Replace(plain.URL, "http:", "https:", 1), "but the server there does not speak HTTPS: begin the URL with http://"},
		{envS3Endpoint, strings.Replace(secure.URL, "https:", "http:", 1), "Client sent an HTTP request to an HTTPS server"},
		{envS3Endpoint, secure.URL, "certificate"},
		{envS3Endpoint, "https://127.0.0.1", "but no S3 answers there. The URL has no port, so it means port 443 ("},
		{envS3Endpoint, "127.0.0.1:9000", "but that is not a URL such as http://127.0.0.1:8000"},
		{envS3Endpoint, "localhost:9000", "but that is not a URL such as http://127.0.0.1:8000"},
		{envS3Endpoint, "ftp://127.0.0.1:9000", "but that is not a URL such as http://127.0.0.1:8000"},
		{envS3Endpoint, "http://", "but that is not a URL such as http://127.0.0.1:8000"},
	} {
		t.Run(test.variable+" "+test.value, func(t *testing.T) {
			t.Parallel()
			cmd := program(t.Context(), t, "run", "--input", file)
			if test.variable == envEndpoint {
				cmd.Env = append(cmd.Env, envDynamoDBEndpoint+"=", envS3Endpoint+"=")
			}
			cmd.Env = append(cmd.Env, test.variable+"="+test.value)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			stdout, err := cmd.Output()
			if err == nil || cmd.ProcessState.ExitCode() != 1 || len(stdout) > 0 || !strings.HasPrefix(stderr.String(), "error: "+test.variable+" names") || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("got %v, %s%s\nwant %s", err, stdout, &stderr, test.says)
			}
		})
	}
}

// Only a request that does not say how long to wait gets the short wait, and it waits as long in total.
func TestLocalExportsAreCheckedOften(t *testing.T) {
	t.Parallel()
	short := map[string]any{"checkIntervalSeconds": 1.0, "maxAttempts": 1800.0}
	for _, test := range []struct {
		request, defaults string
		want              map[string]any // the field export
	}{
		{`{"mode": "EXPORT"}`, ``, short},
		{`{"export": {}}`, `{"bucket": "lake"}`, short},
		{`{"export": {"from": "last"}}`, ``, map[string]any{"from": "last", "checkIntervalSeconds": 1.0, "maxAttempts": 1800.0}},
		{`{"export": {"checkIntervalSeconds": 30}}`, ``, map[string]any{"checkIntervalSeconds": 30.0}},
		{`{"export": {"maxAttempts": 3}}`, ``, map[string]any{"maxAttempts": 3.0}},
		{`{"mode": "EXPORT"}`, `{"export": {"format": "ION"}}`, map[string]any{"format": "ION", "checkIntervalSeconds": 1.0, "maxAttempts": 1800.0}},
		{`{"mode": "EXPORT"}`, `{"export": {"checkIntervalSeconds": 5}}`, nil},
		{`{"export": {}}`, `{"export": {"checkIntervalSeconds": 5}}`, short}, // the request's field replaces that of the defaults
	} {
		text, err := withLocalWait(json.RawMessage(test.request), json.RawMessage(test.defaults))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Export map[string]any }
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.Export); diff != "" {
			t.Errorf("%s with the defaults %q (-want +got):\n%s", test.request, test.defaults, diff)
		}
	}
}
