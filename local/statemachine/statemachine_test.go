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

func run(t *testing.T, e statemachine.Execution) statemachine.Outcome {
	t.Helper()
	if len(e.Input) == 0 {
		e.Input = json.RawMessage(`{}`)
	}
	outcome, err := statemachine.Run(t.Context(), e)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return outcome
}

// text is a function whose result is {"text": …}, as JSON of the given size in bytes.
func text(size int) function {
	return returns(map[string]string{"text": strings.Repeat("x", size-len(`{"text":""}`))})
}

// Every state machine here has a Catch or Retry for States.ALL where the case is about what these must not take.
func TestOutcome(t *testing.T) {
	t.Parallel()
	functions := map[string]function{
		"echo":      echo,
		"conflict":  fails(functionError{"Conflict", "run r1 has \"claimed\" the prefix"}),
		"unnamed":   fails(functionError{"", "boom"}),
		"throttled": fails(statusError(429)),
		"full":      text(statemachine.PayloadLimit),
		"overfull":  text(statemachine.PayloadLimit + 1),
		"half":      text(statemachine.PayloadLimit / 2),
		"null":      returns(nil),
		"hang":      hang,
	}
	task := `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@%s@","End":true}}}`
	caught := `{"StartAt":"Work","States":{
		"Work":{"Type":"Task","Resource":"@%s@","End":true,
			"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":3,"IntervalSeconds":1}],
			"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}]},
		"Caught":{"Type":"Pass","End":true}}}`
	children := `{"StartAt":"All","States":{
		"All":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":1,"ResultPath":null,"End":true,
			"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":3,"IntervalSeconds":1}],
			"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],
			"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
				"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@%s@","End":true}}}},
		"Caught":{"Type":"Pass","End":true}}}`
	pass := `{"StartAt":"P","States":{"P":{"Type":"Pass",%s,"End":true}}}`
	choice := `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{%s,"Next":"Yes"}],"Default":"No"},
		"Yes":{"Type":"Pass","Result":"yes","End":true},"No":{"Type":"Pass","Result":"no","End":true}}}`

	tests := []struct {
		name       string
		definition string
		input      string
		output     string // if it succeeds
		error      string // if it fails
		cause      string // the whole of it, or with … at the end how it starts
	}{
		{
			name:       "a task's result is the output",
			definition: fmt.Sprintf(task, "echo"), input: `{"table":"Ärger"}`, output: `{"table":"Ärger"}`,
		},
		{
			name:       "a function may return null",
			definition: fmt.Sprintf(task, "null"), output: `null`,
		},
		{
			name:       "a function's error keeps its name and the cause is its message",
			definition: fmt.Sprintf(task, "conflict"), error: "Conflict", cause: `run r1 has "claimed" the prefix`,
		},
		{
			name:       "a function's error without a type is unknown",
			definition: fmt.Sprintf(task, "unnamed"), error: "Lambda.Unknown", cause: "boom",
		},
		{
			name: "a loop ends by its choice",
			definition: `{"StartAt":"Add","States":{
				"Add":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, 1)"},"Next":"Enough"},
				"Enough":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericLessThan":100,"Next":"Add"}],"Default":"Done"},
				"Done":{"Type":"Succeed"}}}`,
			input: `{"n":0}`, output: `{"n":100}`,
		},
		{
			name: "a caught error ends in Fail with the error's name and the function's message",
			definition: `{"StartAt":"Work","States":{
				"Work":{"Type":"Task","Resource":"@conflict@","End":true,
					"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.failure","Next":"Explain"}]},
				"Explain":{"Type":"Pass","Parameters":{"error.$":"$.failure.Error","cause.$":"States.StringToJson($.failure.Cause)"},"Next":"Failed"},
				"Failed":{"Type":"Fail","ErrorPath":"$.error","CausePath":"$.cause.errorMessage"}}}`,
			error: "Conflict", cause: `run r1 has "claimed" the prefix`,
		},
		{
			name: "a cause that is no JSON fails States.StringToJson",
			definition: `{"StartAt":"Work","States":{
				"Work":{"Type":"Task","Resource":"@throttled@","End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Explain"}]},
				"Explain":{"Type":"Pass","Parameters":{"cause.$":"States.StringToJson($.Cause)"},"End":true}}}`,
			error: "States.IntrinsicFailure", cause: "…",
		},
		{
			name:       "the error of a Map's child surfaces by its name",
			definition: strings.NewReplacer(`"Next":"Caught"`, `"Next":"Again"`, `"Caught":{"Type":"Pass","End":true}`, `"Again":{"Type":"Fail","ErrorPath":"$.Error","CausePath":"$.Cause"}`, `"MaxAttempts":3`, `"MaxAttempts":0`).Replace(fmt.Sprintf(children, "conflict")),
			input:      `{"items":[1]}`, error: "Conflict", cause: `run r1 has "claimed" the prefix`,
		},
		{
			name:       "a task that takes longer than its time",
			definition: `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@hang@","TimeoutSeconds":1,"End":true}}}`,
			error:      "States.Timeout", cause: "States.Timeout",
		},
		{
			name:       "an execution that takes longer than its time",
			definition: `{"StartAt":"Nap","States":{"Nap":{"Type":"Wait","Seconds":60,"End":true}},"TimeoutSeconds":1}`,
			error:      "States.Timeout", cause: "the execution took longer than its TimeoutSeconds",
		},

		// The payload quota.
		{
			name:       "a result of exactly the quota passes",
			definition: `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@full@","Next":"Done"},"Done":{"Type":"Pass","Result":{"ok":true},"End":true}}}`,
			output:     `{"ok":true}`,
		},
		{
			name:       "a result over the quota ends the execution",
			definition: fmt.Sprintf(caught, "overfull"), error: "States.DataLimitExceeded",
			cause: `the result of state "Work" is 262145 bytes of JSON, and Step Functions allows 262144`,
		},
		{
			name: "a state's output over the quota ends the execution",
			definition: `{"StartAt":"Half","States":{"Half":{"Type":"Task","Resource":"@half@","ResultPath":"$.a","Next":"Twice"},
				"Twice":{"Type":"Pass","Parameters":{"a.$":"$.a","b.$":"$.a"},"End":true}}}`,
			error: "States.DataLimitExceeded", cause: `the output of state "Twice" is 262…`,
		},
		{
			name: "a payload over the quota ends the execution",
			definition: `{"StartAt":"Half","States":{"Half":{"Type":"Task","Resource":"@half@","Next":"Work"},
				"Work":{"Type":"Task","Resource":"@echo@","Parameters":{"a.$":"$","b.$":"$"},"End":true,
					"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Half"}]}}}`,
			error: "States.DataLimitExceeded", cause: `the payload of state "Work" is 262…`,
		},
		{
			name:       "an input over the quota ends the execution",
			definition: fmt.Sprintf(task, "echo"), input: `"` + strings.Repeat("ä", statemachine.PayloadLimit/2) + `"`,
			error: "States.DataLimitExceeded", cause: `the input of state "Work" is 262146 bytes of JSON, and Step Functions allows 262144`,
		},
		{
			name:       "a child's output over the quota ends the execution",
			definition: fmt.Sprintf(children, "overfull"), input: `{"items":[1]}`,
			error: "States.DataLimitExceeded", cause: `the result of state "Work" is 262145…`,
		},
		{
			name:       "what a Map's children return together counts, even if ResultPath drops it",
			definition: fmt.Sprintf(children, "half"), input: `{"items":[1,2,3]}`,
			error: "States.DataLimitExceeded", cause: `what the children of state "All" have returned so far is 262…`,
		},
		{
			name:       "children that return little pass",
			definition: fmt.Sprintf(children, "half"), input: `{"items":[1]}`, output: `{"items":[1]}`,
		},
		{
			name: "a child's input over the quota ends the execution",
			definition: `{"StartAt":"Half","States":{"Half":{"Type":"Task","Resource":"@half@","Next":"All"},
				"All":{"Type":"Map","ItemsPath":"$$.Execution.Input.items","ItemSelector":{"a.$":"$","b.$":"$"},"End":true,
					"ItemProcessor":{"StartAt":"Work","States":{"Work":{"Type":"Pass","End":true}}}}}}`,
			input: `{"items":[1]}`,
			error: "States.DataLimitExceeded", cause: `the input of state "Work" is 262…`,
		},

		// Where the interpreter alone would differ from Step Functions.
		{
			name: "a Pass may result in what is false",
			definition: `{"StartAt":"A","States":{"A":{"Type":"Pass","Result":false,"ResultPath":"$.a","Next":"B"},
				"B":{"Type":"Pass","Result":null,"ResultPath":"$.b","Next":"C"},"C":{"Type":"Pass","Result":0,"ResultPath":"$.c","End":true}}}`,
			output: `{"a":false,"b":null,"c":0}`,
		},
		{name: "a ResultPath of $ replaces the input", definition: fmt.Sprintf(pass, `"Result":{"a":1},"ResultPath":"$"`), output: `{"a":1}`},
		{name: "IsPresent false matches what is absent", definition: fmt.Sprintf(choice, `"Variable":"$.a","IsPresent":false`), output: `"yes"`},
		{name: "IsPresent false does not match what is present", definition: fmt.Sprintf(choice, `"Variable":"$.a","IsPresent":false`), input: `{"a":1}`, output: `"no"`},
		{name: "IsNull false matches a value, inside And too", definition: fmt.Sprintf(choice, `"And":[{"Variable":"$.a","IsPresent":true},{"Variable":"$.a","IsNull":false}]`), input: `{"a":1}`, output: `"yes"`},
		{
			name: "what the interpreter would ignore is refused",
			definition: `{"StartAt":"All","States":{"All":{"Type":"Map","ResultWriter":{},"ToleratedFailureCount":1,"End":true,
				"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{},"End":true}}}}}}`,
			error: "States.Runtime",
			cause: `the local runner cannot run this definition: state "All" uses ResultWriter; state "All" uses ToleratedFailureCount; state "P" uses Assign`,
		},
		{
			name:       "a definition that is none",
			definition: `{"StartAt":"Nowhere","States":{}}`, error: "States.Runtime", cause: `the local runner cannot run this definition: StartAt leads to "Nowhere", which is no state`,
		},
		{
			name:       "a path that leads nowhere is named as it was written",
			definition: fmt.Sprintf(pass, `"Parameters":{"x.$":"$$.Execution.Color"}`),
			error:      "States.Runtime", cause: "Path expression '$$.Execution.Color' does not point to a value",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lambda := serve(t, functions)
			outcome := run(t, statemachine.Execution{
				Definition: definition(test.definition), Input: json.RawMessage(test.input), InvokeURL: lambda.url,
			})
			if outcome.Error != test.error || string(outcome.Output) != test.output || outcome.Succeeded != (test.error == "") {
				t.Fatalf("got %.300s error %q cause %.300q, want %s%s", outcome.Output, outcome.Error, outcome.Cause, test.output, test.error)
			}
			start, open := strings.CutSuffix(test.cause, "…")
			if matches := outcome.Cause == start || open && strings.HasPrefix(outcome.Cause, start); !matches {
				t.Errorf("cause is %q, want %q", outcome.Cause, test.cause)
			}
		})
	}
}

