package finalize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/ledger"
)

// exports commits what the journal has pending and, when there is no more to export, the run.
func (r run) exports(ctx context.Context, progress job.ExportProgress) (job.FinalizeOutput, error) {
	result, err := r.told(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return job.FinalizeOutput{Result: result}, err
	}
	var j *ledger.Journal
	err = ledger.Settle(r.bucket, r.plan.Journal, func() (err error) {
		if j, err = ledger.LoadJournal(ctx, r.bucket, r.plan.Journal); err != nil {
			return err
		}
		return r.commitPending(ctx, j)
	})
	switch {
	case err != nil:
		return job.FinalizeOutput{}, err
	case progress.More(j.Journal):
		return job.FinalizeOutput{More: true}, nil
	}
	return r.tell(ctx, j.Journal, progress)
}

// commitPending checks the pending exports and enters them as committed. Where none is pending, none is left to commit: another
// run of the chain has been faster, or there was nothing to export.
func (r run) commitPending(ctx context.Context, j *ledger.Journal) error {
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
		j.Committed = append(j.Committed, job.CommittedExport{RunID: r.plan.RunID, Execution: r.plan.ExecutionID, ExportedWindow: window})
		j.End = endOf(window)
	}
	j.Pending = []job.PendingExport{}
	return j.Save(ctx)
}

// endOf is the moment before which everything is exported once the window is.
func endOf(window job.ExportedWindow) *time.Time {
	if window.ExportType == job.ExportIncremental {
		return window.To
	}
	return window.ExportTime
}

// told returns the result of a run that has told it before, ErrNotFound of one that has not.
func (r run) told(ctx context.Context) (job.Result, error) {
	body, err := r.bucket.Get(ctx, r.layout.Result())
	if err != nil {
		return job.Result{}, err
	}
	var result job.Result
	if err := json.Unmarshal(body, &result); err != nil || result.RunID != r.plan.RunID {
		return job.Result{}, job.Errorf(job.ExportIncomplete, "%s is no result of ours (%v): choose another name for the execution",
			r.bucket.URI(r.layout.Result()), err)
	}
	return result, nil
}

// tell writes the run's result, of all that it has committed, and returns it.
func (r run) tell(ctx context.Context, j job.Journal, progress job.ExportProgress) (job.FinalizeOutput, error) {
	result := job.Result{
		RunID: r.plan.RunID, Mode: job.ModeExport, Table: r.plan.Table, Bucket: r.plan.Bucket, Root: r.plan.Root,
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
		return job.FinalizeOutput{}, fmt.Errorf("internal error: a result does not marshal: %w", err)
	}
	created, err := r.bucket.Create(ctx, r.layout.Result(), body)
	if err != nil {
		return job.FinalizeOutput{}, fmt.Errorf("commit: %w", err)
	}
	if !created { // by this same run: an answer was lost, or two of us finished at once
		result, err = r.told(ctx)
	}
	return job.FinalizeOutput{Result: result}, err
}

// reason says why a run has committed nothing.
func reason(j job.Journal, progress job.ExportProgress) string {
	if progress.Reason != "" || len(j.Committed) == 0 {
		return progress.Reason
	}
	last := j.Committed[len(j.Committed)-1]
	return fmt.Sprintf("nothing is left to export: run %q of the same table and prefix was under way, and has committed what this one would have, up to %s",
		last.RunID, endOf(last.ExportedWindow).Format(time.RFC3339))
}
