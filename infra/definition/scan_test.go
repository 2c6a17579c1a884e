package definition

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// docs/scale.md uses these numbers.
func TestEventsOfAScanAreAsForetold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                  string
		segments, invocations int
	}{
		{"one segment", 1, 1},
		{"each done at once", 100, 1},
		{"many invocations", 3, 40},
		{"as many segments as a run may have", request.MaxSegments, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m machine
			if err := json.Unmarshal(JSON, &m); err != nil {
				t.Fatal(err)
			}
			scan := m.States[contract.StateScanSegments]
			discarded := "$.discarded" // like a ResultPath of null, this keeps the input
			scan.ResultPath = &discarded
			m.States[contract.StateScanSegments] = scan
			s := &simulation{t: t, call: func(state string, payload any) (any, string) {
				switch state {
				case contract.StatePlan:
					planned := run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}}
					for i := range test.segments {
						planned.Segments = append(planned.Segments, i)
					}
					return asJSON(planned), ""
				case contract.StateScanSegment:
					var in run.ScanInput
					decode(t, payload, &in)
					n := 1
					if in.Checkpoint != nil {
						n = in.Checkpoint.Invocation + 1
					}
					return asJSON(run.Checkpoint{Done: n == test.invocations, Invocation: n}), ""
				default:
					return asJSON(run.FinalizeOutput{}), ""
				}
			}}
			_, events, failed := s.execution(m, map[string]any{"table": "orders"})
			if failed != "" || int64(events) != contract.ScanEvents() || len(s.children) != test.segments {
				t.Errorf("got %d events, %d children and failure %q, want %d events", events, len(s.children), failed, contract.ScanEvents())
			}
			for i, own := range s.children {
				if want := contract.SegmentEvents(int64(test.invocations)); int64(own) != want {
					t.Fatalf("child %d has %d events, want %d", i, own, want)
				}
			}
		})
	}
}
