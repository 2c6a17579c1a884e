package statemachine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/local/statemachine"
)

// Cases of errors that no Catch or Retry may match have a Catch or Retry for States.ALL.
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
	nap := `{"StartAt":"Nap","States":{"Nap":{"Type":"Wait","TimestampPath":"%s","End":true}}%s}`
	fail := `{"StartAt":"Failed","States":{"Failed":{"Type":"Fail",%s}}}`

	tests := []struct {
		name       string
		definition string
		input      string
		output     string // if it succeeds
		error      string // if it fails
		cause      string // the whole cause, or, with … at the end, how it starts
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
			name: "a cause that is not JSON fails States.StringToJson",
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

		// Moments to wait for.
		{name: "a moment in the past is not waited for", definition: fmt.Sprintf(nap, "$.at", ""), input: `{"at":"2020-01-31T06:00:00Z"}`, output: `{"at":"2020-01-31T06:00:00Z"}`},
		{name: "a moment with fractions of a second", definition: fmt.Sprintf(nap, "$.at", ""), input: `{"at":"2020-01-31T06:00:00.123456789Z"}`, output: `{"at":"2020-01-31T06:00:00.123456789Z"}`},
		{name: "a moment in hundreds of years is waited for", definition: fmt.Sprintf(nap, "$.at", `,"TimeoutSeconds":1`), input: `{"at":"2999-01-31T06:00:00Z"}`, error: "States.Timeout", cause: "the execution took longer than its TimeoutSeconds"},
		{name: "a text that is no moment", definition: fmt.Sprintf(nap, "$.at", ""), input: `{"at":"tomorrow"}`, error: "States.Runtime", cause: "Path expression '$.at' evaluated to \"tomorrow\", …"},

		// Names that only Step Functions may raise.
		{name: "a Fail state may not raise States.Timeout", definition: fmt.Sprintf(fail, `"ErrorPath":"$.e","Cause":"late"`), input: `{"e":"States.Timeout"}`, error: "States.Runtime", cause: `the Fail state "Failed" may not raise States.Timeout: names that begin with States. are reserved`},
		{name: "nor with a fixed name", definition: fmt.Sprintf(fail, `"Error":"States.TaskFailed"`), error: "States.Runtime", cause: `the Fail state "Failed" may not raise States.TaskFailed: …`},
		{name: "other names of AWS are allowed", definition: fmt.Sprintf(fail, `"ErrorPath":"$.e","Cause":"late"`), input: `{"e":"Sandbox.Timedout"}`, error: "Sandbox.Timedout", cause: "late"},

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
			name:       "the outputs of a Map's children count together, even if ResultPath drops them",
			definition: fmt.Sprintf(children, "half"), input: `{"items":[1,2,3]}`,
			error: "States.DataLimitExceeded", cause: `the outputs of the children of state "All" so far are 262…`,
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

		// Corrections of the interpreter.
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
			name: "fields that the interpreter ignores are refused",
			definition: `{"StartAt":"All","States":{"All":{"Type":"Map","ResultWriter":{},"ToleratedFailureCount":1,"End":true,
				"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{},"End":true}}}}}}`,
			error: "States.Runtime",
			cause: `the local runner cannot run this definition: state "All" uses ResultWriter; state "All" uses ToleratedFailureCount; state "P" uses Assign`,
		},
		{
			name:       "a definition without states",
			definition: `{"StartAt":"Nowhere","States":{}}`, error: "States.Runtime", cause: `the local runner cannot run this definition: StartAt leads to "Nowhere", which is not a state`,
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
