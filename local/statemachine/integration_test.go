package statemachine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/statemachine"
)

const describeExport = "arn:aws:states:::aws-sdk:dynamodb:describeExport"

// describe is a machine of one state that calls an SDK integration and would retry and catch whatever may be; %s is more of it.
const describe = `{"StartAt":"Describe","States":{
	"Describe":{"Type":"Task","Resource":"` + describeExport + `","Parameters":{"ExportArn.$":"$.arn"},%s"End":true,
		"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1,"IntervalSeconds":1}],
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}]},
	"Caught":{"Type":"Pass","End":true}}}`

func TestIntegrationOutcome(t *testing.T) {
	t.Parallel()
	completed := returns(json.RawMessage(`{"ExportDescription":{"ExportStatus":"COMPLETED","ItemCount":3}}`))
	for _, test := range []struct {
		name       string
		call       function // nil: there is no such action
		definition string
		output     string // if it succeeds
		error      string // if it fails
		cause      string // the whole of it, or with … at the end how it starts
	}{
		{
			name: "it gets the Parameters",
			call: echo, definition: fmt.Sprintf(describe, ""), output: `{"ExportArn":"arn:x"}`,
		},
		{
			name: "its result goes through ResultSelector and ResultPath",
			call: completed, definition: fmt.Sprintf(describe, `"ResultSelector":{"status.$":"$.ExportDescription.ExportStatus"},"ResultPath":"$.seen",`),
			output: `{"arn":"arn:x","export":false,"seen":{"status":"COMPLETED"}}`,
		},
		{
			name: "a ResultSelector that selects what is absent fails, whatever Retry and Catch say",
			call: completed, definition: fmt.Sprintf(describe, `"ResultSelector":{"code.$":"$.ExportDescription.FailureCode"},`),
			error: "States.Runtime", cause: "Path expression '$.ExportDescription.FailureCode' does not point to a value",
		},
		{
			name: "an error is caught by its name",
			call: fails(functionError{"DynamoDb.ExportNotFoundException", "no export"}),
			definition: strings.NewReplacer(`"MaxAttempts":1`, `"MaxAttempts":0`, `"ErrorEquals":["States.ALL"],"Next"`, `"ErrorEquals":["DynamoDb.ExportNotFoundException"],"Next"`).
				Replace(fmt.Sprintf(describe, "")),
			output: `{"Error":"DynamoDb.ExportNotFoundException","Cause":"no export"}`,
		},
		{
			name:       "an error that is not caught is the execution's",
			call:       fails(functionError{"DynamoDb.DynamoDbException", "not authorized"}),
			definition: `{"StartAt":"D","States":{"D":{"Type":"Task","Resource":"` + describeExport + `","End":true}}}`,
			error:      "DynamoDb.DynamoDbException", cause: "not authorized",
		},
		{
			name: "another partition has the same services",
			call: echo, definition: strings.ReplaceAll(fmt.Sprintf(describe, ""), "arn:aws:", "arn:aws-us-gov:"), output: `{"ExportArn":"arn:x"}`,
		},
		{
			name: "a result over the quota ends the execution",
			call: text(statemachine.PayloadLimit + 1), definition: fmt.Sprintf(describe, ""),
			error: "States.DataLimitExceeded", cause: `the result of state "Describe" is 262145 bytes of JSON, and Step Functions allows 262144`,
		},
		{
			name:       "an unknown action fails when its state is entered, without Retry or Catch",
			definition: fmt.Sprintf(describe, ""),
			error:      "States.Runtime", cause: `state "Describe": the local runner cannot call "` + describeExport + `"`,
		},
		{
			name: "so does a pattern other than request and response",
			call: echo, definition: strings.ReplaceAll(fmt.Sprintf(describe, ""), "Export\"", "Export.waitForTaskToken\""),
			error: "States.Runtime", cause: `state "Describe": the local runner cannot call "` + describeExport + `.waitForTaskToken"`,
		},
		{
			name: "so does a Resource that is neither a function nor an SDK integration",
			call: echo, definition: strings.ReplaceAll(fmt.Sprintf(describe, ""), describeExport, "arn:aws:states:::sns:publish"),
			error: "States.Runtime", cause: `state "Describe": the local runner cannot call "arn:aws:states:::sns:publish"`,
		},
		{
			name: "an unknown Resource in a state that is not entered does not matter",
			definition: `{"StartAt":"Choose","States":{
				"Choose":{"Type":"Choice","Choices":[{"Variable":"$.export","BooleanEquals":true,"Next":"Publish"}],"Default":"Done"},
				"Publish":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","End":true},
				"Done":{"Type":"Pass","Result":"done","End":true}}}`,
			output: `"done"`,
		},
		{
			name: "an error of the definition is not retried",
			call: fails(functionError{"States.Runtime", "the Parameters do not fit"}), definition: fmt.Sprintf(describe, ""),
			error: "States.Runtime", cause: `state "Describe": call ` + describeExport + `: the Parameters do not fit`,
		},
		{
			name: "an error of the local server is not retried",
			call: fails(statusError(500)), definition: fmt.Sprintf(describe, ""),
			error: "States.Runtime", cause: `state "Describe": call ` + describeExport + `: out of order…`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			functions := map[string]function{}
			if test.call != nil {
				functions["dynamodb:describeExport"] = test.call
			}
			outcome := run(t, statemachine.Execution{
				Definition: json.RawMessage(test.definition), Input: json.RawMessage(`{"arn":"arn:x","export":false}`), InvokeURL: serve(t, functions).url,
			})
			if outcome.Error != test.error || string(outcome.Output) != test.output {
				t.Fatalf("got %.300s error %q cause %.300q, want %s%s", outcome.Output, outcome.Error, outcome.Cause, test.output, test.error)
			}
			start, open := strings.CutSuffix(test.cause, "…")
			if matches := outcome.Cause == start || open && strings.HasPrefix(outcome.Cause, start); !matches {
				t.Errorf("cause is %q, want %q", outcome.Cause, test.cause)
			}
		})
	}
}

