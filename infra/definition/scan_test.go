package definition

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/job"
)

// What docs/scale.md computes with.
func TestEventsOfAScanAreAsForetold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                  string
		segments, invocations int
	}{
		{"one segment", 1, 1},
		{"each done at once", 100, 1},
		{"many invocations", 3, 40},
		{"as many segments as a run may have", job.MaxSegments, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m machine
			if err := json.Unmarshal(JSON, &m); err != nil {
				t.Fatal(err)
			}
			scan := m.States[job.StateScanSegments]
			discarded := "$.discarded" // a ResultPath of null, which keeps the input
			scan.ResultPath = &discarded
			m.States[job.StateScanSegments] = scan
			s := &simulation{t: t, call: func(state string, payload any) (any, string) {
				switch state {
				case job.StatePlan:
					planned := job.PlanOutput{Plan: job.Plan{Mode: job.ModeScan}}
					for i := range test.segments {
						planned.Segments = append(planned.Segments, i)
					}
					return asJSON(planned), ""
				case job.StateScanSegment:
					var in job.ScanInput
					decode(t, payload, &in)
					n := 1
					if in.Checkpoint != nil {
						n = in.Checkpoint.Invocation + 1
					}
					return asJSON(job.Checkpoint{Done: n == test.invocations, Invocation: n}), ""
				default:
					return asJSON(job.FinalizeOutput{}), ""
				}
			}}
			_, events, failure := s.execution(m, map[string]any{"table": "orders"})
			if failure != "" || int64(events) != job.ScanEvents() || len(s.children) != test.segments {
				t.Errorf("got %d events, %d children and failure %q, want %d events", events, len(s.children), failure, job.ScanEvents())
			}
			for i, own := range s.children {
				if want := job.SegmentEvents(int64(test.invocations)); int64(own) != want {
					t.Fatalf("child %d has %d events, want %d", i, own, want)
				}
			}
		})
	}
}
