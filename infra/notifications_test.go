//go:build !race

package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

type eventsRule struct {
	EventPattern struct {
		Source     []string
		DetailType []string `json:"detail-type"`
		Detail     struct {
			StateMachineArn, Status []string
			Output                  []map[string]string
		}
	}
	State   string
	Targets []struct {
		Arn, RoleArn     string
		InputTransformer struct {
			InputPathsMap map[string]string
			InputTemplate string
		}
	}
}

func rulesOf(t *testing.T, made template) map[string]eventsRule {
	t.Helper()
	all := map[string]eventsRule{}
	for name, each := range made.of(t, "AWS::Events::Rule") {
		var rule eventsRule
		remarshal(t, each.Properties, &rule)
		all[strings.TrimPrefix(name, "Notifications/")] = rule
	}
	return all
}

const testMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:StateMachine"

func TestEndsOfRunsAreTold(t *testing.T) {
	rules := rulesOf(t, synthFull(t))
	for name, statuses := range map[string][]string{"Succeeded": {"SUCCEEDED"}, "Unsuccessful/Rule": {"FAILED", "TIMED_OUT", "ABORTED"}} {
		rule := rules[name]
		if !slices.Equal(rule.EventPattern.Detail.Status, statuses) || !slices.Equal(rule.EventPattern.Detail.StateMachineArn, []string{testMachine}) ||
			!slices.Equal(rule.EventPattern.Source, []string{"aws.states"}) || !slices.Equal(rule.EventPattern.DetailType, []string{"Step Functions Execution Status Change"}) || rule.State != "ENABLED" {
			t.Errorf("%s is of %+v", name, rule.EventPattern)
		}
	}
	const topic, role = "arn:aws:sns:us-east-1:000000000000:Notifications/Topic", "arn:aws:iam::000000000000:role/Notifications/Unsuccessful/Role"
	for name, want := range map[string][2]string{
		"Succeeded": {topic, ""}, "Explained": {topic, ""}, "Unsuccessful/Rule": {"arn:aws:states:us-east-1:000000000000:stateMachine:Notifications/Explain", role},
	} {
		if got := rules[name].Targets; len(got) != 1 || got[0].Arn != want[0] || got[0].RoleArn != want[1] {
			t.Errorf("%s goes to %+v, want %v", name, got, want)
		}
	}
	// The second rule takes what the explanation says, of this state machine only.
	if got := rules["Explained"].EventPattern; !slices.Equal(got.Source, []string{"dynamodb-to-s3"}) || !slices.Equal(got.DetailType, []string{explainedType}) ||
		!slices.Equal(got.Detail.StateMachineArn, []string{testMachine}) {
		t.Errorf("Explained is of %+v", got)
	}
	if len(rules) != 3 {
		t.Errorf("got the rules %v", slices.Sorted(maps.Keys(rules)))
	}
}

func TestOnlyFailuresAreToldToATopicThatExists(t *testing.T) {
	made := synthQuiet(t)
	rules := rulesOf(t, made)
	if len(rules) != 2 || rules["Explained"].Targets[0].Arn != "arn:aws:sns:us-east-1:000000000000:on-call" {
		t.Errorf("got %+v", rules)
	}
	for name, each := range made.resources {
		if strings.HasPrefix(each.Type, "AWS::SNS::") || strings.HasPrefix(each.Type, "AWS::KMS::") {
			t.Errorf("%s was added, although the topic exists", name)
		}
	}
}

func TestNobodyIsToldWhereNobodyIsNamed(t *testing.T) {
	for name, each := range synth(t).resources {
		if each.Type == "AWS::Events::Rule" || strings.HasPrefix(each.Type, "AWS::SNS::") {
			t.Errorf("%s is there", name)
		}
	}
}

// An execution that only explains is no run: its success is not reported. With a customer managed key, the event has no output to tell the two
// apart, so it is.
func TestExplanationsAreNoRuns(t *testing.T) {
	output := rulesOf(t, synthFull(t))["Succeeded"].EventPattern.Detail.Output
	if len(output) != 1 || len(output[0]) != 1 {
		t.Fatalf("got the pattern %v", output)
	}
	text := func(output any) string {
		made, err := json.Marshal(output)
		if err != nil {
			t.Fatal(err)
		}
		return string(made)
	}
	estimate := run.Estimate{Kind: run.KindScanOnDemand, Mode: request.ModeScan, Impossible: `"runId":"`}
	for of, want := range map[string]bool{
		text(run.Result{Version: 1, RunID: "nightly-1"}):                                                          true,
		text(run.Duplicate{RunID: "nightly-1"}):                                                                   true,
		text(run.Explained{Version: 1, Table: `"runId":`, Run: estimate, Alternatives: []run.Estimate{estimate}}): false,
	} {
		if got := covers(output[0]["wildcard"], of); got != want {
			t.Errorf("%s: got %t", of, got)
		}
	}
	if output := rulesOf(t, synthEncrypted(t))["Succeeded"].EventPattern.Detail.Output; output != nil {
		t.Errorf("with a customer managed key, the pattern has %v", output)
	}
}

// The output has the event pattern of the end of a run, also without notifications.
func TestPatternOfTheEventIsAnOutput(t *testing.T) {
	for _, made := range []template{synth(t), synthFull(t)} {
		var pattern struct {
			Source []string
			Detail struct {
				StateMachineArn []string
				Or              []struct {
					Status []string
					Output []map[string]string
				} `json:"$or"`
			}
		}
		if err := json.Unmarshal([]byte(made.outputs["RunEndedEventPattern"]), &pattern); err != nil {
			t.Fatalf("%v: %s", err, made.outputs["RunEndedEventPattern"])
		}
		if !slices.Equal(pattern.Source, []string{"aws.states"}) || !slices.Equal(pattern.Detail.StateMachineArn, []string{testMachine}) || len(pattern.Detail.Or) != 2 ||
			len(pattern.Detail.Or[0].Output) != 1 || !slices.Equal(pattern.Detail.Or[0].Status, []string{"SUCCEEDED"}) || len(pattern.Detail.Or[1].Status) != 3 {
			t.Errorf("got %+v", pattern)
		}
	}
}

