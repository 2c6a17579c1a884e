// Package exporter makes DynamoDB's native exports: it decides which are to be made, starts each once, and tells of each whether
// it is done. It never waits; the state machine does, and calls again.
//
// What is decided stands in a journal before anything is started, so that whoever comes next, a retry, a redrive or another
// run of the same chain, goes on with the same exports and pays for none of them twice.
//
// It may import job, table, bucket and journal.
package export

import (
	"context"
	"fmt"
	"log/slog"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step makes exports. They are made, and written, with the functions' own rights: a request for one names no roles.
type Step struct {
	DynamoDB *dynamodb.Client
	S3       *s3.Client
	// Account is the AWS account that the functions run in, "" where it is not known.
	Account string
	Log     *slog.Logger
}

// Run brings the exports of a run as far as they go without waiting, and tells which are in progress.
//
// It fails by the name of what keeps an export from being started (see job's errors), by the code of an export that has FAILED
// and that another try would not mend, and with ExportTimedOut where the checks that the request allows are used up.
func (s *Step) Run(ctx context.Context, in run.ExportInput) (run.ExportProgress, error) {
	if err := in.Plan.Check(request.ModeExport); err != nil {
		return run.ExportProgress{}, err
	}
	r := round{
		Step: s, in: in, plan: in.Plan, export: in.Plan.Export.Request, bucket: bucket.New(s.S3, in.Plan),
		log: s.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table),
	}
	var progress run.ExportProgress
	err := ledger.Settle(r.bucket, r.plan.Export.Journal, func() (err error) {
		progress, err = r.look(ctx)
		return err
	})
	return progress, err
}

// errLookAgain says that the journal has been written, by this run, so that there is something else to be decided now.
var errLookAgain = fmt.Errorf("look again: %w", bucket.ErrChanged)

type round struct {
	*Step
	in     run.ExportInput
	plan   run.Plan
	export request.Export
	bucket *bucket.Bucket
	log    *slog.Logger

	// Of one look:
	journal  *ledger.Journal
	recovery recovery
	known    []types.ExportDescription // exports of the table that may be those that are to be started; nil if not asked for
	writable bool
}

// look reads the journal and does what it says is to be done next.
func (r *round) look(ctx context.Context) (_ run.ExportProgress, err error) {
	r.known, r.writable = nil, false
	if r.journal, err = ledger.LoadJournal(ctx, r.bucket, r.plan.Export.Journal); err != nil {
		return run.ExportProgress{}, err
	}
	if r.committed() {
		return r.done(""), nil
	}
	idle, err := r.decide(ctx)
	if idle != "" || err != nil {
		return r.done(idle), err
	}
	var open []*ledger.PendingExport
	for i := range r.journal.Pending {
		p := &r.journal.Pending[i]
		if p.Done != nil {
			continue
		}
		if err := r.advance(ctx, p); err != nil {
			return run.ExportProgress{}, err
		}
		if p.Done == nil {
			open = append(open, p)
		}
	}
	if len(open) == 0 {
		return r.done(""), nil
	}
	return r.follow(open)
}

// committed tells whether this very run has committed all that it is to export. A chain may have more to do.
func (r *round) committed() bool {
	if len(r.journal.Of(r.plan.Executions())) == 0 {
		return false
	}
	return !r.journal.More(r.in.Export.Until)
}

// advance starts an export that is not started, and looks after one that is.
func (r *round) advance(ctx context.Context, p *ledger.PendingExport) error {
	if p.ExportARN == "" {
		return r.start(ctx, p)
	}
	answer, err := r.DynamoDB.DescribeExport(ctx, &dynamodb.DescribeExportInput{ExportArn: &p.ExportARN})
	if err != nil {
		return r.named(err, "dynamodb:DescribeExport")
	}
	d, err := described(answer.ExportDescription)
	if err != nil {
		return err
	}
	switch d.ExportStatus {
	case types.ExportStatusCompleted:
		if err := whole(*d); err != nil {
			return err
		}
		p.Done = completed(*d)
		return r.journal.Save(ctx)
	case types.ExportStatusFailed:
		if err := r.mayTryAgain(p, *d); err != nil {
			return err
		}
		p.ExportARN, p.Followed = "", false
		p.Attempt++
		if err := r.journal.Save(ctx); err != nil {
			return err
		}
		return errLookAgain
	default:
		return nil
	}
}

// follow tells the state machine which exports to wait for. A child of its Map makes so many checks at most, and each export
// has as many as the request allows, again for every redrive.
func (r *round) follow(open []*ledger.PendingExport) (run.ExportProgress, error) {
	checks := map[string]int64{}
	for _, seen := range r.in.Export.Exports {
		checks[seen.ExportARN] = seen.Checks
	}
	most := *r.export.MaxAttempts * int64(1+r.in.Redrives)
	progress := r.done("")
	progress.InProgress = true
	for _, p := range open {
		n := checks[p.ExportARN]
		if n >= most {
			return run.ExportProgress{}, failure.Errorf(failure.ExportTimedOut,
				"export %s is still in progress after %d checks, %d s apart, and goes on by itself. To go on following it, redrive this execution: it starts, and costs, no second export. To wait longer, raise export.maxAttempts. To look at it: aws dynamodb describe-export --export-arn %s",
				p.ExportARN, n, *r.export.CheckInterval, p.ExportARN)
		}
		progress.Exports = append(progress.Exports, run.FollowedExport{
			ExportARN: p.ExportARN, Checks: n, Until: min(n+contract.ChecksPerRound, most),
			IntervalSeconds: *r.export.CheckInterval, ExportStatus: string(types.ExportStatusInProgress),
		})
	}
	return progress, nil
}

// done is the progress of a run that can be finalized.
func (r *round) done(reason string) run.ExportProgress {
	progress := run.ExportProgress{Exports: []run.FollowedExport{}, Reason: reason, Until: r.in.Export.Until}
	if progress.Until == nil && r.export.InChain() && !r.recovery.latest.IsZero() {
		if until, err := r.chainEnd(); err == nil {
			progress.Until = &until
		}
	}
	return progress
}
