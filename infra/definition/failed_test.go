package definition_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/statemachine"
)

// ofAWS are the error names that Step Functions documents, and names that its Lambda integration and Lambda have.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
var ofAWS = []string{
	"States.ALL", "States.BranchFailed", "States.DataLimitExceeded", "States.ExceedToleratedFailureThreshold", "States.HeartbeatTimeout",
	"States.Http.Socket", "States.IntrinsicFailure", "States.ItemReaderFailed", "States.NoChoiceMatched", "States.ParameterPathFailure",
	"States.Permissions", "States.QueryEvaluationError", "States.ResultPathMatchFailure", "States.ResultWriterFailed", "States.Runtime",
	"States.TaskFailed", "States.Timeout",
	"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException", "Lambda.Unknown",
	"Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory", "Function.ResponseSizeTooLarge", "errorString",
}

// failPlan runs the definition from a state on, with a function plan that fails with an answer.
func failPlan(t *testing.T, interpreter *statemachine.Interpreter, startAt, input, answer string) statemachine.Outcome {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	var asl map[string]any
	if err := json.Unmarshal(definition.JSON, &asl); err != nil {
		t.Fatal(err)
	}
	asl["StartAt"] = startAt
	changed, err := json.Marshal(asl)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
		Definition: changed, Input: json.RawMessage(input), InvokeURL: server.URL, StartTime: time.Unix(0, 0), ID: "arn:run", Name: "run", Hurried: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func start(t *testing.T) *statemachine.Interpreter {
	t.Helper()
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(interpreter.Stop)
	return interpreter
}

// An error of the function ends the execution with its name and its message.
func TestErrorOfPlanIsShownAsOneSentence(t *testing.T) {
	t.Parallel()
	interpreter := start(t)
	for _, name := range failure.Names() {
		got := failPlan(t, interpreter, contract.StatePlan, "{}", `{"errorMessage":"table \"orders\" has {no} <rows>","errorType":"`+string(name)+`"}`)
		if got.Error != string(name) || got.Cause != `table "orders" has {no} <rows>` {
			t.Errorf("%s: got %q, %q", name, got.Error, got.Cause)
		}
	}
}

// An error of AWS ends the execution with a name that an execution may have. The cause keeps the name and the cause of AWS.
func TestPlanWithoutAnAnswerEndsWithAnAllowedName(t *testing.T) {
	t.Parallel()
	if !slices.Contains(failure.Names(), contract.StateNoAnswer) {
		t.Errorf("%s is not a documented error", contract.StateNoAnswer)
	}
	interpreter := start(t)
	for _, name := range ofAWS {
		got := failPlan(t, interpreter, contract.StatePlan, "{}", `{"errorType":"`+name+`","errorMessage":"it took too long"}`)
		if got.Error != contract.StateNoAnswer || got.Cause != "the function plan gave no answer: "+name+": it took too long" {
			t.Errorf("%s: got %q, %q", name, got.Error, got.Cause)
		}
	}
}

// The cause of AWS can have any form. (The interpreter loses backslashes, and AWS keeps them.)
func TestEveryCauseOfAWSIsKept(t *testing.T) {
	t.Parallel()
	interpreter := start(t)
	long := strings.Repeat("x", 32<<10)
	for _, test := range []struct{ name, output, want string }{ // output is what the Catch of Plan gets
		{"no cause", `{"Error":"States.Timeout"}`, "States.Timeout: AWS gives no cause"},
		{"an empty cause", `{"Error":"States.Timeout","Cause":""}`, "States.Timeout: AWS gives no cause"},
		{"text", `{"Error":"Lambda.TooManyRequestsException","Cause":"Rate Exceeded. (Service: Lambda, Status Code: 429)"}`, "Lambda.TooManyRequestsException: Rate Exceeded. (Service: Lambda, Status Code: 429)"},
		{"text with quotes and newlines", `{"Error":"X","Cause":"say \"no\"\nand 'go' {}"}`, "X: say \"no\"\nand 'go' {}"},
		{"JSON", `{"Error":"Sandbox.Timedout","Cause":"{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"Task timed out\"}"}`, "Sandbox.Timedout: Task timed out"},
		{"JSON with quotes and newlines", `{"Error":"X","Cause":"{\"errorMessage\":\"a \\\"b\\\"\\nc\",\"errorType\":\"X\"}"}`, "X: a \"b\"\nc"},
		{"JSON with a stack trace", `{"Error":"X","Cause":"{\"errorMessage\":\"index out of range\",\"errorType\":\"X\",\"stackTrace\":[{\"path\":\"a.go\",\"line\":1,\"label\":\"f\"}]}"}`, "X: index out of range"},
		{"a stack trace that is cut after a call", `{"Error":"X","Cause":"{\"errorMessage\":\"m\",\"errorType\":\"X\",\"stackTrace\":[{\"path\":\"a.go\",\"line\":1,\"label\":\"f\"}"}`, `X: {"errorMessage":"m","errorType":"X","stackTrace":[{"path":"a.go","line":1,"label":"f"}`},
		{"a message that is cut", `{"Error":"X","Cause":"{\"errorMessage\":\"` + long + `"}`, `X: {"errorMessage":"` + long},
		{"a message that is cut after a brace", `{"Error":"X","Cause":"{\"errorMessage\":\"got {\\\"a\\\":1}"}`, `X: {"errorMessage":"got {"a":1}`},
		{"other JSON", `{"Error":"X","Cause":"{\"message\":\"no\"}"}`, `X: {"message":"no"}`},
		{"JSON that is no object", `{"Error":"X","Cause":"[1]"}`, `X: [1]`},
	} {
		got := failPlan(t, interpreter, contract.StateAWSCause, test.output, "")
		if want := "the function plan gave no answer: " + test.want; got.Error != contract.StateNoAnswer || got.Cause != want {
			t.Errorf("%s: got %.200q, %.200q, want %.200q", test.name, got.Error, got.Cause, want)
		}
	}
}
