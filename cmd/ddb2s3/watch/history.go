package watch

import (
	"encoding/json"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Phase is what an execution does, in one word.
type Phase string

// The phases of an execution. A run that makes Parquet files finalizes twice.
const (
	Planning   Phase = "Planning"
	Scanning   Phase = "Scanning"
	Exporting  Phase = "Exporting"
	Learning   Phase = "Learning"
	Converting Phase = "Converting"
	Finalizing Phase = "Finalizing"
	Catalog    Phase = "Catalog"
	Pruning    Phase = "Prune"
)

// phases has the phases of the states that take time. ConvertSegments is in history.phaseOf.
var phases = map[string]Phase{
	contract.StatePlan: Planning, contract.StateScanSegments: Scanning, contract.StateStartExport: Exporting, contract.StateFollowExports: Exporting,
	contract.StateColumns: Learning, contract.StateFinalize: Finalizing, contract.StateCompleteUploads: Finalizing,
	contract.StateCatalog: Catalog, contract.StatePrune: Pruning,
}

// history is what the events of an execution say about it so far.
type history struct {
	last  int64 // the id of the last event
	state string
	phase Phase
	since time.Time // when the phase began
	// plan is the plan of the pass, segments how many it has, and begun when its Map was entered. A pass is a Map over segments.
	plan     run.Plan
	segments int
	begun    time.Time
	// mapRun is the open Map Run, "" if no Map Run is open.
	mapRun string
	export run.ExportProgress
	// retry is the error of the last call of a function, while the state machine has not entered another state.
	retry string
}

// planned is what the input of every state after Plan has.
type planned struct {
	Plan     run.Plan           `json:"plan"`
	Segments []int              `json:"segments"`
	Export   run.ExportProgress `json:"export"`
}

// add follows one more event. Events come in the order of their ids.
func (h *history) add(event types.HistoryEvent) {
	h.last = event.Id
	switch {
	case event.StateEnteredEventDetails != nil:
		details := event.StateEnteredEventDetails
		h.enter(aws.ToString(details.Name), aws.ToString(details.Input), aws.ToTime(event.Timestamp))
	case event.StateExitedEventDetails != nil:
		h.retry = ""
		if aws.ToString(event.StateExitedEventDetails.Name) == contract.StatePlan {
			h.read(aws.ToString(event.StateExitedEventDetails.Output))
		}
	case event.MapRunStartedEventDetails != nil:
		h.mapRun = aws.ToString(event.MapRunStartedEventDetails.MapRunArn)
	case event.MapRunRedrivenEventDetails != nil:
		h.mapRun = aws.ToString(event.MapRunRedrivenEventDetails.MapRunArn)
	case event.LambdaFunctionFailedEventDetails != nil:
		h.retry = aws.ToString(event.LambdaFunctionFailedEventDetails.Error)
	case event.LambdaFunctionTimedOutEventDetails != nil:
		h.retry = aws.ToString(event.LambdaFunctionTimedOutEventDetails.Error)
	case event.LambdaFunctionScheduleFailedEventDetails != nil:
		h.retry = aws.ToString(event.LambdaFunctionScheduleFailedEventDetails.Error)
	}
}

// enter follows the execution into a state.
func (h *history) enter(state, input string, at time.Time) {
	h.state, h.retry, h.mapRun = state, "", ""
	if state != contract.StatePlan { // whose input is the request
		h.read(input)
	}
	if phase := h.phaseOf(state); phase != "" && phase != h.phase {
		h.phase, h.since = phase, at
	}
	if h.overSegments() {
		h.begun = at
	}
}

// overSegments reports whether the state is a pass over the segments of the plan.
func (h *history) overSegments() bool {
	return h.state == contract.StateScanSegments || h.state == contract.StateConvertSegments
}

// phaseOf returns the phase of a state, "" for a state that takes no time.
func (h *history) phaseOf(state string) Phase {
	if state == contract.StateConvertSegments {
		if h.plan.FirstPass() {
			return Learning
		}
		return Converting
	}
	return phases[state]
}

// read keeps what the input of a state says. A payload of another form, such as the error that the state machine has caught, says nothing.
func (h *history) read(payload string) {
	var in planned
	if json.NewDecoder(strings.NewReader(payload)).Decode(&in) != nil || in.Plan.RunID == "" || run.CheckVersion(in.Plan.Version) != nil {
		return
	}
	h.plan, h.export = in.Plan, in.Export
	if in.Segments != nil {
		h.segments = len(in.Segments)
	}
}
