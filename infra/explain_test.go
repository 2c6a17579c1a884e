//go:build !race

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/local/statemachine"

	"github.com/google/go-cmp/cmp"
)

// stepFunctions answers the look-ups of the explanation, and keeps the event that it puts.
type stepFunctions struct {
	answers map[string]string // JSON, by action, or by action and execution or Map Run; none for a call that fails
	mu      sync.Mutex
	asked   []string
	put     []map[string]any
}

func (s *stepFunctions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	action := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	if action == "putEvents" {
		var in struct{ Entries []map[string]any }
		_ = json.Unmarshal(body, &in)
		s.put = append(s.put, in.Entries...)
		_, _ = w.Write([]byte(`{"FailedEntryCount":0}`))
		return
	}
	s.asked = append(s.asked, action+" "+string(body))
	var in struct{ ExecutionArn, MapRunArn string }
	_ = json.Unmarshal(body, &in)
	answer, there := s.answers[action+" "+in.ExecutionArn+in.MapRunArn]
	if !there {
		answer, there = s.answers[action]
	}
	if !there {
		w.WriteHeader(http.StatusBadRequest)
		answer = `{"error":"Sfn.AccessDeniedException","cause":"not allowed"}`
	}
	_, _ = w.Write([]byte(answer))
}

// explain runs the synthesized explanation for an event, and returns the detail of the event that it puts.
func explain(t *testing.T, interpreter *statemachine.Interpreter, asl, detail string, s *stepFunctions) map[string]any {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
		// The interpreter has no optimized integrations. This one fails if EventBridge does not take an event.
		Definition: json.RawMessage(strings.ReplaceAll(asl, "arn:aws:states:::events:putEvents", "arn:aws:states:::aws-sdk:eventbridge:putEvents")),
		Input:      json.RawMessage(`{"source":"aws.states","detail":` + detail + `}`), InvokeURL: server.URL, StartTime: time.Unix(0, 0), ID: "arn:x", Name: "x", Hurried: true,
	})
	if err != nil || !outcome.Succeeded || len(s.put) != 1 {
		t.Fatalf("got %+v, %v and the events %v", outcome, err, s.put)
	}
	if s.put[0]["Source"] != "dynamodb-to-s3" || s.put[0]["DetailType"] != explainedType {
		t.Errorf("got the event %v", s.put[0])
	}
	return s.put[0]["Detail"].(map[string]any)
}

