package statemachine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/statemachine"
)

// definition fills in function ARNs: @name@ is that of the function `name`.
func definition(asl string) json.RawMessage {
	parts := strings.Split(asl, "@")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "arn:aws:lambda:us-east-1:000000000000:function:" + parts[i]
	}
	return json.RawMessage(strings.Join(parts, ""))
}

// shared runs the executions of all tests, because the start of Node.js takes longer than most of them.
var shared = sync.OnceValues(func() (*statemachine.Interpreter, error) { return statemachine.StartInterpreter(context.Background()) })

func TestMain(m *testing.M) {
	code := m.Run()
	if interpreter, err := shared(); err == nil {
		interpreter.Stop()
	}
	os.Exit(code)
}

func run(t *testing.T, e statemachine.Execution) statemachine.Outcome {
	t.Helper()
	interpreter, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Input) == 0 {
		e.Input = json.RawMessage(`{}`)
	}
	outcome, err := interpreter.Run(t.Context(), e)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return outcome
}

// text is a function whose result is {"text": …}, as JSON of the given size in bytes.
func text(size int) function {
	return returns(map[string]string{"text": strings.Repeat("x", size-len(`{"text":""}`))})
}

// One state machine that catches the error of each function and then calls the next function.
func TestErrorsOfTheInvokeAPI(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"s403":    "Lambda.AWSLambdaException",
		"s404":    "Lambda.ResourceNotFoundException",
		"s413":    "Lambda.RequestTooLargeException",
		"s429":    "Lambda.TooManyRequestsException",
		"s500":    "Lambda.ServiceException",
		"s502":    "Lambda.ServiceException",
		"unknown": "Lambda.ResourceNotFoundException",
	}
	functions := map[string]function{}
	states := `"End":{"Type":"Succeed"}`
	next := "End"
	for name := range want {
		if status, err := strconv.Atoi(name[1:]); err == nil {
			functions[name] = fails(statusError(status))
		}
		states += fmt.Sprintf(`,%[1]q:{"Type":"Task","Resource":"@%[1]s@","Next":"End",
			"Catch":[{"ErrorEquals":["States.TaskFailed"],"ResultPath":"$.%[1]s","Next":%[2]q}]}`, name, next)
		next = name
	}
	outcome := run(t, statemachine.Execution{
		Definition: definition(fmt.Sprintf(`{"StartAt":%q,"States":{%s}}`, next, states)),
		InvokeURL:  serve(t, functions).url,
	})
	var caught map[string]struct{ Error, Cause string }
	if err := json.Unmarshal(outcome.Output, &caught); err != nil {
		t.Fatalf("%v in %+v", err, outcome)
	}
	for name, want := range want {
		if got := caught[name]; got.Error != want || !strings.HasPrefix(got.Cause, "invoke function "+name+": HTTP ") {
			t.Errorf("%s is %+v, want %s", name, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := statemachine.Validate(t.Context(), json.RawMessage(`{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`)); err != nil {
		t.Errorf("a valid definition: %v", err)
	}
	err := statemachine.Validate(t.Context(), json.RawMessage(`{"StartAt":"P","States":{"P":{"Type":"Pass","Next":"Q"}}}`))
	if err == nil || !strings.Contains(err.Error(), "MISSING_TRANSITION_TARGET") {
		t.Errorf("a state that leads nowhere: %v", err)
	}
}

func TestContextObject(t *testing.T) {
	t.Parallel()
	const words = `{"id.$":"$$.Execution.Id","name.$":"$$.Execution.Name","start.$":"$$.Execution.StartTime",
		"input.$":"$$.Execution.Input","redrives.$":"$$.Execution.RedriveCount","machine.$":"$$.StateMachine.Name"}`
	mapOf := func(mode string) string {
		return `{"Type":"Map","ItemsPath":"$.items","ItemSelector":{"item.$":"$$.Map.Item.Value","parent.$":"$$.Execution.Name"},
			"ItemProcessor":{"ProcessorConfig":{"Mode":"` + mode + `"},"StartAt":"In` + mode + `","States":{
				"In` + mode + `":{"Type":"Pass","Parameters":` + words + `,"End":true}}},`
	}
	outcome := run(t, statemachine.Execution{
		Definition: json.RawMessage(`{"StartAt":"Top","States":{
			"Top":{"Type":"Pass","Parameters":` + words + `,"ResultPath":"$.top","Next":"Inline"},
			"Inline":` + mapOf(`INLINE`) + `"ResultPath":"$.inline","Next":"Distributed"},
			"Distributed":` + mapOf(`DISTRIBUTED`) + `"ResultPath":"$.distributed","End":true}}}`),
		Input: json.RawMessage(`{"items":[0]}`),
		ID:    "arn:run", Name: "run", StartTime: time.Date(2020, 2, 3, 4, 5, 6, 789e6, time.UTC),
		StateMachineID: "arn:machine", StateMachineName: "machine",
	})
	type reading struct {
		ID, Name, Start, Machine string
		Input                    struct {
			Items  []int
			Item   *int
			Parent string
		}
	}
	var output struct {
		Top                 reading
		Inline, Distributed []reading
	}
	if err := json.Unmarshal(outcome.Output, &output); err != nil {
		t.Fatalf("%v in %+v", err, outcome)
	}
	const start = "2020-02-03T04:05:06.789Z"
	for where, got := range map[string]reading{"top": output.Top, "inline child": output.Inline[0]} {
		if got.ID != "arn:run" || got.Name != "run" || got.Start != start || got.Machine != "machine" || len(got.Input.Items) != 1 {
			t.Errorf("%s reads %+v", where, got)
		}
	}
	child := output.Distributed[0]
	if child.Name == "run" || child.ID == "arn:run" || child.Start == start || child.Input.Item == nil || child.Input.Parent != "run" {
		t.Errorf("a distributed child reads %+v, want a separate execution", child)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	attempts := 0
	lambda := serve(t, map[string]function{
		"permanent": fails(functionError{"InvalidRequest", "no table"}),
		"flaky": func(context.Context, json.RawMessage) (any, error) {
			if attempts++; attempts < 3 {
				return nil, functionError{"Throttled", "slow down"}
			}
			return "done", nil
		},
	})
	state := `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@%s@","End":true,"Retry":[
		{"ErrorEquals":["InvalidRequest","Conflict"],"MaxAttempts":0},
		{"ErrorEquals":["States.ALL"],"MaxAttempts":5,"IntervalSeconds":1,"BackoffRate":1,"MaxDelaySeconds":1,"JitterStrategy":"FULL"}]}}}`

	t.Run("a named permanent error is not retried", func(t *testing.T) {
		outcome := run(t, statemachine.Execution{Definition: definition(fmt.Sprintf(state, "permanent")), InvokeURL: lambda.url})
		if outcome.Error != "InvalidRequest" || outcome.Cause != "no table" || lambda.count("permanent") != 1 {
			t.Errorf("got %+v after %d invocations", outcome, lambda.count("permanent"))
		}
	})
	t.Run("another error is retried, with an event", func(t *testing.T) {
		var retried []string
		outcome := run(t, statemachine.Execution{
			Definition: definition(fmt.Sprintf(state, "flaky")), InvokeURL: lambda.url,
			OnEvent: func(e statemachine.Event) {
				if e.Kind == statemachine.StateRetried {
					retried = append(retried, fmt.Sprint(e.State, e.Error, e.Attempt, " ", e.Cause))
				}
			},
		})
		if string(outcome.Output) != `"done"` || fmt.Sprint(retried) != "[WorkThrottled1 slow down WorkThrottled2 slow down]" {
			t.Errorf("got %+v after %v", outcome, retried)
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	lambda := serve(t, map[string]function{"hang": hang})
	_, err := statemachine.Run(ctx, statemachine.Execution{
		Definition: definition(`{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@hang@","End":true}}}`),
		Input:      json.RawMessage(`{}`), InvokeURL: lambda.url,
		OnEvent: func(statemachine.Event) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestUnreachableInvokeAPI(t *testing.T) {
	t.Parallel()
	outcome := run(t, statemachine.Execution{
		Definition: definition(`{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@echo@","End":true}}}`),
		InvokeURL:  "http://127.0.0.1:1", // a reserved port, on which no process listens
	})
	if outcome.Error != "Lambda.SdkClientException" || !strings.HasPrefix(outcome.Cause, "invoke function echo: ") {
		t.Errorf("got %+v", outcome)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Run("no Node.js", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := statemachine.Run(t.Context(), statemachine.Execution{})
		if !errors.Is(err, checkout.ErrNoNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no node_modules", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module dynamodb-to-s3\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		_, err := statemachine.Run(t.Context(), statemachine.Execution{})
		if err == nil || !strings.HasSuffix(err.Error(), `node_modules is missing: run "make deps"`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("outside of the repository", func(t *testing.T) {
		t.Chdir("/")
		_, err := statemachine.Run(t.Context(), statemachine.Execution{})
		if err == nil || !strings.Contains(err.Error(), "run this inside the repository") {
			t.Errorf("got %v", err)
		}
	})
}
