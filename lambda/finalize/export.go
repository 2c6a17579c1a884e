package finalize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	if err := ledger.CheckClaim(ctx, c.bucket, c.plan); err != nil {
		return run.FinalizeOutput{}, err
	}
	var j *ledger.Journal
	var again bool
	err = ledger.Settle(c.bucket.URI(c.plan.Journal()), func() (err error) {
		if j, err = ledger.LoadJournal(ctx, c.bucket, c.plan); err != nil {
			return err
		}
		again, err = c.commitPending(ctx, j)
		return err
	})
	switch {
	case err != nil:
		return run.FinalizeOutput{}, err
	case again, j.More(progress.Until):
		return run.FinalizeOutput{More: true}, nil
	}
	return c.writeResult(ctx, j, progress)
}

// commitPending checks the pending exports and enters them as committed. If none is pending, there is nothing to commit: another run
// of the chain was faster, or there was nothing to export. again means that nothing was committed, because some of the exports must be made
// again.
func (c commit) commitPending(ctx context.Context, j *ledger.Journal) (again bool, err error) {
	if len(j.Pending) == 0 {
		return false, nil
	}
	for _, p := range j.Pending {
		if p.Done == nil {
			// Another run of the chain has started the next exports. Those that this run followed are committed.
			return false, nil
		}
	}
	var whole []ledger.CommittedExport
	for i := range j.Pending {
		p := &j.Pending[i]
		window, err := c.checkExport(ctx, *p)
		switch {
		case failure.NameOf(err) == failure.ExportIncomplete && c.mayExportAgain(*p):
			c.log.WarnContext(ctx, "an export is not whole and is made again", "arn", p.ExportARN, "error", err)
			p.Incomplete = fmt.Sprintf("export %s (%d bytes billed) was not whole: %v", p.ExportARN, p.Done.BilledBytes, err)
			p.Again()
			again = true
		case failure.NameOf(err) == failure.ExportIncomplete:
			return false, c.incomplete(*p, err)
		case err != nil:
			return false, err
		}
		whole = append(whole, ledger.CommittedExport{RunID: c.plan.RunID, Execution: c.plan.Owner(), ExportedWindow: window})
	}
	if again {
		return true, j.Save(ctx)
	}
	j.Committed, j.End = append(j.Committed, whole...), whole[len(whole)-1].Covered()
	j.Pending = []ledger.PendingExport{}
	return false, j.Save(ctx)
}

// mayExportAgain reports whether the run may replace an export that is not whole. It may if an earlier run of the chain made the export: that
// run has failed, so people had the time to restore the objects. It may once: if something removes objects again and again, a chain must not
// pay at each run.
func (c commit) mayExportAgain(p ledger.PendingExport) bool {
	return c.plan.Export.Chain != nil && p.Incomplete == "" && !slices.Contains(c.plan.Owners(), p.Execution)
}

// incomplete returns the error of an export that is not whole, with what to do.
func (c commit) incomplete(p ledger.PendingExport, cause error) error {
	todo := "start a new execution under another name"
	switch {
	case c.plan.Export.Chain == nil:
	case p.Incomplete == "":
		todo = "restore them and redrive this execution. Otherwise the next run of the chain makes the export again, once, and DynamoDB bills for it again"
	default:
		todo = fmt.Sprintf("find that program, because an earlier attempt was not whole either (%s). Then restore the objects, or remove %s to begin again with a full export",
			p.Incomplete, c.bucket.URI(c.plan.Journal()))
	}
	return fmt.Errorf("nothing was committed, because export %s is not whole: %w. Another program may have changed objects there: %s", p.ExportARN, cause, todo)
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
	if err == nil {
		want := c.resultOf(result.Exports, result.Reason, result.EndTime)
		want.Dollars = result.Dollars // the prices may have changed since
		if fault := run.Difference(result, want); fault != "" {
			err = errors.New(fault)
		}
	}
	if err != nil {
		return run.Result{}, failure.Errorf(failure.RunNameTaken, "%s is not this run's result: %w. Choose another name for the execution",
			c.bucket.URI(c.layout.Result()), err)
	}
	return result, nil
}

// resultOf returns the result of a run that committed these exports. If there are no exports, reason says why.
func (c commit) resultOf(exports []run.ExportedWindow, reason string, end time.Time) run.Result {
	result := run.Result{
		Version: run.Version, RunID: c.plan.RunID, Mode: request.ModeExport, Table: c.plan.Table, Bucket: c.plan.Bucket, Root: c.plan.Root,
		Exports: exports, Reason: reason, Estimate: c.plan.Estimate, StartTime: c.plan.StartTime, EndTime: end,
	}
	for _, window := range result.Exports {
		result.Items += window.Items
		result.Objects += window.Objects
		result.Bytes += window.Bytes
		result.BilledBytes += window.BilledBytes
	}
	result.Records = result.Items
	if len(exports) == 1 {
		result.Manifest = exports[0].Manifest
	}
	result.Dollars = c.model.Dollars(c.plan, result)
	return result
}

// writeResult writes the run's result, which has all that it committed, and returns it.
func (c commit) writeResult(ctx context.Context, j *ledger.Journal, progress run.ExportProgress) (run.FinalizeOutput, error) {
	exports, why := j.Of(c.plan.Owners()), ""
	if len(exports) == 0 {
		why = reason(j, progress)
	}
	result := c.resultOf(exports, why, c.now().UTC().Truncate(time.Millisecond))
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
		last.RunID, last.Covered().Format(time.RFC3339Nano))
}
