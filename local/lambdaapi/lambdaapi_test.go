package lambdaapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/lambdaapi"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

func TestInvokeAnswersAsLambdaDoes(t *testing.T) {
	functions := map[contract.Function]function.Handler{
		"echo": func(_ context.Context, payload json.RawMessage) (any, error) { return payload, nil },
		"fail": func(context.Context, json.RawMessage) (any, error) {
			return nil, messages.InvokeResponse_Error{Type: "TableNotFound", Message: `no "orders"`}
		},
		"panic": func(context.Context, json.RawMessage) (any, error) { panic("out of paper") },
		"hang": func(ctx context.Context, _ json.RawMessage) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"deadline": func(ctx context.Context, _ json.RawMessage) (any, error) {
			_, bounded := ctx.Deadline()
			return bounded, nil
		},
		"huge": func(context.Context, json.RawMessage) (any, error) { return strings.Repeat("x", 6<<20), nil },
	}
	serve := func(timeout time.Duration) string {
		server := httptest.NewServer(lambdaapi.Server{
			Function: func(name contract.Function) function.Handler { return functions[name] }, Timeout: timeout,
		}.Handler())
		t.Cleanup(server.Close)
		return server.URL
	}
	patient, hasty := serve(time.Hour), serve(10*time.Millisecond)

	for _, test := range []struct {
		name, function, payload, kind string
		status                        int
		failed                        bool
		body                          string
	}{
		{"an answer", "echo", `{"a": [1]}`, "", 200, false, `{"a":[1]}`},
		{"an answer to a synchronous call", "echo", `1`, "RequestResponse", 200, false, `1`},
		{"a deadline", "deadline", `{}`, "", 200, false, `true`},
		{"a named error", "fail", `{}`, "", 200, true, `{"errorMessage":"no \"orders\"","errorType":"TableNotFound"}`},
		{"a panic", "panic", `{}`, "", 200, true, `{"errorMessage":"out of paper","errorType":"Runtime.Panic"}`},
		{"a timeout", "hang", `{}`, "", 200, true, `{"errorMessage":"Task timed out after 0.01 seconds","errorType":"Sandbox.Timedout"}`},
		{"a too large answer", "huge", `{}`, "", 200, true, `{"errorMessage":"the answer has 6291458 bytes, at most 6291456 are allowed","errorType":"Function.ResponseSizeTooLarge"}`},
		{"an unknown function", "nowhere", `{}`, "", 404, false, `{"Message":"there is no function \"nowhere\"; there are [plan scan export columns convert finalize catalog prune]","Type":"User"}`},
		{"an asynchronous call", "echo", `{}`, "Event", 400, false, `{"Message":"invocation type \"Event\": only RequestResponse is answered here","Type":"User"}`},
		{"a too large payload", "echo", strings.Repeat(" ", 6<<20+1), "", 413, false, `{"Message":"the payload has more than 6291456 bytes","Type":"User"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := patient
			if test.function == "hang" {
				url = hasty
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
				url+"/2015-03-31/functions/"+test.function+"/invocations", strings.NewReader(test.payload))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Amz-Invocation-Type", test.kind)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || (response.Header.Get("X-Amz-Function-Error") != "") != test.failed || string(body) != test.body {
				t.Errorf("got %d, error %q, %s", response.StatusCode, response.Header.Get("X-Amz-Function-Error"), body)
			}
		})
	}
}
