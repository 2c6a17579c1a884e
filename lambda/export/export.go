// Package export is the step StartExport: it makes DynamoDB's native exports. It decides which exports a run needs, starts each once,
// and reports which are still in progress. It never waits: the state machine waits and calls the step again.
//
// Every decision is in a journal before an export starts. So a retry, a redrive, or another run of the same chain continues with the
// same exports and pays for none of them twice.
//
// It may import failure, quota, request, run, bucket, ledger and table.
package export

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step makes exports. DynamoDB makes and writes them with the functions' own role: a request for an export names no roles.
type Step struct {
	DynamoDB *dynamodb.Client
	S3       *s3.Client
	// Account is the AWS account of the functions, "" if it is not known.
	Account string
	Log     *slog.Logger
}

// Run takes the exports of a run as far as they go without waiting, and returns which are in progress.
//
// If an export cannot start, Run fails with the name of the cause in package failure. If an export FAILED and another try would not
// help, Run fails with the export's failure code. It fails with ExportTimedOut after as many checks as the request allows.
func (s *Step) Run(ctx context.Context, in run.ExportInput) (run.ExportProgress, error) {
	if err := in.Plan.Check(request.ModeExport); err != nil {
		return run.ExportProgress{}, err
	}
	destination, key := bucket.New(s.S3, in.Plan), in.Plan.Journal()
	if err := ledger.CheckClaim(ctx, destination, in.Plan); err != nil {
		return run.ExportProgress{}, err
	}
	log := s.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table)
	var progress run.ExportProgress
	err := ledger.Settle(destination.URI(key), func() error {
		journal, err := ledger.LoadJournal(ctx, destination, in.Plan)
		if err != nil {
			return err
		}
		p := pass{Step: s, in: in, plan: in.Plan, export: in.Plan.Export.Request, bucket: destination, log: log, journal: journal}
		progress, err = p.run(ctx)
		return err
	})
	return progress, err
}

// errReadAgain says that this pass has written the journal and that the next step follows from what it wrote.
var errReadAgain = fmt.Errorf("read the journal again: %w", bucket.ErrChanged)

// pass is the work between one reading of the journal and the next.
type pass struct {
	*Step
	in       run.ExportInput
	plan     run.Plan
	export   request.Export
	bucket   *bucket.Bucket
	log      *slog.Logger
	journal  *ledger.Journal
	recovery recovery // zero if it is not known, and not needed
}

// run does what is next according to the journal.
func (p *pass) run(ctx context.Context) (_ run.ExportProgress, err error) {
	if p.committed() {
		return p.done(""), nil
	}
	if !p.started() || !p.same() { // exports that have started are of the plan's table, and end well even if it is replaced
		if err := table.Confirm(ctx, p.DynamoDB, p.plan); err != nil {
			return run.ExportProgress{}, err
		}
	}
	if p.recovery, err = p.describeRecovery(ctx); err == nil {
		if idle, err := p.decide(ctx); idle != "" || err != nil {
			return p.done(idle), err
		}
	} else if !p.started() || !p.same() { // exports that have started end well even if the table's recovery is gone
		return run.ExportProgress{}, err
	}
	var unstarted, open []*ledger.PendingExport
	for i := range p.journal.Pending {
		e := &p.journal.Pending[i]
		switch {
		case e.ExportARN == "":
			unstarted = append(unstarted, e)
		case e.Done == nil:
			if err := p.check(ctx, e); err != nil {
				return run.ExportProgress{}, err
			}
		}
		if e.Done == nil {
			open = append(open, e)
		}
	}
	if err := p.start(ctx, unstarted); err != nil {
		return run.ExportProgress{}, err
	}
	if len(open) == 0 {
		return p.done(""), nil
	}
	return p.follow(open)
}

// committed reports whether this run has committed everything that it exports. A chain may have more windows.
func (p *pass) committed() bool {
	return len(p.journal.Of(p.plan.Owners())) > 0 && !p.journal.More(p.in.Export.Until)
}