// One machine that catches the error of each function and goes on to the next.
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
		t.Errorf("a distributed child reads %+v, want an execution of its own", child)
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
	t.Run("another one is, and told", func(t *testing.T) {
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

// The shape of the real machine at its largest: each child invokes until the function says that it is done, every tenth
// one twice.
func TestTenThousandChildren(t *testing.T) {
	t.Parallel()
	const items = 10_000
	lambda := serve(t, map[string]function{
		"plan": func(context.Context, json.RawMessage) (any, error) {
			segments := make([]int, items)
			for i := range segments {
				segments[i] = i
			}
			return map[string]any{"segments": segments}, nil
		},
		"scan": func(_ context.Context, payload json.RawMessage) (any, error) {
			var in struct{ Segment, Invocation int }
			err := json.Unmarshal(payload, &in)
			return map[string]any{"segment": in.Segment, "invocation": in.Invocation + 1, "done": in.Segment%10 != 0 || in.Invocation > 0}, err
		},
	})
	begin := time.Now()
	seen := map[statemachine.EventKind]int{}
	indexes := map[int]bool{}
	outcome := run(t, statemachine.Execution{
		Definition: definition(`{"StartAt":"Plan","States":{
			"Plan":{"Type":"Task","Resource":"@plan@","Next":"ScanSegments"},
			"ScanSegments":{"Type":"Map","ItemsPath":"$.segments","MaxConcurrency":100,"ResultPath":null,"Next":"Done",
				"ItemSelector":{"segment.$":"$$.Map.Item.Value","invocation":0},
				"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"ScanSegment","States":{
					"ScanSegment":{"Type":"Task","Resource":"@scan@","Next":"More"},
					"More":{"Type":"Choice","Choices":[{"Variable":"$.done","BooleanEquals":true,"Next":"Scanned"}],"Default":"ScanSegment"},
					"Scanned":{"Type":"Pass","Result":0,"End":true}}}},
			"Done":{"Type":"Pass","Result":"all","End":true}}}`),
		InvokeURL: lambda.url,
		OnEvent: func(e statemachine.Event) {
			seen[e.Kind]++
			if e.Kind == statemachine.MapIterationSucceeded {
				indexes[*e.Index] = true
			}
		},
	})
	if string(outcome.Output) != `"all"` {
		t.Fatalf("got %+v", outcome)
	}
	if got, want := lambda.count("scan"), items+items/10; got != want {
		t.Errorf("%d invocations, want %d", got, want)
	}
	if seen[statemachine.StateEntered] != 3 || seen[statemachine.MapIterationStarted] != items || len(indexes) != items {
		t.Errorf("events: %v, %d indexes", seen, len(indexes))
	}
	t.Logf("%d children took %s", items, time.Since(begin).Round(time.Millisecond))
}

func TestFailedChild(t *testing.T) {
	t.Parallel()
	state := definition(`{"StartAt":"All","States":{
		"All":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":1,"End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],
			"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@fail@","End":true}}}},
		"Caught":{"Type":"Wait","Seconds":1,"End":true}}}`)
	for threshold, want := range map[bool]string{
		false: `{"Error":"Corrupt","Cause":"{\"errorMessage\":\"item 7\",\"errorType\":\"Corrupt\"}\n"}`,
		true:  `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}`,
	} {
		t.Run(fmt.Sprintf("threshold errors %v", threshold), func(t *testing.T) {
			t.Parallel()
			lambda := serve(t, map[string]function{"fail": fails(functionError{"Corrupt", "item 7"})})
			var events []string
			outcome := run(t, statemachine.Execution{
				Definition: state, Input: json.RawMessage(`{"items":[1,2,3,4,5,6,7,8]}`), InvokeURL: lambda.url,
				ThresholdErrors: threshold,
				OnEvent: func(e statemachine.Event) {
					if e.Kind == statemachine.MapIterationFailed {
						events = append(events, fmt.Sprint(*e.Index, e.Error, " ", e.Cause))
					}
				},
			})
			if string(outcome.Output) != want {
				t.Errorf("the Map's error is\n%s, want\n%s", outcome.Output, want)
			}
			// The children that waited for a slot are not started while the Catch goes on.
			if lambda.count("fail") != 1 {
				t.Errorf("%d invocations, want 1", lambda.count("fail"))
			}
			if fmt.Sprint(events) != "[0Corrupt item 7]" {
				t.Errorf("events %v", events)
			}
		})
	}
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
		InvokeURL:  "http://127.0.0.1:1", // a reserved port, which nobody listens on
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
