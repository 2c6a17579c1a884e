//go:build !race

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/contract"

	"github.com/google/go-cmp/cmp"
)

const customerManagedKey = "arn:aws:kms:us-east-1:000000000000:key/77777777-2222-3333-4444-555555555555"

var synthesizedEncrypted = sync.OnceValues(func() (template, error) {
	return synthesize(func(codeFolder string) *Props {
		props := fullProps(codeFolder)
		props.CustomerManagedKey = customerManagedKey
		return props
	})
})

func synthEncrypted(t *testing.T) template { t.Helper(); return mustSynth(t, synthesizedEncrypted) }

// A customer managed key encrypts all data of the state machines and all logs. Without it, AWS owns the keys.
func TestCustomerManagedKeyEncryptsMachinesAndLogs(t *testing.T) {
	made := synthEncrypted(t)
	want := map[string]any{"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": customerManagedKey}
	machines, logs := made.of(t, "AWS::StepFunctions::StateMachine"), made.of(t, "AWS::Logs::LogGroup")
	for name, machine := range machines {
		if diff := cmp.Diff(want, machine.Properties["EncryptionConfiguration"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, group := range logs {
		if group.Properties["KmsKeyId"] != customerManagedKey {
			t.Errorf("%s is encrypted with %v", name, group.Properties["KmsKeyId"])
		}
	}
	if len(machines) != 2 || len(logs) != len(contract.Functions()) {
		t.Errorf("the stack has %d state machines and %d log groups", len(machines), len(logs))
	}
	for name, each := range synthFull(t).resources {
		if each.Properties["EncryptionConfiguration"] != nil || each.Type == "AWS::Logs::LogGroup" && each.Properties["KmsKeyId"] != nil {
			t.Errorf("%s has a key", name)
		}
	}
}

// Only the roles of the state machines may use the key, and only for data of state machines. A condition kms:ViaService would stop the
// executions. The output for the policy of the key has the same, and lets CloudWatch Logs encrypt the log groups of the stack.
func TestCustomerManagedKeyIsForStateMachines(t *testing.T) {
	made := synthEncrypted(t)
	use := statement{
		Effect: "Allow", Action: oneOrMore{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: oneOrMore{customerManagedKey},
		Condition: map[string]map[string]oneOrMore{"StringLike": {
			"kms:EncryptionContext:aws:states:stateMachineArn": {"arn:aws:states:us-east-1:000000000000:stateMachine:*"},
		}},
	}
	users := map[string][]statement{}
	for role, statements := range policies(t, made) {
		for _, s := range statements {
			if slices.Contains(s.Resource, customerManagedKey) {
				users[role] = append(users[role], s)
			}
		}
	}
	if diff := cmp.Diff(map[string][]statement{"StateMachine/Role": {use}, "Notifications/Explain/Role": {use}}, users); diff != "" {
		t.Errorf("the roles (-want +got):\n%s", diff)
	}
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(made.outputs["CustomerManagedKeyPolicy"]), &policy); err != nil {
		t.Fatalf("%v\n%s", err, made.outputs["CustomerManagedKeyPolicy"])
	}
	use.Resource = oneOrMore{"*"}
	use.Principal = map[string]oneOrMore{"AWS": {"arn:aws:iam::000000000000:role/StateMachine/Role", "arn:aws:iam::000000000000:role/Notifications/Explain/Role"}}
	want := []statement{use, {
		Effect: "Allow", Resource: oneOrMore{"*"}, Principal: map[string]oneOrMore{"Service": {"logs.us-east-1.amazonaws.com"}},
		Action: oneOrMore{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
		Condition: map[string]map[string]oneOrMore{"ArnLike": {
			"kms:EncryptionContext:aws:logs:arn": {"arn:aws:logs:us-east-1:000000000000:log-group:stack-*"},
		}},
	}}
	if diff := cmp.Diff(want, policy.Statement); diff != "" {
		t.Errorf("the output (-want +got):\n%s", diff)
	}
	compareAccess(t, policies(t, made), []access{
		{"Notifications/Explain/Role", "states:DescribeExecution", "arn:aws:states:us-east-1:000000000000:execution:StateMachine:run"},
	}, nil)
}

// The event of an encrypted execution has no output, error and cause. The message of success does not name an output, and the explanation
// looks the others up.
func TestNotificationsOfEncryptedRuns(t *testing.T) {
	made := synthEncrypted(t)
	for name, rule := range rulesOf(t, made) {
		if strings.Contains(name, "Succeeded") {
			got := transformed(t, rule, map[string]any{"name": "run-1", "status": "SUCCEEDED", "executionArn": "arn:e"})
			if got["run"] != "run-1" || got["result"] != nil {
				t.Errorf("%s says %v", name, got)
			}
		}
	}
	machine := made.of(t, "AWS::StepFunctions::StateMachine")["Notifications/Explain"].Properties["DefinitionString"].(string)
	const run = "describeExecution arn:e"
	const hidden = `"input":null,"output":null`
	checkExplanations(t, machine, []unsuccessfulRun{
		{"a function's error", hidden, map[string]string{run: `{"Input":"{\"Error\":1}","Error":"TableNotFound","Cause":"{\"errorMessage\":\"no table\",\"errorType\":\"TableNotFound\"}"}`}, "TableNotFound", "no table", 1},
		{"an error without a cause", hidden, map[string]string{run: `{"Status":"TIMED_OUT","Error":"States.Timeout"}`}, "States.Timeout", "AWS gives no cause", 1},
		{"a cause of null", hidden, map[string]string{run: `{"Error":"States.Timeout","Cause":null}`}, "States.Timeout", "AWS gives no cause", 1},
		{"a run that was stopped", hidden, map[string]string{run: `{"Status":"ABORTED"}`}, "none", "nobody has given a reason", 1},
		{"a failed segment", hidden, map[string]string{
			run:           `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"exceeded"}`,
			"listMapRuns": `{"MapRuns":[{"MapRunArn":"arn:run-1"}]}`, "listExecutions": `{"Executions":[{"ExecutionArn":"arn:child-7"}]}`,
			"describeExecution": `{"Error":"AccessDenied","Cause":"segment 7"}`,
		}, "AccessDenied", "segment 7", 4},
		{"a run that may not be described", hidden, nil, "unknown", "the execution has the reason, but the explanation of failures could not read the execution, which the customer managed key encrypts", 4},
	})
}
