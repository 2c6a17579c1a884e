package definition

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// docs/scale.md and the checks of plan use these numbers.
func TestEventsOfAScanAreAsForetold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                         string
		segments, invocations, waits int // of each segment
	}{
		{"one segment", 1, 1, 0},
		{"each done at once", 100, 1, 0},
		{"many invocations", 3, 40, 0},
		{"as many segments as a run may have", request.MaxSegments, 1, 0},
		{"a wait after each invocation but the last", 2, 40, 39},
		{"a wait before the end", 2, 2, 1},
		{"as many early ends as a segment may have", 1, quota.MaxEarlyEnds, quota.MaxEarlyEnds - 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &simulation{t: t}
			events, failed := scanned(t, s, test.segments, func(in run.ScanInput, n int) run.Checkpoint {
				to := run.Checkpoint{Done: n == test.invocations, Invocation: n}
				if n <= test.waits {
					to.WaitUntil = new(time.Date(2026, 1, 31, 6, 0, n%60, 0, time.UTC))
				}
				return to
			})
			if failed != "" || int64(events) != quota.ScanEvents() || len(s.children) != test.segments {
				t.Errorf("got %d events, %d children and failure %q, want %d events", events, len(s.children), failed, quota.ScanEvents())
			}
			for i, own := range s.children {
				if want := quota.SegmentEvents(int64(test.invocations), int64(test.waits)); int64(own) != want {
					t.Fatalf("child %d has %d events, want %d", i, own, want)
				}
			}
			if len(s.moments) != test.segments*test.waits {
				t.Errorf("the children waited %d times, want %d times each", len(s.moments), test.waits)
			}
		})
	}
}

// A segment that is done, but not paid for, waits before its child ends and another segment starts in its place.
func TestSegmentThatIsDoneWaitsUntilItIsPaid(t *testing.T) {
	t.Parallel()
	s := &simulation{t: t}
	var got []bool
	_, failed := scanned(t, s, 1, func(in run.ScanInput, n int) run.Checkpoint {
		to := run.Checkpoint{Done: true, Invocation: 1}
		if n == 1 {
			to.WaitUntil = new(time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC))
		} else {
			got = append(got, in.Checkpoint.Done && in.Checkpoint.WaitUntil != nil)
		}
		return to
	})
	if failed != "" || !slices.Equal(got, []bool{true}) || !slices.Equal(s.moments, []string{"2026-01-31T06:00:00Z"}) {
		t.Errorf("got failure %q, calls %v and the waits %v, want one wait and one more call", failed, got, s.moments)
	}
}

// scanned executes the definition for a scan. answer is the answer of the function scan to the nth call for a segment.
func scanned(t *testing.T, s *simulation, segments int, answer func(in run.ScanInput, n int) run.Checkpoint) (events int, failed string) {
	t.Helper()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	scan := m.States[contract.StateScanSegments]
	discarded := "$.discarded" // like a ResultPath of null, this keeps the input
	scan.ResultPath = &discarded
	m.States[contract.StateScanSegments] = scan
	calls := map[int]int{}
	s.call = func(state string, payload any) (any, string) {
		switch state {
		case contract.StatePlan:
			planned := run.PlanOutput{Plan: run.Plan{Mode: request.ModeScan}}
			for i := range segments {
				planned.Segments = append(planned.Segments, i)
			}
			return asJSON(planned), ""
		case contract.StateScanSegment:
			var in run.ScanInput
			decode(t, payload, &in)
			calls[in.Segment]++
			return asJSON(answer(in, calls[in.Segment])), ""
		default:
			return asJSON(run.FinalizeOutput{}), ""
		}
	}
	_, events, failed = s.execution(m, map[string]any{"table": "orders"})
	return events, failed
}

// If finalize answers with batches, each child calls it until its batch is done, and then Finalize runs again.
func TestBatchesAreCompletedBeforeFinalizeRunsAgain(t *testing.T) {
	t.Parallel()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	complete := m.States[contract.StateCompleteUploads]
	complete.ResultPath = new("$.discarded") // like a ResultPath of null, this keeps the input
	m.States[contract.StateCompleteUploads] = complete
	batches := []run.Batch{{First: 0, Last: 2}, {First: 3, Last: 3}}
	var calls []string
	s := &simulation{t: t}
	s.call = func(state string, payload any) (any, string) {
		var in run.FinalizeInput
		if decode(t, payload, &in); in.Plan.RunID != "run" {
			t.Errorf("%s got the plan %+v", state, in.Plan)
		}
		switch {
		case state == contract.StateCompleteBatch:
			calls = append(calls, fmt.Sprintf("complete %d to %d", in.Batch.First, in.Batch.Last))
			return asJSON(run.FinalizeOutput{Done: in.Batch.First == 0 || len(calls) == 4}), ""
		case len(calls) == 0:
			calls = append(calls, "finalize")
			return asJSON(run.FinalizeOutput{Batches: batches}), ""
		default:
			calls = append(calls, "finalize")
			return asJSON(run.FinalizeOutput{Result: run.Result{RunID: "run"}}), ""
		}
	}
	m.StartAt = contract.StateFinalize
	const withoutBatches = 2 + 5 + 2 + 4 + 2 // beginning and end, Finalize, its choice, the choices after the commit, Replicated
	output, events, failed := s.execution(m, asJSON(map[string]any{"plan": run.Plan{RunID: "run"}, "export": run.ExportProgress{}}))
	if int64(events) != withoutBatches+quota.BatchEvents() {
		t.Errorf("got %d events, want %d more than %d", events, quota.BatchEvents(), withoutBatches)
	}
	want := []string{"finalize", "complete 0 to 2", "complete 3 to 3", "complete 3 to 3", "finalize"}
	if diff := cmp.Diff(want, calls); failed != "" || diff != "" {
		t.Errorf("failure %q, calls (-want +got):\n%s", failed, diff)
	}
	if diff := cmp.Diff(asJSON(run.Result{RunID: "run"}), output); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
