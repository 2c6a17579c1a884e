//go:build !race

package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"

	"github.com/google/go-cmp/cmp"
)

func TestFunctions(t *testing.T) {
	functions := synth(t).of(t, "AWS::Lambda::Function")
	type shape struct {
		Handler, Runtime    string
		Architectures       []string
		MemorySize, Timeout float64
		Role                string
		LoggingConfig       struct{ LogGroup string }
		Environment         struct{ Variables map[string]string }
	}
	want := map[contract.Function]struct{ memory, timeout float64 }{
		contract.FunctionPlan: {256, 60}, contract.FunctionScan: {256, 900}, contract.FunctionExport: {256, 300},
		contract.FunctionColumns: {1769, 900}, contract.FunctionConvert: {512, 900}, contract.FunctionFinalize: {1769, 900},
		contract.FunctionCatalog: {1769, 900},
	}
	if len(functions) != len(want) {
		t.Errorf("got the functions %v, want %d", slices.Sorted(maps.Keys(functions)), len(want))
	}
	for _, function := range testProps("").functions() {
		name := string(function)
		var got shape
		remarshal(t, functions[name+"/Function"].Properties, &got)
		expected := shape{
			Handler: name, Runtime: "provided.al2023", Architectures: []string{"arm64"},
			MemorySize: want[function].memory, Timeout: want[function].timeout,
			Role: "arn:aws:iam::000000000000:role/" + name + "/Role",
		}
		expected.LoggingConfig.LogGroup = name + "/Logs"
		expected.Environment.Variables = map[string]string{
			contract.EnvDefaults: `{"bucket":"replica","prefix":"dynamodb/{table}"}`,
			contract.EnvAccount:  "000000000000",
			// Empty lists allow no role. Without the variable, every role would be allowed.
			contract.EnvAssumableRoles: `{"source":[],"destination":[]}`,
			contract.EnvName:           "test",
			contract.EnvScanTimeout:    "900",
			contract.EnvScanMemory:     "256",
			contract.EnvMetrics:        "true",
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("function %s (-want +got):\n%s", name, diff)
		}
		req, err := request.Parse(json.RawMessage(`{"table":"orders"}`), json.RawMessage(got.Environment.Variables[contract.EnvDefaults]))
		if err != nil || req.Bucket != "replica" || req.Prefix != "dynamodb/{table}" {
			t.Errorf("function %s: the request's defaults give %+v, %v", name, req, err)
		}
	}
}

func TestLogsEnd(t *testing.T) {
	for name, group := range synth(t).of(t, "AWS::Logs::LogGroup") {
		if group.Properties["RetentionInDays"] != 30.0 || group.DeletionPolicy != "Delete" {
			t.Errorf("log group %s: got %v days and deletion policy %q, want 30 and Delete", name, group.Properties["RetentionInDays"], group.DeletionPolicy)
		}
	}
}

func TestStateMachineIsStandard(t *testing.T) {
	for name, machine := range synth(t).of(t, "AWS::StepFunctions::StateMachine") {
		if machine.Properties["StateMachineType"] != "STANDARD" {
			t.Errorf("%s: got type %v; only a STANDARD one can be redriven, or take days", name, machine.Properties["StateMachineType"])
		}
	}
}

// remarshal decodes a value that was decoded from JSON into a type.
func remarshal(t *testing.T, from, into any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
