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
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// exports commits what the journal has pending and, when there is no more to export, the run.
func (r ending) exports(ctx context.Context, progress run.ExportProgress) (run.FinalizeOutput, error) {
	result, err := r.told(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return run.FinalizeOutput{Result: result}, err
	}
	var j *ledger.Journal
	err = ledger.Settle(r.bucket, r.plan.Export.Journal, func() (err error) {
		if j, err = ledger.LoadJournal(ctx, r.bucket, r.plan.Export.Journal); err != nil {
			return err
		}
		return r.commitPending(ctx, j)
	})
	switch {
	case err != nil:
		return run.FinalizeOutput{}, err
	case j.More(progress.Until):
		return run.FinalizeOutput{More: true}, nil
	}
	return r.tell(ctx, j, progress)
}

// commitPending checks the pending exports and enters them as committed. Where none is pending, none is left to commit: another
// run of the chain has been faster, or there was nothing to export.
func (r ending) commitPending(ctx context.Context, j *ledger.Journal) error {
	if len(j.Pending) == 0 {
		return nil
	}
	for _, p := range j.Pending {
		if p.Done == nil {
			// Another run of the chain has gone on. What this one followed is committed, or it would still be pending.
			return nil
		}
	}
	for _, p := range j.Pending {
		window, err := r.checkExport(ctx, p)
		if err != nil {
			return err
		}
		j.Committed = append(j.Committed, ledger.CommittedExport{RunID: r.plan.RunID, Execution: r.plan.ExecutionID, ExportedWindow: window})
		j.End = endOf(window)
	}
	j.Pending = []ledger.PendingExport{}
	return j.Save(ctx)
}

// endOf is the moment before which everything is exported once the window is.
func endOf(window run.ExportedWindow) *time.Time {
	if window.ExportType == request.ExportIncremental {
		return window.To
	}
	return window.ExportTime
}

// told returns the result of a run that has told it before, ErrNotFound of one that has not.
func (r ending) told(ctx context.Context) (run.Result, error) {
	body, err := r.bucket.Get(ctx, r.layout.Result())
	if err != nil {
		return run.Result{}, err
	}
	var result run.Result
	if err = json.Unmarshal(body, &result); err == nil {
		err = run.CheckVersion(result.Version)
	}
	if err == nil && result.RunID != r.plan.RunID {
		err = fmt.Errorf("it is the result of run %s", failure.Quote(result.RunID))
	}
	if err != nil {
		return run.Result{}, failure.Errorf(failure.ExportIncomplete, "%s is not this run's result: %w. Choose another name for the execution",
			r.bucket.URI(r.layout.Result()), err)
	}
	return result, nil
}

// tell writes the run's result, of all that it has committed, and returns it.
func (r ending) tell(ctx context.Context, j *ledger.Journal, progress run.ExportProgress) (run.FinalizeOutput, error) {
	result := run.Result{
		Version: run.Version, RunID: r.plan.RunID, Mode: request.ModeExport, Table: r.plan.Table, Bucket: r.plan.Bucket, Root: r.plan.Root,
		Exports: j.Of(r.plan.Executions()), StartTime: r.plan.StartTime, EndTime: time.Now().UTC().Truncate(time.Millisecond),
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
	body, err := json.Marshal(result)
	if err != nil {
		return run.FinalizeOutput{}, fmt.Errorf("internal error: a result does not marshal: %w", err)
	}
	created, err := r.bucket.Create(ctx, r.layout.Result(), body)
	if err != nil {
		return run.FinalizeOutput{}, fmt.Errorf("commit: %w", err)
	}
	if !created { // by this same run: an answer was lost, or two of us finished at once
		result, err = r.told(ctx)
	}
	return run.FinalizeOutput{Result: result}, err
}

// reason says why a run has committed nothing.
func reason(j *ledger.Journal, progress run.ExportProgress) string {
	if progress.Reason != "" || len(j.Committed) == 0 {
		return progress.Reason
	}
	last := j.Committed[len(j.Committed)-1]
	return fmt.Sprintf("nothing is left to export: run %q of the same table and prefix was under way, and has committed what this one would have, up to %s",
		last.RunID, endOf(last.ExportedWindow).Format(time.RFC3339))
}