// Notifications say in one sentence why a run ended, whatever form the cause of Step Functions has.
func TestNotificationsExplainFailures(t *testing.T) {
	machine, is := synthFull(t).of(t, "AWS::StepFunctions::StateMachine")["Notifications/Explain"].Properties["DefinitionString"].(string)
	if !is {
		t.Fatal("the definition is no text")
	}
	const (
		exceeded = `"error":"States.ExceedToleratedFailureThreshold","cause":"The specified tolerated failure threshold was exceeded"`
		runs     = `{"MapRuns":[{"MapRunArn":"arn:run-1"}]}`
		failed   = `{"Executions":[{"ExecutionArn":"arn:child-7"}]}`
		child    = `{"Error":"AccessDenied","Cause":"{\"errorMessage\":\"segment 7: s3:PutObject is not allowed\",\"errorType\":\"AccessDenied\"}"}`
	)
	checkExplanations(t, machine, []unsuccessfulRun{
		{"a function's error", `"error":"TableNotFound","cause":"{\"errorMessage\":\"no table \\\"orders\\\"\",\"errorType\":\"TableNotFound\"}"`, nil, "TableNotFound", `no table "orders"`, 0},
		{"a sentence of plan", `"error":"NoAnswer","cause":"the function plan gave no answer: it's 'late'\nand more"`, nil, "NoAnswer", "the function plan gave no answer: it's 'late'\nand more", 0},
		{"an error of AWS", `"error":"States.Timeout","cause":""`, nil, "States.Timeout", "AWS gives no cause", 0},
		{"an error without a cause", `"error":"States.Timeout"`, nil, "States.Timeout", "AWS gives no cause", 0},
		{"a cause of null", `"error":"States.Timeout","cause":null`, nil, "States.Timeout", "AWS gives no cause", 0},
		{"a run that was stopped", `"error":null,"cause":null`, nil, "none", "nobody has given a reason", 0},
		{"the same without fields", `"output":null`, nil, "none", "nobody has given a reason", 0},
		{"a cause that is cut", `"error":"X","cause":"{\"errorMessage\":\"too lo"`, nil, "X", `{"errorMessage":"too lo`, 0},
		{"a failed segment", exceeded, map[string]string{"listMapRuns": runs, "listExecutions": failed, "describeExecution": child}, "AccessDenied", "segment 7: s3:PutObject is not allowed", 3},
		{"a failed check of an export", exceeded, map[string]string{"listMapRuns": runs, "listExecutions": failed, "describeExecution": `{"Error":"DynamoDb.ExportNotFoundException","Cause":"forgotten"}`}, "DynamoDb.ExportNotFoundException", "forgotten", 3},
		{"a Map without a failed child", exceeded, map[string]string{"listMapRuns": runs, "listExecutions": `{"Executions":[]}`}, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded", 2},
		{"no Map Run", exceeded, map[string]string{"listMapRuns": `{"MapRuns":[]}`}, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded", 1},
		{"a failed segment of the second pass", exceeded, map[string]string{
			"listMapRuns": `{"MapRuns":[{"MapRunArn":"arn:run-1"},{"MapRunArn":"arn:run-2"}]}`, "listExecutions": `{"Executions":[]}`,
			"listExecutions arn:run-2": failed, "describeExecution": child,
		}, "AccessDenied", "segment 7: s3:PutObject is not allowed", 4},
		{"the same, if AWS lists the last Map Run first", exceeded, map[string]string{
			"listMapRuns": `{"MapRuns":[{"MapRunArn":"arn:run-2"},{"MapRunArn":"arn:run-1"}]}`, "listExecutions": `{"Executions":[]}`,
			"listExecutions arn:run-2": failed, "describeExecution": child,
		}, "AccessDenied", "segment 7: s3:PutObject is not allowed", 4},
		{"a look-up that is not allowed", exceeded, nil, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded", 4},
		{"children that may not be listed", exceeded, map[string]string{"listMapRuns": runs}, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded", 5},
		{"a child that may not be described", exceeded, map[string]string{"listMapRuns": runs, "listExecutions": failed}, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded", 6},
	})
}

// unsuccessfulRun is a run that ended without success: the detail of its event, the answers to look-ups, and what the explanation says after a
// number of calls.
type unsuccessfulRun struct {
	name, detail string
	answers      map[string]string
	error, cause string
	calls        int
}

// checkExplanations runs a state machine that explains failures.
func checkExplanations(t *testing.T, machine string, runs []unsuccessfulRun) {
	t.Helper()
	if err := statemachine.Validate(t.Context(), json.RawMessage(machine)); err != nil {
		t.Error(err)
	}
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(interpreter.Stop)
	for _, test := range runs {
		t.Run(test.name, func(t *testing.T) {
			s := &stepFunctions{answers: test.answers}
			got := explain(t, interpreter, machine, `{"executionArn":"arn:e","stateMachineArn":"arn:m","name":"nightly-1","status":"FAILED",`+test.detail+`}`, s)
			want := map[string]any{"executionArn": "arn:e", "stateMachineArn": "arn:m", "name": "nightly-1", "status": "FAILED", "error": test.error, "cause": test.cause}
			if diff := cmp.Diff(want, got); diff != "" || len(s.asked) != test.calls {
				t.Errorf("after the calls %q (-want +got):\n%s", s.asked, diff)
			}
		})
	}
}

// The explanation may look up the executions of this state machine, and no others.
func TestAccessOfTheExplanation(t *testing.T) {
	const role, states = "Notifications/Explain/Role", "arn:aws:states:us-east-1:000000000000:"
	compareAccess(t, policies(t, synthFull(t)), []access{
		{role, "states:ListMapRuns", states + "execution:StateMachine:run"},
		{role, "states:ListExecutions", states + "mapRun:StateMachine/Segments:id"},
		{role, "states:ListExecutions", states + "mapRun:StateMachine/Conversions:id"},
		{role, "states:ListExecutions", states + "stateMachine:StateMachine"},
		{role, "states:DescribeExecution", states + "execution:StateMachine/Segments:id"},
	}, []access{
		{role, "states:ListMapRuns", states + "execution:Another:run"},
		{role, "states:ListExecutions", states + "mapRun:Another/Segments:id"},
		{role, "states:ListExecutions", states + "stateMachine:Another"},
		{role, "states:DescribeExecution", states + "execution:StateMachine:run"}, // has the input of a user
		{role, "states:StartExecution", states + "stateMachine:StateMachine"},
	})
}
