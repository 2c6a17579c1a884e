package main

import (
	"testing"

	"dynamodb-to-s3/infra/environment"
	"dynamodb-to-s3/lambda/contract"
)

// All runs of an environment share one function scan, so one run with a transform decides its memory.
func TestMemoryFollowsTheRequestsOfAnEnvironment(t *testing.T) {
	transform := map[string]any{"transform": "{id}"}
	schedules := func(inputs ...map[string]any) (all []environment.Schedule) {
		for _, input := range inputs {
			all = append(all, environment.Schedule{Input: input})
		}
		return all
	}
	set := environment.Functions{Limits: map[string]environment.FunctionLimits{"scan": {MemoryMiB: 1024}}}
	for _, test := range []struct {
		name string
		of   environment.Environment
		want float64
	}{
		{"without requests", environment.Environment{}, 256},
		{"a format in the defaults", environment.Environment{Defaults: map[string]any{"format": "JSON", "compression": "ZSTD"}}, 256},
		{"a transform in the defaults", environment.Environment{Defaults: transform}, 512},
		{"schedules without a transform", environment.Environment{Schedules: schedules(map[string]any{"table": "orders"}, nil)}, 256},
		{"a transform in the last schedule", environment.Environment{Schedules: schedules(map[string]any{"table": "orders"}, transform)}, 512},
		{"a memory of the environment's own", environment.Environment{Functions: set}, 1024},
		{"the same, and a transform", environment.Environment{Functions: set, Defaults: transform}, 1024},
		{"only a timeout of the environment's own", environment.Environment{
			Functions: environment.Functions{Limits: map[string]environment.FunctionLimits{"scan": {TimeoutSeconds: 60}}}, Defaults: transform,
		}, 512},
	} {
		props := &Props{Environment: test.of}
		if got := props.limits(contract.FunctionScan).memoryMiB; got != test.want {
			t.Errorf("%s: got %g MiB, want %g", test.name, got, test.want)
		}
		if got := props.limits(contract.FunctionFinalize).memoryMiB; got != 1769 {
			t.Errorf("%s: finalize got %g MiB", test.name, got)
		}
	}
}
