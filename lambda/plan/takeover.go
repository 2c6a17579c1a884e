package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// Executions tells what has become of executions of the state machine, each of which is named by its ARN.
type Executions interface {
	Describe(ctx context.Context, execution string) (run.ExecutionState, error)
}

// another decides on a run that another execution has claimed with the same request: it is that one's as long as it runs, or
// once it has completed it; it is this one's where the other has died.
func (c claimant) another(ctx context.Context, theirs ledger.Claim) (run.PlanOutput, error) {
	complete, err := committed(ctx, c.destination, theirs.Output.Plan)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if complete {
		return c.leave(theirs, true, "has completed it")
	}
	// One of another state machine, or of a local run, is nothing that may be asked about.
	if machineOf(theirs.ExecutionID) != machineOf(c.own.ExecutionID) {
		return c.refuse("belongs to execution %s, which is of another state machine: look there for how it ends, or choose another name or prefix", theirs.ExecutionID)
	}
	state, err := c.Executions.Describe(ctx, theirs.ExecutionID)
	switch {
	case err != nil:
		return run.PlanOutput{}, fmt.Errorf("look what has become of the execution that has claimed the run: %w", err)
	case state.Status == run.ExecutionSucceeded: // and somebody has removed its commit since
		return c.leave(theirs, false, "has completed it")
	case state.Status == run.ExecutionUnknown:
		return c.refuse("belongs to execution %s, which Step Functions does not know, or not any more: choose another name or prefix, or remove the folder if nobody wants it", theirs.ExecutionID)
	case !state.Dead():
		return c.leave(theirs, false, fmt.Sprintf("has claimed it and is %s: look there for how it ends", state.Status))
	case time.Now().Before(state.Quiet):
		return c.refuse("belongs to execution %s, which is %s, and functions that it has called may still be at work: redrive that one, or start this again after %s",
			theirs.ExecutionID, state.Status, state.Quiet.Format(time.RFC3339))
	default:
		return c.takeOver(ctx, theirs)
	}
}

// takeOver makes the run this execution's. The plan stays the same, so that what the other has left fits.
func (c claimant) takeOver(ctx context.Context, theirs ledger.Claim) (run.PlanOutput, error) {
	own := theirs
	own.ExecutionID = c.own.ExecutionID
	own.Output.Plan.ExecutionID = c.own.ExecutionID
	own.Output.Plan.TakenOver = append(slices.Clone(theirs.Output.Plan.TakenOver), theirs.ExecutionID)
	if err := theirs.Replace(ctx, own); err != nil {
		return run.PlanOutput{}, err
	}
	return own.Output, c.alone(ctx, own.Output.Plan)
}

// alone fails with RunNameTaken where an execution that had the run before may be at work again: somebody has redriven it
// between the look at it and the write of the claim, so that a function of it may not have learned that it lost the run. One
// that is redriven after that write learns it before it does anything.
func (c claimant) alone(ctx context.Context, plan run.Plan) error {
	for _, before := range plan.TakenOver {
		state, err := c.Executions.Describe(ctx, before)
		if err != nil {
			return fmt.Errorf("look whether an execution that had the run was redriven: %w", err)
		}
		ended := state.Dead() || state.Status == run.ExecutionSucceeded || state.Status == run.ExecutionUnknown
		if !ended || time.Now().Before(state.Quiet) {
			_, err := c.refuse("was taken over from execution %s, which was redriven at the same moment and is %s: start this again when both have ended, and a quarter of an hour has passed",
				before, state.Status)
			return err
		}
	}
	return nil
}

// leave leaves the run to the execution that has claimed it. For the same firing of a schedule that is a good end: EventBridge
// Scheduler delivers at least once, and each delivery starts an execution of another name.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (c claimant) leave(theirs ledger.Claim, complete bool, words string) (run.PlanOutput, error) {
	if c.request.Schedule == "" {
		return c.refuse("belongs to execution %s, which %s: choose another name for the execution, or another prefix", theirs.ExecutionID, words)
	}
	plan := theirs.Output.Plan
	return run.PlanOutput{
		Plan: plan, Segments: []int{}, Export: noExports(), Committed: complete,
		Duplicate: &run.Duplicate{
			RunID: plan.RunID, ExecutionID: theirs.ExecutionID, Committed: complete,
			Reason: fmt.Sprintf("the schedule's firing was delivered more than once, and this execution has done nothing: the run is at %s, and execution %s %s",
				c.destination.URI(plan.Root), theirs.ExecutionID, words),
		},
	}, nil
}

// machineOf returns what the ARNs of all executions of one state machine begin with.
func machineOf(execution string) string { return execution[:strings.LastIndexByte(execution, ':')+1] }
