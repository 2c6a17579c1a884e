package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/statemachine"

	"golang.org/x/sync/errgroup"
)

// run runs the seed's executions and checks the result. Then it runs failed executions again without faults, and checks again.
func (r *seedRun) run(ctx context.Context) (Report, error) {
	outcomes, err := r.runExecutions(ctx)
	if err != nil {
		return Report{}, err
	}
	r.finishAll()
	checked, broken := r.check(ctx, outcomes)
	limited, passed := r.checkLimit()
	broken = errors.Join(broken, passed)
	report := Report{Scenario: r.scenario, Items: checked.items, Limited: limited, Broken: broken}
	for _, outcome := range outcomes {
		report.Ends = append(report.Ends, endOf(outcome))
	}
	if broken == nil && len(checked.redrivable) > 0 {
		r.faultsOff.Store(true)
		if err := r.raiseLimit(ctx); err != nil {
			return report, err
		}
		for _, n := range checked.redrivable {
			r.injected(faultRedriven, fmt.Sprintf("execution %d", n), outcomes[n].Error)
			if outcomes[n], err = r.runExecution(ctx, n); err != nil {
				return report, err
			}
			report.Ends = append(report.Ends, "then "+endOf(outcomes[n]))
		}
		r.finishAll()
		checked, report.Broken = r.check(ctx, outcomes)
		report.Items = checked.items
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	report.Faults, report.Injected, report.Trace, report.Listings = r.faults, r.descriptions, r.trace, r.watch.count()
	return report, r.err
}

// runExecutions runs the executions that the seed starts.
func (r *seedRun) runExecutions(ctx context.Context) ([]statemachine.Outcome, error) {
	if err := r.hand.beforeRun(ctx); err != nil {
		return nil, err
	}
	if r.scenario.death.nth > 0 {
		return r.runTakeover(ctx)
	}
	outcomes := make([]statemachine.Outcome, max(1, r.scenario.Deliveries))
	group, ctx := errgroup.WithContext(ctx)
	if !r.scenario.AtOnce {
		group.SetLimit(1)
	}
	for n := range outcomes {
		if n > 0 {
			r.injected(faultDeliveredAgain, fmt.Sprintf("execution %d", n), "")
		}
		group.Go(func() (err error) {
			outcomes[n], err = r.runExecution(ctx, n)
			return err
		})
	}
	return outcomes, group.Wait()
}

// began is when all executions have begun.
var began = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

// machines is the start of the ARNs of state machines and executions.
const machines = "arn:aws:states:us-east-1:" + account + ":"

func (r *seedRun) runExecution(ctx context.Context, n int) (statemachine.Outcome, error) {
	id, name := r.scenario.execution(n)
	r.executions.Set(id, execution.Running, time.Time{})
	r.record(Event{Kind: Began, Execution: n})
	outcome, err := r.harness.interpreter.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, Input: r.scenario.request(r.table.name, r.bucket), InvokeURL: fmt.Sprintf("%s/%d/%d", r.harness.url, r.number, r.addressOf(n)),
		ID: id, Name: name, StartTime: began,
		StateMachineID: machines + "stateMachine:dynamodb-to-s3", StateMachineName: "dynamodb-to-s3", Hurried: true,
	})
	status, end := execution.Succeeded, time.Now()
	if !outcome.Succeeded {
		status = execution.Failed
	}
	if !outcome.Succeeded || duplicate(outcome) && r.wasRedriven(n) { // the model ends an execution that had the run before
		r.record(Event{Kind: Failed, Execution: n})
	}
	if r.scenario.TakesOver { // much later: no function that the execution has called still works, and no other one that was given up
		r.finish(func(i *invocation) bool { return i.execution == n || closed(i.process.paused) })
		end = end.Add(-execution.QuietAfter)
	}
	r.executions.Set(id, status, end)
	return outcome, err
}

// endOf describes how an execution has ended.
func endOf(o statemachine.Outcome) string {
	switch {
	case !o.Succeeded:
		return o.Error
	case duplicate(o):
		return "duplicate"
	default:
		return "succeeded"
	}
}

// duplicate reports whether an execution has left the run to another.
func duplicate(o statemachine.Outcome) bool {
	var output struct{ ExecutionID string }
	return o.Succeeded && json.Unmarshal(o.Output, &output) == nil && output.ExecutionID != ""
}
