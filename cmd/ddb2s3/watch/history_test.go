package watch

import (
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// payload returns the state of an execution with a plan.
func payload(plan run.Plan, segments int) string {
	plan.Version, plan.RunID = run.Version, "night-1"
	return string(run.Marshal(run.PlanOutput{Plan: plan, Segments: make([]int, segments)}))
}

// script makes events of a history.
type script struct {
	history
	seconds int
}

func (s *script) add(event types.HistoryEvent) {
	s.seconds++
	event.Id, event.Timestamp = int64(s.seconds), new(begin.Add(time.Duration(s.seconds)*time.Second))
	s.history.add(event)
}

func (s *script) enter(state, input string) {
	s.add(types.HistoryEvent{StateEnteredEventDetails: &types.StateEnteredEventDetails{Name: &state, Input: &input}})
}

func (s *script) exit(state, output string) {
	s.add(types.HistoryEvent{StateExitedEventDetails: &types.StateExitedEventDetails{Name: &state, Output: &output}})
}

// The events of a run that makes Parquet files from a native export, which has every phase but one.
func TestPhasesOfAHistory(t *testing.T) {
	t.Parallel()
	first := run.Plan{Mode: request.ModeExport, Export: &run.ExportPlan{}, Parquet: &run.ParquetPlan{}, Estimate: &run.Estimated{Dollars: 1}}
	learning := first.Learning(4)
	converting := first.Converting(run.Schema{Segments: 3}, "digest")
	s := &script{}
	check := func(phase Phase, since, segments int, mapRun, retry string) {
		t.Helper()
		if s.phase != phase || !s.since.Equal(begin.Add(time.Duration(since)*time.Second)) || s.segments != segments || s.mapRun != mapRun || s.retry != retry {
			t.Errorf("got %s since %s, %d segments, %q, %q, want %s since %d, %d segments, %q, %q",
				s.phase, s.since, s.segments, s.mapRun, s.retry, phase, since, segments, mapRun, retry)
		}
	}
	mapRun := func(name string) {
		s.add(types.HistoryEvent{MapRunStartedEventDetails: &types.MapRunStartedEventDetails{MapRunArn: &name}})
	}
	s.enter(contract.StatePlan, `{"table": "orders", "segments": 77}`)
	check(Planning, 1, 0, "", "")
	s.add(types.HistoryEvent{LambdaFunctionFailedEventDetails: &types.LambdaFunctionFailedEventDetails{Error: new("Throttled")}})
	check(Planning, 1, 0, "", "Throttled")
	s.exit(contract.StatePlan, payload(first, 0))
	s.enter(contract.StatePlanned, payload(first, 0))
	check(Planning, 1, 0, "", "")
	if s.plan.Estimate == nil || s.plan.Estimate.Dollars != 1 {
		t.Errorf("got the plan %+v", s.plan)
	}
	s.enter(contract.StateStartExport, payload(first, 0))
	s.exit(contract.StateStartExport, payload(first, 0))
	s.enter(contract.StateFollowExports, fmt.Sprintf(`{"plan": {"version": %d, "runId": "night-1"}, "export": {"inProgress": true, "exports": [{"exportArn": "x", "exportStatus": "IN_PROGRESS"}]}}`, run.Version))
	mapRun("exports")
	check(Exporting, 5, 0, "exports", "")
	if len(s.export.Exports) != 1 || s.export.Exports[0].ExportStatus != "IN_PROGRESS" {
		t.Errorf("got the exports %+v", s.export)
	}
	s.enter(contract.StateFinalize, payload(first, 0))
	check(Finalizing, 9, 0, "", "")
	s.enter(contract.StateColumns, payload(first, 0))
	s.enter(contract.StateConvertSegments, payload(learning, 4))
	mapRun("learning")
	check(Learning, 10, 4, "learning", "")
	s.enter(contract.StateColumns, payload(learning, 4))
	s.enter(contract.StateConvertSegments, payload(converting, 3))
	check(Converting, 14, 3, "", "")
	if !s.overSegments() || !s.begun.Equal(s.since) {
		t.Errorf("the pass began at %s", s.begun)
	}
	s.add(types.HistoryEvent{MapRunRedrivenEventDetails: &types.MapRunRedrivenEventDetails{MapRunArn: new("converting")}})
	check(Converting, 14, 3, "converting", "")
	s.enter(contract.StateFinalize, payload(converting, 3))
	s.enter(contract.StateCompleteUploads, payload(converting, 3))
	check(Finalizing, 16, 3, "", "")
	s.enter(contract.StateCatalog, payload(converting, 3))
	check(Catalog, 18, 3, "", "")
	s.enter(contract.StatePrune, payload(converting, 3))
	check(Pruning, 19, 3, "", "")
	if s.last != 19 {
		t.Errorf("the last event is %d", s.last)
	}
}

// What is no plan, or the plan of functions of another version, says nothing.
func TestForeignPayloadsSayNothing(t *testing.T) {
	t.Parallel()
	s := &script{}
	for _, payload := range []string{"", "{", "[]", `{"Error": "Throttled", "Cause": "x"}`, `{"plan": 7}`, `{"plan": {"version": 99999, "runId": "night-1"}, "segments": [0]}`} {
		s.exit(contract.StatePlan, payload)
		s.enter(contract.StateScanSegments, payload)
	}
	if s.plan.RunID != "" || s.segments != 0 || s.phase != Scanning {
		t.Errorf("got %+v", s.history)
	}
}
