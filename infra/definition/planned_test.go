package definition

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/job"

	"github.com/google/go-cmp/cmp"
)

// Where a plan leads: the first rule that holds is the one that counts.
func TestPlanLeadsOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		output job.PlanOutput
		want   string
	}{
		{"a scan", job.PlanOutput{Plan: job.Plan{Mode: job.ModeScan}}, job.StateScanSegments},
		{"an export", job.PlanOutput{Plan: job.Plan{Mode: job.ModeExport}}, job.StateStartExport},
		{"a scan that was committed", job.PlanOutput{Plan: job.Plan{Mode: job.ModeScan}, Committed: true}, job.StateFinalize},
		{"an export that was committed", job.PlanOutput{Plan: job.Plan{Mode: job.ModeExport}, Committed: true}, job.StateFinalize},
		{"a scan that another execution runs", job.PlanOutput{Plan: job.Plan{Mode: job.ModeScan}, Duplicate: &job.Duplicate{}}, job.StateAlreadyRunning},
		{"an export that another execution has committed", job.PlanOutput{Plan: job.Plan{Mode: job.ModeExport}, Committed: true, Duplicate: &job.Duplicate{Committed: true}}, job.StateAlreadyRunning},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &simulation{t: t}
			planned := states(t)[job.StatePlanned]
			got := planned.Default
			for _, rule := range planned.Choices {
				if s.holds(rule, asJSON(test.output)) {
					got = rule.Next
					break
				}
			}
			if got != test.want {
				t.Errorf("goes on at %s, want %s", got, test.want)
			}
		})
	}
}

// An execution that leaves its run to another ends well, does nothing after Plan, and says whose the run is.
func TestDuplicateEndsWell(t *testing.T) {
	t.Parallel()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	duplicate := job.Duplicate{RunID: "nightly-20261121T020000Z", ExecutionID: "arn:first", Committed: true, Reason: "delivered twice"}
	s := &simulation{t: t, call: func(state string, _ any) (any, string) {
		if state != job.StatePlan {
			t.Errorf("%s was called", state)
		}
		return asJSON(job.PlanOutput{Segments: []int{}, Committed: true, Duplicate: &duplicate}), ""
	}}
	output, _, failure := s.execution(m, map[string]any{"table": "orders"})
	if diff := cmp.Diff(asJSON(duplicate), output); failure != "" || diff != "" {
		t.Errorf("failure %q, output (-want +got):\n%s", failure, diff)
	}
}
