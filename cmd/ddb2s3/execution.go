package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/report"
	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/statemachine"
)

// errExecutionFailed means that the execution failed. Its error and cause were printed as its output.
var errExecutionFailed = errors.New("the execution failed")

// arnPrefix begins the ARNs of local executions. It replaces a real region and account.
const arnPrefix = "arn:aws:states:local:000000000000:"

// executionID is the ARN of a local execution.
func executionID(name string) string { return arnPrefix + "execution:dynamodb-to-s3:" + name }

// timeName is the name of an execution that was given none.
func timeName() string { return "local-" + time.Now().UTC().Format("20060102-150405.000000") }

// execution is an execution of the state machine over the services.
type execution struct {
	services       *services
	options        options
	request        json.RawMessage
	name           string
	table          string // as the request names it; "" if the request is invalid
	exporting      bool   // the request is for a native export
	scheduled      bool   // the request names the run after the firing of a schedule
	stdout, stderr io.Writer
	// continuation says how a run that did not end can continue; nil if it cannot.
	continuation func(s *services, planned *run.PlanOutput, failed failure.Name) string
}

// errInterrupted means that the execution was interrupted, and that this was said.
var errInterrupted = errors.New("the execution was interrupted")

// run runs the state machine and prints its output. After a success, it calls check, which says what was verified, and then prints a summary.
// Otherwise it says how the run can continue. Both times it writes the report of the run.
func (e execution) run(ctx context.Context, check func(run.Result) (verified string, err error)) error {
	outcome, planned, took, err := e.execute(ctx)
	if err != nil && ctx.Err() != nil {
		_, _ = fmt.Fprintln(e.stderr, "interrupted")
		e.advise(planned, "")
		return errors.Join(errInterrupted, err)
	}
	if err != nil {
		return err
	}
	if err := printOutcome(e.stdout, outcome); err != nil {
		e.advise(planned, failure.Name(outcome.Error))
		e.report(ctx, planned, func(r *report.Run) { r.Status, r.Error, r.Cause = status.Failed, outcome.Error, outcome.Cause })
		return err
	}
	var result struct {
		run.Result
		ExecutionID string `json:"executionId"` // of a run.Duplicate
	}
	if err := json.Unmarshal(outcome.Output, &result); err != nil {
		return fmt.Errorf("the execution's output: %w", err)
	}
	if result.ExecutionID != "" {
		return nil // the run belongs to another execution, which the output names
	}
	repeated := planned != nil && planned.Committed
	if repeated {
		_, _ = io.WriteString(e.stderr, committedBefore(planned, result.Result, e.scheduled))
	}
	verified, err := check(result.Result)
	add := func(r *report.Run) {
		r.Status, r.Result = status.Succeeded, &result.Result
		switch {
		case err != nil:
			r.Verified(false, "The objects were read and compared with the table, and that failed. The output of the run says why.")
		case verified != "":
			r.Verified(true, verified)
		}
	}
	if err != nil {
		e.report(ctx, planned, add)
		return err
	}
	text := e.services.summary(result.Result, took, repeated)
	if planned != nil {
		text += e.services.tryQuery(ctx, planned.Plan, result.Result)
	}
	if verified != "" {
		text = "verified: " + verified + "\n" + text
	}
	_, err = io.WriteString(e.stderr, text)
	e.report(ctx, planned, add)
	return err
}

// advise says how the run can continue.
func (e execution) advise(planned *run.PlanOutput, failed failure.Name) {
	if e.continuation != nil {
		_, _ = io.WriteString(e.stderr, e.continuation(e.services, planned, failed))
	}
}

