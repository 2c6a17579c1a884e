// Package abandoned removes what a run has left that will never be committed: open uploads, and the objects in the folder of the run that are the
// run's own. It removes nothing of a committed run, and nothing that another program has put there.
//
// The removal has two steps, as in lambda/prune. First it marks the claim of the run, so that no execution continues the run. It then looks again
// whether an execution of the run is at work, as a takeover does in lambda/plan. Only then does it remove anything, and the claim last.
//
// Start with Find. The package may import bucket, execution, failure, ledger and run of lambda/.
package abandoned

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Executions looks up executions by their ARNs.
type Executions interface {
	Describe(ctx context.Context, arn string) (execution.State, error)
}

// Services are what a removal asks.
type Services struct {
	S3         *s3.Client
	DynamoDB   *dynamodb.Client // only for a run of native exports
	Executions Executions
	Now        func() time.Time // nil for the system's clock
}

// Run is a run that nobody continues.
type Run struct {
	Left
	RunID       string `json:"runId"`
	Table       string `json:"table"`
	Folder      string `json:"folder"` // the S3 URI
	ExecutionID string `json:"executionArn"`
	// Status is the status of the execution that owns the run. UNKNOWN means that Step Functions does not know the execution.
	Status execution.Status `json:"status"`

	services Services
	bucket   *bucket.Bucket
	claim    ledger.Claim
	plan     run.Plan
	unknown  bool // Step Functions does not know an execution of the run
}

// Find returns the run in the folder with this key, which has no slash at its end, and what it has left. It fails if the run is committed, if an
// execution of the run or a function may be at work, or if the folder has no claim that these functions have written.
func Find(ctx context.Context, services Services, bucketName, root string) (*Run, error) {
	if services.Now == nil {
		services.Now = time.Now
	}
	r := &Run{services: services, bucket: bucket.New(services.S3, run.Plan{Bucket: bucketName})}
	r.Folder = r.bucket.URI(root)
	var err error
	r.claim, err = ledger.LoadAnyClaim(ctx, r.bucket, run.Layout{Root: root})
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return nil, fmt.Errorf("there is no run at %s: the object _started, the claim of a run, is not there. Check the name of the bucket and of the folder. If a program has removed only the claim, remove the folder with aws s3 rm --recursive, and abort its uploads",
			r.Folder)
	case err != nil:
		return nil, err
	}
	r.plan = r.claim.Output.Plan
	if r.plan.Root != root || path.Base(root) != r.plan.RunID || r.plan.Bucket != bucketName || (r.plan.Scan == nil) == (r.plan.Export == nil) ||
		r.plan.Scan != nil && (r.plan.Scan.TotalSegments < 1 || r.plan.Scan.TotalSegments > mostSegments) {
		return nil, fmt.Errorf("the claim at %s is not of a run in this folder: it may be a copy. Nothing is removed", r.bucket.URI(run.Layout{Root: root}.Claim()))
	}
	r.bucket = bucket.New(services.S3, r.plan)
	r.RunID, r.Table, r.ExecutionID = r.plan.RunID, r.plan.Table, r.plan.ExecutionID
	if removal := r.claim.Removal; removal != nil && !removal.Abandoned {
		return nil, fmt.Errorf("the run %s was committed, and the retention removes it since %s: the next run of the table finishes this", r.RunID, removal.Since.Format(time.RFC3339))
	}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	return r, r.checkQuiet()
}

// mostSegments is how many segments DynamoDB allows.
const mostSegments = 1_000_000

// check fails unless nobody can commit the run, and nobody works on it.
func (r *Run) check(ctx context.Context) error {
	_, err := r.bucket.Get(ctx, r.plan.Commit())
	switch {
	case err == nil:
		return fmt.Errorf("the run %s is committed: %s is its commit. clean never removes a committed run: for that, use the retention (docs/retention.md)", r.RunID, r.bucket.URI(r.plan.Commit()))
	case !errors.Is(err, bucket.ErrNotFound):
		return fmt.Errorf("look whether the run is committed: %w", err)
	}
	if err := r.checkExports(ctx); err != nil {
		return err
	}
	r.unknown = false
	for i, arn := range append(r.plan.TakenOver, r.ExecutionID) {
		state, err := r.services.Executions.Describe(ctx, arn)
		if err != nil {
			return err
		}
		own := i == len(r.plan.TakenOver)
		if own && !state.Began(r.claim.StartTime) { // a later execution has the name, so Step Functions has forgotten this one
			state = execution.State{Status: execution.Unknown}
		}
		if own {
			r.Status = state.Status
		}
		r.unknown = r.unknown || state.Status == execution.Unknown
		switch {
		case own && state.Status == execution.Succeeded:
			return fmt.Errorf("the execution %s has succeeded, so the run was committed, and another program has removed its commit %s: remove the rest by hand, if nobody needs it",
				arn, r.bucket.URI(r.plan.Commit()))
		case !state.Busy(r.services.Now()):
		case state.Quiet.IsZero():
			return fmt.Errorf("the execution %s is %s: stop it first, or wait for its end", arn, state.Status)
		default:
			return fmt.Errorf("the execution %s is %s, but functions that it called may still be at work: clean the run after %s", arn, state.Status, state.Quiet.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
