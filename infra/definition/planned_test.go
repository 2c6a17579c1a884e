package definition

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// The first matching rule decides where a plan leads.
func TestPlanLeadsOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		output run.PlanOutput
		want   string
	}{
		{"a scan", run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}}, contract.StateScanSegments},
		{"an export", run.PlanOutput{Plan: run.Plan{Mode: request.ModeExport}}, contract.StateStartExport},
		{"a scan that was committed", run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}, Committed: true}, contract.StateFinalize},
		{"an export that was committed", run.PlanOutput{Plan: run.Plan{Mode: request.ModeExport}, Committed: true}, contract.StateFinalize},
		{"a scan that is only explained", run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}, Explained: &run.Explained{}}, contract.StateExplained},
		{"a scan that another execution runs", run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}, Duplicate: &run.Duplicate{}}, contract.StateAlreadyRunning},
		{"an export that another execution has committed", run.PlanOutput{Plan: run.Plan{Mode: request.ModeExport}, Committed: true, Duplicate: &run.Duplicate{Committed: true}}, contract.StateAlreadyRunning},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &simulation{t: t}
			planned := states(t)[contract.StatePlanned]
			got := planned.Default
			for _, rule := range planned.Choices {
				if s.holds(rule, asJSON(test.output)) {
					got = rule.Next
					break
				}
			}
			if got != test.want {
				t.Errorf("continues at %s, want %s", got, test.want)
			}
		})
	}
}

// After a pass over the staged files, the plan says whether they were converted, or only read to learn.
func TestPassOverStagedFilesLeadsOn(t *testing.T) {
	t.Parallel()
	for want, schema := range map[string]string{contract.StateColumns: "", contract.StateFinalize: "0123456789abcdef"} {
		s := &simulation{t: t}
		converted := states(t)[contract.StateConverted]
		got := converted.Default
		if s.holds(converted.Choices[0], asJSON(run.ColumnsOutput{Plan: run.Plan{Parquet: &run.ParquetPlan{Schema: schema}}})) {
			got = converted.Choices[0].Next
		}
		if got != want || len(converted.Choices) != 1 {
			t.Errorf("with the schema %q, it continues at %s, want %s", schema, got, want)
		}
	}
}

// If another execution owns the run, this one succeeds after Plan, and its output names the owner.
func TestDuplicateEndsWell(t *testing.T) {
	t.Parallel()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	duplicate := run.Duplicate{RunID: "nightly-20261121T020000Z", ExecutionID: "arn:first", Committed: true, Reason: "delivered twice"}
	s := &simulation{t: t, call: func(state string, _ any) (any, string) {
		if state != contract.StatePlan {
			t.Errorf("%s was called", state)
		}
		return asJSON(run.PlanOutput{Segments: []int{}, Committed: true, Duplicate: &duplicate}), ""
	}}
	output, _, failed := s.execution(m, map[string]any{"table": "orders"})
	if diff := cmp.Diff(asJSON(duplicate), output); failed != "" || diff != "" {
		t.Errorf("failure %q, output (-want +got):\n%s", failed, diff)
	}
}