// check looks how an export is doing that has started.
func (p *pass) check(ctx context.Context, e *ledger.PendingExport) error {
	answer, err := p.DynamoDB.DescribeExport(ctx, &dynamodb.DescribeExportInput{ExportArn: &e.ExportARN})
	if err != nil {
		return p.named(err, "dynamodb:DescribeExport")
	}
	d, err := p.described(answer.ExportDescription)
	if err != nil {
		return err
	}
	switch d.ExportStatus {
	case types.ExportStatusCompleted:
		if e.Done, err = completed(*d); err != nil {
			return err
		}
		return p.journal.Save(ctx)
	case types.ExportStatusFailed:
		if err := p.mayTryAgain(e, *d); err != nil {
			return err
		}
		e.Again()
		if err := p.journal.Save(ctx); err != nil {
			return err
		}
		return errReadAgain
	default:
		return nil
	}
}

// maxFailedChecks is how many checks of one export may fail in the state machine, and as many again after each redrive. Each has been tried
// several times. After each, the state machine begins another round, so the number also bounds its history.
const maxFailedChecks = 10

// follow tells the state machine which exports to wait for. One child of its Map makes ChecksPerRound checks at most. Each export may
// have as many checks as the request allows, and as many again after each redrive.
func (p *pass) follow(open []*ledger.PendingExport) (run.ExportProgress, error) {
	seen := map[string]run.FollowedExport{}
	for _, each := range p.in.Export.Exports {
		seen[each.ExportARN] = each
	}
	most := *p.export.MaxAttempts * int64(1+p.in.Redrives)
	progress := p.done("")
	progress.InProgress = true
	for _, e := range open {
		before := seen[e.ExportARN]
		if err := p.checkable(before); err != nil {
			return run.ExportProgress{}, err
		}
		n := before.Checks
		if n >= most {
			return run.ExportProgress{}, failure.Errorf(failure.ExportTimedOut,
				"export %s is still in progress after %d checks, %d s apart; DynamoDB continues it. To wait longer, redrive this execution: it starts no second export and pays for none. To wait longer each time, raise export.maxAttempts. To look at the export: aws dynamodb describe-export --export-arn %s",
				e.ExportARN, n, *p.export.CheckInterval, e.ExportARN)
		}
		progress.Exports = append(progress.Exports, run.FollowedExport{
			ExportARN: e.ExportARN, Checks: n, Until: min(n+quota.ChecksPerRound, most),
			IntervalSeconds: *p.export.CheckInterval, ExportStatus: string(types.ExportStatusInProgress), FailedChecks: before.FailedChecks,
		})
	}
	return progress, nil
}

// checkable fails if the state machine cannot check an export, although this function can. Its integration with DynamoDB gives the errors
// the names of the SDK for Java, and one name, DynamoDbException, to all that DescribeExport does not list: throttling and missing rights.
func (p *pass) checkable(seen run.FollowedExport) error {
	switch {
	case seen.Failure == "":
		return nil
	case strings.Contains(seen.Failure, "not authorized") && seen.FailedChecks > maxFailedChecks*p.in.Redrives: // a redrive gets the old failure again
		return failure.Errorf(failure.AccessDenied, "Step Functions may not check export %s: allow dynamodb:DescribeExport to the role of the state machine, and redrive this execution (%s)",
			seen.ExportARN, seen.Failure)
	case seen.FailedChecks < maxFailedChecks*(1+p.in.Redrives):
		p.log.Warn("a check failed in the state machine", "arn", seen.ExportARN, "failedChecks", seen.FailedChecks, "failure", seen.Failure)
		return nil
	}
	name := failure.Internal
	for _, throttle := range []string{"Throttling", "LimitExceeded", "ThroughputExceeded", "DynamoDbException"} {
		if strings.Contains(seen.Failure, throttle) {
			name = failure.Throttled
		}
	}
	return failure.Errorf(name, "Step Functions could not check export %s %d times, although the function export could; DynamoDB continues it. Redrive this execution, and start fewer at the same time (%s)",
		seen.ExportARN, seen.FailedChecks, seen.Failure)
}

// done returns the progress of a run that can be finalized.
func (p *pass) done(reason string) run.ExportProgress {
	progress := run.ExportProgress{Exports: []run.FollowedExport{}, Reason: reason, Until: p.in.Export.Until}
	if progress.Until == nil && p.export.InChain() && !p.recovery.latest.IsZero() {
		if until, err := p.chainEnd(); err == nil {
			progress.Until = &until
		}
	}
	return progress
}