// This state machine follows exports as the real one does. Each child waits, checks its export, counts, and ends in Succeed, also if its
// check fails. The results replace the exports in the state around the Map.
func TestChildrenFollowExports(t *testing.T) {
	t.Parallel()
	throttled := 1
	seen := map[string]int{}
	server := serve(t, map[string]function{
		"dynamodb:describeExport": func(_ context.Context, parameters json.RawMessage) (any, error) {
			var in struct{ ExportArn string }
			if err := json.Unmarshal(parameters, &in); err != nil {
				return nil, err
			}
			if throttled--; throttled == 0 {
				return nil, functionError{"DynamoDb.ThrottlingException", "slow down"}
			}
			if in.ExportArn == "arn:c" {
				return nil, functionError{"DynamoDb.DynamoDbException", "not authorized"}
			}
			status := "IN_PROGRESS"
			if seen[in.ExportArn]++; seen[in.ExportArn] == 2 {
				status = "COMPLETED"
			}
			return map[string]any{"ExportDescription": map[string]any{"ExportStatus": status}}, nil
		},
	})
	begin := time.Now()
	var retried []string
	outcome := run(t, statemachine.Execution{
		Definition: json.RawMessage(`{"StartAt":"Follow","States":{
			"Follow":{"Type":"Map","ItemsPath":"$.export.exports","MaxConcurrency":1,"ResultPath":"$.export.exports","Next":"Done",
				"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Wait","States":{
					"Wait":{"Type":"Wait","SecondsPath":"$.intervalSeconds","Next":"Describe"},
					"Describe":{"Type":"Task","Resource":"` + describeExport + `","Parameters":{"ExportArn.$":"$.exportArn"},
						"ResultSelector":{"status.$":"$.ExportDescription.ExportStatus"},"ResultPath":"$.seen","Next":"Count",
						"Retry":[{"ErrorEquals":["DynamoDb.DynamoDbException"],"MaxAttempts":0},
							{"ErrorEquals":["DynamoDb.ThrottlingException"],"MaxAttempts":3,"IntervalSeconds":1,"JitterStrategy":"FULL"}],
						"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Failed"}]},
					"Failed":{"Type":"Pass","Next":"Checked","Parameters":{"exportArn.$":"$.exportArn","checks.$":"States.MathAdd($.checks, 1)",
						"exportStatus":"IN_PROGRESS","failure.$":"States.JsonToString($.error)"}},
					"Count":{"Type":"Pass","Next":"Enough","Parameters":{"exportArn.$":"$.exportArn","checks.$":"States.MathAdd($.checks, 1)",
						"until.$":"$.until","intervalSeconds.$":"$.intervalSeconds","exportStatus.$":"$.seen.status"}},
					"Enough":{"Type":"Choice","Choices":[
						{"Not":{"Variable":"$.exportStatus","StringEquals":"IN_PROGRESS"},"Next":"Checked"},
						{"Variable":"$.checks","NumericGreaterThanEqualsPath":"$.until","Next":"Checked"}],"Default":"Wait"},
					"Checked":{"Type":"Succeed"}}}},
			"Done":{"Type":"Succeed"}}}`),
		Input: json.RawMessage(`{"plan":1,"export":{"inProgress":true,"exports":[
			{"exportArn":"arn:a","checks":0,"until":9,"intervalSeconds":0,"exportStatus":""},
			{"exportArn":"arn:b","checks":3,"until":4,"intervalSeconds":1,"exportStatus":""},
			{"exportArn":"arn:c","checks":3,"until":9,"intervalSeconds":0,"exportStatus":""}]}}`),
		InvokeURL: server.url,
		OnEvent: func(e statemachine.Event) {
			if e.Kind == statemachine.StateRetried {
				retried = append(retried, fmt.Sprint(e.State, *e.Index, e.Error, e.Attempt, " ", e.Cause))
			}
		},
	})
	const want = `{"plan":1,"export":{"inProgress":true,"exports":[` +
		`{"exportArn":"arn:a","checks":2,"until":9,"intervalSeconds":0,"exportStatus":"COMPLETED"},` +
		`{"exportArn":"arn:b","checks":4,"until":4,"intervalSeconds":1,"exportStatus":"IN_PROGRESS"},` +
		`{"exportArn":"arn:c","checks":4,"exportStatus":"IN_PROGRESS","failure":"{\"Error\":\"DynamoDb.DynamoDbException\",\"Cause\":\"not authorized\"}"}]}}`
	if string(outcome.Output) != want {
		t.Errorf("got  %s %s %s\nwant %s", outcome.Output, outcome.Error, outcome.Cause, want)
	}
	if took := time.Since(begin); took < time.Second {
		t.Errorf("it took %s: the second child has to wait a second", took)
	}
	if fmt.Sprint(retried) != "[Describe0DynamoDb.ThrottlingException1 slow down]" {
		t.Errorf("retried %v", retried)
	}
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	outcome := run(t, statemachine.Execution{
		Definition: json.RawMessage(fmt.Sprintf(describe, "")), Input: json.RawMessage(`{"arn":"arn:x"}`),
		InvokeURL: "http://127.0.0.1:1", // a reserved port, on which no process listens
	})
	if outcome.Error != "States.Runtime" || !strings.HasPrefix(outcome.Cause, `state "Describe": call `+describeExport+`: connect ECONNREFUSED`) {
		t.Errorf("got %+v", outcome)
	}
}
