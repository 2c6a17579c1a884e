package main

import (
	"encoding/json"
	"errors"
	"testing"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// A retry tells why: of each Task state it is known what it calls.
func TestEveryTaskCallsSomethingKnown(t *testing.T) {
	t.Parallel()
	type state struct {
		Type          string
		ItemProcessor struct{ States map[string]json.RawMessage }
	}
	found := 0
	var look func(states map[string]json.RawMessage)
	look = func(states map[string]json.RawMessage) {
		for name, text := range states {
			var s state
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if s.Type == "Task" {
				found++
				if calledBy[name] == "" {
					t.Errorf("nothing is known of state %s", name)
				}
			}
			look(s.ItemProcessor.States)
		}
	}
	var machine struct{ States map[string]json.RawMessage }
	if err := json.Unmarshal(definition.JSON, &machine); err != nil {
		t.Fatal(err)
	}
	look(machine.States)
	if found != len(calledBy) {
		t.Errorf("the definition has %d tasks, %d are known", found, len(calledBy))
	}
}

func TestLastFailureIsToldInOneLine(t *testing.T) {
	t.Parallel()
	f := &functions{failures: map[string]string{}}
	if got := f.lastFailure(contract.StatePlan); got != "no answer" {
		t.Errorf("before any: %q", got)
	}
	f.keep(string(contract.FunctionPlan), messages.InvokeResponse_Error{Type: "Throttled", Message: "slow\ndown"})
	f.keep(string(contract.FunctionScan), errors.New("out of paper"))
	f.answered(describeExport, &sdkintegration.Error{Name: "DynamoDb.ThrottlingException", Cause: "rate exceeded"})
	f.answered(describeExport, nil)
	for state, want := range map[string]string{
		contract.StatePlan: "slow down", contract.StateScanSegment: "out of paper", contract.StateDescribeExport: "rate exceeded", contract.StateFinalize: "no answer",
	} {
		if got := f.lastFailure(state); got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
	}
	if f.checks.Load() != 2 {
		t.Errorf("%d checks, want 2", f.checks.Load())
	}
}
