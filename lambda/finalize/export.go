package finalize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// exports commits the journal's pending exports. When there is nothing more to export, it commits the run.
func (c commit) exports(ctx context.Context, progress run.ExportProgress) (run.FinalizeOutput, error) {
	result, err := c.storedResult(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return run.FinalizeOutput{Result: result}, err
	}
	var j *ledger.Journal
	err = ledger.Settle(c.bucket, c.plan.Journal(), func() (err error) {
		if j, err = ledger.LoadJournal(ctx, c.bucket, c.plan); err != nil {
			return err
		}
		return c.commitPending(ctx, j)
	})
	switch {
	case err != nil:
		return run.FinalizeOutput{}, err
	case j.More(progress.Until):
		return run.FinalizeOutput{More: true}, nil
	}
	return c.writeResult(ctx, j, progress)
}

// commitPending checks the pending exports and enters them as committed. If none is pending, there is nothing to commit: another run
// of the chain was faster, or there was nothing to export.
func (c commit) commitPending(ctx context.Context, j *ledger.Journal) error {
	if len(j.Pending) == 0 {
		return nil
	}
	for _, p := range j.Pending {
		if p.Done == nil {
			// Another run of the chain has started the next exports. Those that this run followed are committed.
			return nil
		}
	}
	for _, p := range j.Pending {
		window, err := c.checkExport(ctx, p)
		if err != nil {
			return err
		}
		j.Committed = append(j.Committed, ledger.CommittedExport{RunID: c.plan.RunID, Execution: c.plan.Owner(), ExportedWindow: window})
		j.End = endOf(window)
	}
	j.Pending = []ledger.PendingExport{}
	return j.Save(ctx)
}

// endOf returns the moment before which everything is exported, once the window is.
func endOf(window run.ExportedWindow) *time.Time {
	if window.ExportType == request.ExportIncremental {
		return window.To
	}
	return window.ExportTime
}

// storedResult returns the result that the run has written before, or ErrNotFound.
func (c commit) storedResult(ctx context.Context) (run.Result, error) {
	body, err := c.bucket.Get(ctx, c.layout.Result())
	if err != nil {
		return run.Result{}, err
	}
	var result run.Result
	if err = json.Unmarshal(body, &result); err == nil {
		err = run.CheckVersion(result.Version)
	}
	if err == nil && result.RunID != c.plan.RunID {
		err = fmt.Errorf("it is the result of run %s", problem.Quote(result.RunID))
	}
	if err == nil && !result.StartTime.Equal(c.plan.StartTime) {
		err = fmt.Errorf("it is the result of a run that began at %s", result.StartTime.Format(time.RFC3339))
	}
	if err != nil {
		return run.Result{}, failure.Errorf(failure.ExportIncomplete, "%s is not this run's result: %w. Choose another name for the execution",
			c.bucket.URI(c.layout.Result()), err)
	}
	return result, nil
}

// writeResult writes the run's result, which has all that it committed, and returns it.
func (c commit) writeResult(ctx context.Context, j *ledger.Journal, progress run.ExportProgress) (run.FinalizeOutput, error) {
	result := run.Result{
		Version: run.Version, RunID: c.plan.RunID, Mode: request.ModeExport, Table: c.plan.Table, Bucket: c.plan.Bucket, Root: c.plan.Root,
		Exports: j.Of(c.plan.Owners()), StartTime: c.plan.StartTime, EndTime: time.Now().UTC().Truncate(time.Millisecond),
	}
	for _, window := range result.Exports {
		result.Items += window.Items
		result.Objects += window.Objects
		result.Bytes += window.Bytes
		result.BilledBytes += window.BilledBytes
	}
	result.Records = result.Items
	switch len(result.Exports) {
	case 0:
		result.Reason = reason(j, progress)
	case 1:
		result.Manifest = result.Exports[0].Manifest
	}
	created, err := c.bucket.Create(ctx, c.layout.Result(), run.Marshal(result))
	if err != nil {
		return run.FinalizeOutput{}, fmt.Errorf("commit: %w", err)
	}
	if !created { // this run wrote it before: an answer was lost, or two invocations finished at the same time
		result, err = c.storedResult(ctx)
	}
	return run.FinalizeOutput{Result: result}, err
}

// reason returns why a run has committed nothing.
func reason(j *ledger.Journal, progress run.ExportProgress) string {
	if progress.Reason != "" || len(j.Committed) == 0 {
		return progress.Reason
	}
	last := j.Committed[len(j.Committed)-1]
	return fmt.Sprintf("nothing is left to export: run %q of the same chain was at work at the same time and committed everything up to %s",
		last.RunID, endOf(last.ExportedWindow).Format(time.RFC3339Nano))
}
