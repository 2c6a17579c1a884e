package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// errExecutionFailed says that the execution ended in a failure, which was printed as its output.
var errExecutionFailed = errors.New("the execution failed")

// arnPrefix is what a local execution's id begins with, in place of a real region and account.
const arnPrefix = "arn:aws:states:local:000000000000:"

// execution is one of the state machine over the services.
type execution struct {
	*services
	settings
	request   json.RawMessage
	name      string
	exporting bool // the request is for a native export
	verbose   bool
}

// run runs the execution and prints its output, or how it failed. What has succeeded is checked, and then summarized.
func (e execution) run(ctx context.Context, stdout io.Writer, stderr *os.File, check func(run.Result) error) error {
	outcome, took, err := e.execute(ctx, stderr)
	if err != nil {
		return err
	}
	if err := report(stdout, outcome); err != nil {
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
		return nil // the run is another execution's; the output says whose
	}
	if err := check(result.Result); err != nil {
		return err
	}
	e.summarize(stderr, result.Result, took)
	return nil
}

// execute runs the state machine over the functions and shows how far it is.
func (e execution) execute(ctx context.Context, stderr *os.File) (statemachine.Outcome, time.Duration, error) {
	log := slog.New(slog.DiscardHandler)
	if e.verbose {
		log = slog.New(slog.NewTextHandler(stderr, nil))
	}
	id := arnPrefix + "execution:dynamodb-to-s3:" + e.name
	running, err := e.executions.Begin(id)
	if err != nil {
		return statemachine.Outcome{}, 0, err
	}
	functions, err := startFunctions(ctx, e.services, e.settings, "127.0.0.1:0", log)
	if err != nil {
		return statemachine.Outcome{}, 0, err
	}
	defer functions.close()

	start := time.Now()
	var done atomic.Int64
	work := scanning(functions, done.Load, start)
	if e.exporting {
		work = waiting(functions, start)
	}
	stop := progress.Show(stderr, work)
	defer stop()
	outcome, err := statemachine.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, Input: e.request, InvokeURL: functions.url, StartTime: start,
		ID: id, Name: e.name,
		StateMachineID: arnPrefix + "stateMachine:dynamodb-to-s3", StateMachineName: "dynamodb-to-s3",
		OnEvent: func(event statemachine.Event) {
			switch event.Kind {
			case statemachine.MapIterationSucceeded:
				done.Add(1)
			case statemachine.StateRetried:
				_, _ = fmt.Fprintf(stderr, "retry %d of %s after %s: %s\n", event.Attempt, event.State, event.Error, functions.lastFailure(event.State))
			}
		},
	})
	return outcome, time.Since(start), errors.Join(err, running.End(statusOf(outcome, err)))
}

// statusOf is how an execution ended, in Step Functions' words.
func statusOf(outcome statemachine.Outcome, err error) run.ExecutionStatus {
	switch {
	case err != nil:
		return run.ExecutionAborted
	case outcome.Succeeded:
		return run.ExecutionSucceeded
	default:
		return run.ExecutionFailed
	}
}

// scanning is the work of a scan: its segments, and what is read of them.
func scanning(f *functions, done func() int64, start time.Time) progress.Work {
	return progress.Work{
		Name: "replicating: segments", Total: f.segments.Load, Done: done,
		Detail: func() string {
			seconds := time.Since(start).Seconds()
			return fmt.Sprintf("(%s items, %s read, %.1f MB/s)", progress.Count(f.progress.Items()),
				progress.Megabytes(f.progress.Bytes()), float64(f.progress.Bytes())/1e6/seconds)
		},
	}
}

// waiting is the work while DynamoDB exports by itself: it does not tell how far it is.
func waiting(f *functions, start time.Time) progress.Work {
	return progress.Work{
		Name: "exporting: checks", Done: f.checks.Load,
		Detail: func() string { return fmt.Sprintf("(%s)", time.Since(start).Round(time.Second)) },
	}
}

// report prints how the execution ended, as JSON.
func report(stdout io.Writer, outcome statemachine.Outcome) error {
	var shown any = outcome.Output
	if !outcome.Succeeded {
		shown = map[string]string{"error": outcome.Error, "cause": outcome.Cause}
	}
	lines := json.NewEncoder(stdout)
	lines.SetEscapeHTML(false)
	lines.SetIndent("", "  ")
	if err := lines.Encode(shown); err != nil {
		return fmt.Errorf("print the output: %w", err)
	}
	if !outcome.Succeeded {
		return errExecutionFailed
	}
	return nil
}

// createBucket creates the request's bucket in the embedded S3, where nobody else can have.
func createBucket(ctx context.Context, v *services, name string) error {
	_, err := awsclient.S3(v.destination).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	if _, exists := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !exists {
		return fmt.Errorf("create the bucket %s: %w", name, err)
	}
	return nil
}
