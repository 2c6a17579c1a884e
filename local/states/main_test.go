package states_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/states"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

var interpreter *statemachine.Interpreter

func TestMain(m *testing.M) {
	var err error
	if interpreter, err = statemachine.StartInterpreter(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	interpreter.Stop()
	os.Exit(code)
}

// A fault is the error of a function.
type fault struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// fixture is a server with a state machine, and a client of it. Each call of a function gets its payload and returns an answer or a fault.
type fixture struct {
	*sfn.Client
	t       *testing.T
	server  *states.Server
	machine string
	mu      sync.Mutex
	calls   []string
}

func newFixture(t *testing.T, definition string, function func(ctx context.Context, name string, payload string) any) *fixture {
	t.Helper()
	f := &fixture{t: t}
	invoke := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var payload json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&payload) // the interpreter sends JSON
		name := strings.Split(r.URL.Path, "/")[3]
		f.mu.Lock()
		f.calls = append(f.calls, name+" "+string(payload))
		f.mu.Unlock()
		answer := function(r.Context(), name, string(payload))
		if _, failed := answer.(fault); failed {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
		}
		_ = json.NewEncoder(w).Encode(answer) // fails only if the interpreter has gone
	}))
	t.Cleanup(invoke.Close)
	f.server = states.New(states.Options{
		Name: "machine", Definition: json.RawMessage(strings.ReplaceAll(definition, "@", "arn:aws:lambda:us-east-1:000000000000:function:")),
		Interpreter: interpreter, InvokeURL: invoke.URL, Hurried: true,
	})
	t.Cleanup(f.server.Stop)
	f.machine = f.server.StateMachineARN()
	api := httptest.NewServer(f.server)
	t.Cleanup(api.Close)
	f.Client = sfn.New(sfn.Options{
		Region: states.Region, BaseEndpoint: &api.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
	})
	return f
}

// called returns the calls of functions, in order.
func (f *fixture) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// fails checks the error of a call: its name and message.
func (f *fixture) fails(err error, want string) {
	f.t.Helper()
	if refusal, ok := errors.AsType[smithy.APIError](err); !ok {
		f.t.Errorf("got %v, want %s", err, want)
	} else if got := refusal.ErrorCode() + ": " + refusal.ErrorMessage(); !strings.HasPrefix(got, want) {
		f.t.Errorf("got %s\nwant %s", got, want)
	}
}

// start starts an execution and returns its ARN.
func (f *fixture) start(name, input string) string {
	f.t.Helper()
	out, err := f.StartExecution(f.t.Context(), &sfn.StartExecutionInput{StateMachineArn: &f.machine, Name: &name, Input: &input})
	f.ok(err)
	return *out.ExecutionArn
}

// ended waits for the end of an execution and describes it.
func (f *fixture) ended(arn string) *sfn.DescribeExecutionOutput {
	f.t.Helper()
	f.server.Wait(f.t.Context(), arn)
	return f.describe(arn)
}

func (f *fixture) describe(arn string) *sfn.DescribeExecutionOutput {
	f.t.Helper()
	out, err := f.DescribeExecution(f.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	f.ok(err)
	return out
}

// history returns the events of an execution.
func (f *fixture) history(arn string) []types.HistoryEvent {
	f.t.Helper()
	out, err := f.GetExecutionHistory(f.t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000})
	f.ok(err)
	return out.Events
}

// kinds returns the types of events, with the name of the state that is entered or left.
func kinds(events []types.HistoryEvent) string {
	var all []string
	for _, event := range events {
		kind := string(event.Type)
		switch {
		case event.StateEnteredEventDetails != nil:
			kind += " " + *event.StateEnteredEventDetails.Name
		case event.StateExitedEventDetails != nil:
			kind += " " + *event.StateExitedEventDetails.Name
		}
		all = append(all, kind)
	}
	return strings.Join(all, ", ")
}

// mapRuns returns the Map Runs of an execution.
func (f *fixture) mapRuns(arn string) (runs []*sfn.DescribeMapRunOutput) {
	f.t.Helper()
	list, err := f.ListMapRuns(f.t.Context(), &sfn.ListMapRunsInput{ExecutionArn: &arn})
	f.ok(err)
	for _, run := range list.MapRuns {
		out, err := f.DescribeMapRun(f.t.Context(), &sfn.DescribeMapRunInput{MapRunArn: run.MapRunArn})
		f.ok(err)
		runs = append(runs, out)
	}
	return runs
}