// transformed does what EventBridge does with an event: a variable in the place of a value becomes JSON, and a variable inside a text
// becomes plain characters without escapes.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
func transformed(t *testing.T, rule eventsRule, detail map[string]any) map[string]any {
	t.Helper()
	transformer := rule.Targets[0].InputTransformer
	text := transformer.InputTemplate
	for variable, path := range transformer.InputPathsMap {
		field, found := strings.CutPrefix(path, "$.detail.")
		if !found {
			t.Fatalf("%s is outside of the detail", path)
		}
		value, err := json.Marshal(detail[field])
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, `: <`+variable+`>`, ": "+string(value))
		bare, _ := detail[field].(string)
		text = strings.ReplaceAll(text, "<"+variable+">", bare)
	}
	message := map[string]any{}
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, text)
	}
	return message
}

func TestMessagesHoldWhateverCausesAndResultsHold(t *testing.T) {
	rules := rulesOf(t, synthFull(t))
	const arn = "arn:aws:states:us-east-1:000000000000:execution:StateMachine:nightly-1"
	const link = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/" + arn
	const cause = `{"errorMessage":"table \"orders\" is <gone>\n","errorType":"TableNotFound"}` // as text, it holds everything that is hard to hold
	got := transformed(t, rules["Explained"], map[string]any{"executionArn": arn, "name": "nightly-1", "status": "FAILED", "error": "TableNotFound", "cause": cause})
	if toDo, _ := got["whatToDo"].(string); !strings.Contains(toDo, "redrive") {
		t.Errorf("whatToDo is %q", toDo)
	}
	delete(got, "whatToDo")
	want := map[string]any{
		"summary": "dynamodb-to-s3 full: run nightly-1 FAILED", "run": "nightly-1", "status": "FAILED", "error": "TableNotFound", "cause": cause, "execution": link,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a failure (-want +got):\n%s", diff)
	}
	const result = `{"runId":"nightly-1","items":7,"reason":"a \"quoted\" one"}`
	got = transformed(t, rules["Succeeded"], map[string]any{"executionArn": arn, "name": "nightly-1", "status": "SUCCEEDED", "output": result})
	want = map[string]any{"summary": "dynamodb-to-s3 full: run nightly-1 SUCCEEDED", "run": "nightly-1", "status": "SUCCEEDED", "result": result, "execution": link}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a success (-want +got):\n%s", diff)
	}
	// A stopped run has neither an error nor a cause.
	got = transformed(t, rules["Explained"], map[string]any{"executionArn": arn, "name": "nightly-1", "status": "ABORTED"})
	if got["status"] != "ABORTED" || got["error"] != nil {
		t.Errorf("a stopped run: %v", got)
	}
}

func TestTopicIsEncryptedAndTakesNothingUnencrypted(t *testing.T) {
	made := synthFull(t)
	for name, topic := range made.of(t, "AWS::SNS::Topic") {
		if topic.Properties["KmsMasterKeyId"] != "arn:aws:kms:us-east-1:000000000000:key/Notifications/Key" {
			t.Errorf("%s: %v", name, topic.Properties)
		}
	}
	type statement struct {
		Effect    string
		Action    any
		Principal any
		Condition map[string]map[string]string
	}
	var policy struct {
		PolicyDocument struct{ Statement []statement }
	}
	remarshal(t, made.of(t, "AWS::SNS::TopicPolicy")["Notifications/Topic/Policy"].Properties, &policy)
	want := []statement{
		{"Deny", "sns:Publish", "*", map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}}},
		{"Allow", "sns:Publish", map[string]any{"Service": "events.amazonaws.com"}, nil},
		{"Allow", "sns:Publish", map[string]any{"Service": "cloudwatch.amazonaws.com"}, map[string]map[string]string{"StringEquals": {"aws:SourceAccount": "000000000000"}}},
	}
	if diff := cmp.Diff(want, policy.PolicyDocument.Statement); diff != "" {
		t.Errorf("the topic's policy (-want +got):\n%s", diff)
	}
	var key struct {
		EnableKeyRotation bool
		KeyPolicy         struct{ Statement []statement }
	}
	remarshal(t, made.of(t, "AWS::KMS::Key")["Notifications/Key"].Properties, &key)
	usable := []any{"kms:Decrypt", "kms:GenerateDataKey*"}
	want = []statement{
		{"Allow", "kms:*", map[string]any{"AWS": "arn:aws:iam::000000000000:root"}, nil},
		{"Allow", usable, want[1].Principal, want[1].Condition},
		{"Allow", usable, want[2].Principal, want[2].Condition},
	}
	if diff := cmp.Diff(want, key.KeyPolicy.Statement); diff != "" || !key.EnableKeyRotation {
		t.Errorf("the key (-want +got):\n%s", diff)
	}
}

func TestEmailsAreSubscribed(t *testing.T) {
	var got []string
	for _, each := range synthFull(t).of(t, "AWS::SNS::Subscription") {
		if each.Properties["Protocol"] == "email" {
			got = append(got, each.Properties["Endpoint"].(string))
		}
	}
	if !slices.Equal(got, []string{"on-call@example.com"}) {
		t.Errorf("got %v", got)
	}
}