// execute runs the state machine over the functions and shows the progress. It also returns what the function plan has returned last.
func (e execution) execute(ctx context.Context) (outcome statemachine.Outcome, planned *run.PlanOutput, took time.Duration, err error) {
	log := slog.New(slog.DiscardHandler)
	if e.options.verbose {
		log = slog.New(slog.NewTextHandler(e.stderr, nil))
	}
	id := executionID(e.name)
	running, err := e.services.executions.Begin(id)
	if err != nil {
		return outcome, nil, 0, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return outcome, nil, 0, fmt.Errorf("serve the functions: %w", err)
	}
	defer func() { _ = listener.Close() }() // the functions close it too
	functions, err := startFunctions(e.services, e.options.lambdaTimeout, listener, func(contract.Function) function.Options { return function.Options{Log: log} })
	if err != nil {
		return outcome, nil, 0, err
	}
	defer functions.close()

	start := time.Now()
	var segments, converted atomic.Int64
	stop := progress.Show(e.stderr, e.work(functions, segments.Load, start))
	defer func() { stop() }()
	outcome, err = statemachine.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, Input: e.request, InvokeURL: functions.url, StartTime: running.StartTime,
		ID: id, Name: e.name,
		StateMachineID: arnPrefix + "stateMachine:dynamodb-to-s3", StateMachineName: "dynamodb-to-s3",
		OnEvent: func(event statemachine.Event) {
			switch event.Kind {
			case statemachine.StateEntered:
				if event.State == contract.StateConvertSegments {
					stop()
					converted.Store(0)
					stop = progress.Show(e.stderr, e.secondPass(functions, converted.Load))
				}
			case statemachine.MapIterationSucceeded:
				switch event.State {
				case contract.StateScanSegments:
					segments.Add(1)
				case contract.StateConvertSegments:
					converted.Add(1)
				}
			case statemachine.StateRetried:
				_, _ = fmt.Fprintf(e.stderr, "retry %d of %s after %s: %s\n", event.Attempt, event.State, event.Error, strings.ReplaceAll(event.Cause, "\n", " "))
			}
		},
	})
	how := status.Failed
	switch {
	case err != nil:
		how = status.Aborted
	case outcome.Succeeded:
		how = status.Succeeded
	}
	return outcome, functions.planned.Load(), time.Since(start), errors.Join(err, running.End(how))
}

// work returns the progress to show: of a scan the items, of an export only the checks, because DynamoDB does not report the
// progress of an export.
func (e execution) work(f *functions, segments func() int64, start time.Time) progress.Work {
	if e.exporting {
		return progress.Work{
			Name: "exporting " + e.table, Unit: "check", Done: f.checks.Load,
			Detail: func() string { return time.Since(start).Round(time.Second).String() },
		}
	}
	return progress.Work{
		Name: "replicating " + e.table, Unit: "item", Done: f.progress.Scanned.Load, Total: f.items.Load, Estimated: true,
		Detail: func() string { return speed(f.progress.Bytes.Load(), start, segments(), f.segments.Load()) },
	}
}

// secondPass returns the progress of a pass over staged files. The first such pass of a native export only learns.
func (e execution) secondPass(f *functions, segments func() int64) progress.Work {
	staged, start := f.staged.Load(), time.Now()
	name := "converting " + e.table
	if staged.Plan.FirstPass() {
		name = "learning the types of " + e.table
	}
	return progress.Work{
		Name: name, Unit: "item",
		Done: func() int64 { return f.converting.Scanned.Load() - staged.itemsBefore },
		Total: func() int64 {
			if staged.Plan.Parquet.Staged == nil {
				return 0
			}
			return staged.Plan.Parquet.Staged.Records
		},
		Detail: func() string {
			return speed(f.converting.Bytes.Load()-staged.bytesBefore, start, segments(), int64(len(staged.Segments)))
		},
	}
}

// speed says how fast the segments are read, and how many of them are done.
func speed(bytes int64, since time.Time, done, segments int64) string {
	return fmt.Sprintf("%s at %s/s, %s of %s", progress.Bytes(bytes), progress.Bytes(int64(float64(bytes)/time.Since(since).Seconds())),
		progress.Count(done), progress.Plural(segments, "segment"))
}

// printOutcome prints the output of the execution as JSON, or its error and cause.
func printOutcome(stdout io.Writer, outcome statemachine.Outcome) error {
	var shown any = outcome.Output
	if !outcome.Succeeded {
		shown = map[string]string{"error": outcome.Error, "cause": outcome.Cause}
	}
	if err := printJSON(stdout, shown); err != nil {
		return err
	}
	if !outcome.Succeeded {
		return errExecutionFailed
	}
	return nil
}
