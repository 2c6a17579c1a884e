package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// Executions looks up executions of the state machine by their ARNs.
type Executions interface {
	Describe(ctx context.Context, execution string) (execution.State, error)
}

// decide decides about a run that another execution has claimed with the same request. While that execution runs, and after it has
// committed the run, the run is its own. After it has failed, this execution takes the run over.
func (c claimant) decide(ctx context.Context, theirs ledger.Claim) (run.PlanOutput, error) {
	complete, err := committed(ctx, c.destination, theirs.Output.Plan)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if complete {
		return c.leave(theirs, true, "has completed it")
	}
	// The step has no permission to look up executions of other state machines or of local runs.
	if machineOf(theirs.ExecutionID) != machineOf(c.own.ExecutionID) {
		return c.refuse("belongs to execution %s, which is of another state machine: look there how it ends, or choose another name or prefix", theirs.ExecutionID)
	}
	state, err := c.Executions.Describe(ctx, theirs.ExecutionID)
	switch {
	case err != nil:
		return run.PlanOutput{}, fmt.Errorf("look up the execution that claimed the run: %w", err)
	case state.Status == execution.Unknown, !state.Began(theirs.StartTime):
		return c.refuse("belongs to execution %s, which Step Functions does not know or no longer knows: choose another name or prefix, or remove the folder if it is not needed", theirs.ExecutionID)
	case state.Status == execution.Succeeded: // its commit was removed since
		return c.leave(theirs, false, "has completed it")
	case !state.Dead():
		return c.leave(theirs, false, fmt.Sprintf("has claimed it and is %s: look there how it ends", state.Status))
	case time.Now().Before(state.Quiet):
		return c.refuse("belongs to execution %s, which is %s, but functions that it called may still be at work: redrive that execution, or start this one again after %s",
			theirs.ExecutionID, state.Status, state.Quiet.Format(time.RFC3339))
	}
	read, err := staged(ctx, c.destination, theirs.Output.Plan)
	if err == nil && !read {
		err = c.sameSource(theirs.Output.Plan)
	}
	if err != nil {
		return run.PlanOutput{}, err
	}
	output, err := c.takeOver(ctx, theirs)
	output.Committed = err == nil && read
	return output, err
}

// takeOver makes this execution the run's owner. The plan stays the same, so that what the other execution has done still fits.
func (c claimant) takeOver(ctx context.Context, theirs ledger.Claim) (run.PlanOutput, error) {
	own := theirs
	own.ExecutionID, own.StartTime = c.own.ExecutionID, c.own.StartTime
	own.Output.Plan.ExecutionID = c.own.ExecutionID
	own.Output.Plan.TakenOver = append(slices.Clone(theirs.Output.Plan.TakenOver), theirs.ExecutionID)
	if err := theirs.Replace(ctx, own); err != nil {
		return run.PlanOutput{}, err
	}
	return own.Output, c.checkAlone(ctx, own.Output.Plan)
}

// checkAlone fails with RunNameTaken if an earlier owner of the run may be at work again. That happens if it was redriven between the
// look at it and the write of the claim: its function may then have read the old claim. An owner that is redriven after that write
// reads the new claim before it does anything.
func (c claimant) checkAlone(ctx context.Context, plan run.Plan) error {
	for i, before := range plan.TakenOver {
		if before == plan.ExecutionID {
			continue // another execution had taken the run over from this one, and this one has taken it back
		}
		state, err := c.Executions.Describe(ctx, before)
		if err != nil {
			return fmt.Errorf("look whether an earlier owner of the run was redriven: %w", err)
		}
		if i == 0 && state.Status != execution.Unknown && !state.Began(plan.StartTime) { // the first owner began the run
			_, err := c.refuse("has a claim that does not fit its request: output.plan.startTime is %s, and execution %s began at %s. Another program has written it: choose another name or prefix",
				plan.StartTime.Format(time.RFC3339Nano), before, state.StartTime.Format(time.RFC3339Nano))
			return err
		}
		if state.Busy(time.Now()) {
			_, err := c.refuse("was taken over from execution %s, which was redriven at the same moment and is %s: wait until both have ended, and a quarter of an hour more, and start this one again",
				before, state.Status)
			return err
		}
	}
	return nil
}

// leave leaves the run to the execution that claimed it. For the same firing of a schedule this is a success: EventBridge Scheduler
// delivers a firing at least once, and each delivery starts an execution with another name.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (c claimant) leave(theirs ledger.Claim, complete bool, words string) (run.PlanOutput, error) {
	if c.draft.request.Schedule == "" {
		return c.refuse("belongs to execution %s, which %s: choose another name for the execution, or another prefix", theirs.ExecutionID, words)
	}
	plan := theirs.Output.Plan
	return run.PlanOutput{
		Plan: plan, Segments: []int{}, Export: noExports(), Committed: complete,
		Duplicate: &run.Duplicate{
			RunID: plan.RunID, ExecutionID: theirs.ExecutionID, Committed: complete,
			Reason: fmt.Sprintf("the schedule's firing was delivered more than once, so this execution has done nothing: the run is at %s, and execution %s %s",
				c.destination.URI(plan.Root), theirs.ExecutionID, words),
		},
	}, nil
}

// machineOf returns the part of an execution's ARN that all executions of its state machine share.
func machineOf(execution string) string { return execution[:strings.LastIndexByte(execution, ':')+1] }
