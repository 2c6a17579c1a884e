package plan

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// looks is how often a claim is looked at that others keep taking over in between.
const looks = 3

// claim makes the run's folder this execution's own by a write that only one can win, or finds that it is so already.
func (s *Step) claim(ctx context.Context, req request.Request, output run.PlanOutput) (run.PlanOutput, error) {
	c := claimant{
		Step: s, request: req, destination: bucket.New(s.Objects(output.Plan), output.Plan),
		own: ledger.Claim{ExecutionID: output.Plan.ExecutionID, RequestDigest: req.Digest(), Output: output},
	}
	created, err := ledger.CreateClaim(ctx, c.destination, c.own)
	if created || err != nil {
		return output, err
	}
	for range looks {
		if output, err = c.look(ctx); !errors.Is(err, bucket.ErrChanged) {
			return output, err
		}
	}
	return run.PlanOutput{}, err
}

// claimant is an execution that found a claim on its run.
type claimant struct {
	*Step
	request     request.Request
	destination *bucket.Bucket
	own         ledger.Claim
}

// look reads the claim and decides by whose it is. It fails with bucket.ErrChanged where somebody else has changed it since.
func (c claimant) look(ctx context.Context) (run.PlanOutput, error) {
	theirs, err := ledger.LoadClaim(ctx, c.destination, c.own.Output.Plan.Layout())
	switch same := theirs.RequestDigest == c.own.RequestDigest; {
	case err != nil:
		return run.PlanOutput{}, err
	case same && !sameWork(theirs.Output.Plan, c.own.Output.Plan):
		return c.refuse("has a claim that does not fit its own request: somebody else has written %s; choose another name or prefix",
			c.destination.URI(c.own.Output.Plan.Layout().Claim()))
	case theirs.ExecutionID == c.own.ExecutionID && same:
		return c.resume(ctx, theirs.Output)
	case theirs.ExecutionID == c.own.ExecutionID:
		return c.refuse("was begun with another request: repeat that one to go on, or choose another name")
	case same:
		return c.another(ctx, theirs)
	case c.request.Schedule != "":
		return c.refuse("was begun by execution %s with another request: give another schedule or scheduledTime, or another prefix", theirs.ExecutionID)
	default:
		return c.refuse("belongs to execution %s, which has another request: choose another name for the execution, or another prefix", theirs.ExecutionID)
	}
}

// sameWork tells whether a plan that was kept in a claim reads and writes what one that was made of the same request now does, with
// the same rights. Whoever may write to the bucket can write a claim, and must not lend himself the functions' rights by it.
func sameWork(kept, made run.Plan) bool {
	if kept.Check(made.Mode) != nil || kept.RunID != made.RunID || kept.Table != made.Table ||
		kept.Bucket != made.Bucket || kept.BucketOwner != made.BucketOwner || kept.Root != made.Root || kept.KMSKeyID != made.KMSKeyID {
		return false
	}
	if made.Export != nil {
		return kept.Export.Journal == made.Export.Journal
	}
	return kept.Scan.TableRegion == made.Scan.TableRegion &&
		kept.Scan.SourceRoleARN == made.Scan.SourceRoleARN && kept.Scan.DestinationRoleARN == made.Scan.DestinationRoleARN
}

// resume goes on with a plan that was claimed before: to scan or to export, or, where the run was committed, only to tell its result.
func (c claimant) resume(ctx context.Context, output run.PlanOutput) (run.PlanOutput, error) {
	var err error
	if output.Committed, err = committed(ctx, c.destination, output.Plan); err != nil || output.Committed {
		return output, err
	}
	return output, c.alone(ctx, output.Plan)
}

// refuse fails with RunNameTaken, and says why of the run.
func (c claimant) refuse(words string, args ...any) (run.PlanOutput, error) {
	plan := c.own.Output.Plan
	return run.PlanOutput{}, failure.Errorf(failure.RunNameTaken, "the run %q at %s %s", plan.RunID, c.destination.URI(plan.Root), fmt.Sprintf(words, args...))
}

// committed tells whether a run was committed.
func committed(ctx context.Context, destination *bucket.Bucket, plan run.Plan) (bool, error) {
	commit := plan.Layout().ManifestSummary()
	if plan.Export != nil {
		commit = plan.Layout().Result()
	}
	_, err := destination.Get(ctx, commit)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return false, fmt.Errorf("look whether the run was committed: %w", err)
	}
	return err == nil, nil
}
