package plan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// maxLooks is how often the step looks at a claim that other executions keep changing.
const maxLooks = 3

// claim claims the run for this execution with a write that only one execution can win. If there is a claim, it decides by that one.
func (s *Step) claim(ctx context.Context, req request.Request, output run.PlanOutput) (run.PlanOutput, error) {
	c := claimant{
		Step: s, request: req, destination: bucket.New(s.Objects(output.Plan), output.Plan),
		own: ledger.Claim{ExecutionID: output.Plan.ExecutionID, StartTime: output.Plan.StartTime, RequestDigest: req.Digest(), Output: output},
	}
	created, err := ledger.CreateClaim(ctx, c.destination, c.own)
	if created || err != nil {
		return output, err
	}
	for range maxLooks {
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

// look reads the claim and decides by its owner. It fails with bucket.ErrChanged if another execution has changed the claim since.
func (c claimant) look(ctx context.Context) (run.PlanOutput, error) {
	theirs, err := ledger.LoadClaim(ctx, c.destination, c.own.Output.Plan.Layout())
	own := theirs.ExecutionID == c.own.ExecutionID && theirs.StartTime.Equal(c.own.StartTime)
	switch same := theirs.RequestDigest == c.own.RequestDigest; {
	case err != nil:
		return run.PlanOutput{}, err
	case same && !sameWork(theirs.Output.Plan, c.own.Output.Plan):
		return c.refuse("has a claim that does not fit its own request: another program has written %s; choose another name or prefix",
			c.destination.URI(c.own.Output.Plan.Layout().Claim()))
	case same && theirs.Output.Plan.TableARN != c.own.Output.Plan.TableARN:
		return c.refuse("is of the table %s, and this one would be of %s: deployments in several regions or accounts need a bucket or a prefix each",
			theirs.Output.Plan.TableARN, c.own.Output.Plan.TableARN)
	case own && same:
		return c.resume(ctx, theirs.Output)
	case own:
		return c.refuse("was begun with another request: repeat that request to continue, or choose another name")
	case theirs.ExecutionID == c.own.ExecutionID && c.request.Schedule == "":
		return c.refuse("is of an earlier execution with the same name: that one began at %s, and this one at %s. Choose another name for the execution, or another prefix",
			theirs.StartTime.Format(time.RFC3339Nano), c.own.StartTime.Format(time.RFC3339Nano))
	case same:
		return c.decide(ctx, theirs)
	case c.request.Schedule != "":
		return c.refuse("was begun by execution %s with another request: give another schedule or scheduledTime, or another prefix", theirs.ExecutionID)
	default:
		return c.refuse("belongs to execution %s, which has another request: choose another name for the execution, or another prefix", theirs.ExecutionID)
	}
}

// sameWork reports whether the plan in a claim reads and writes the same as a plan that was made now from the same request, with the
// same roles. Anyone who may write to the bucket can write a claim, and must not gain the functions' rights with it.
func sameWork(kept, made run.Plan) bool {
	if kept.Check(made.Mode) != nil || kept.RunID != made.RunID || kept.Table != made.Table ||
		kept.Bucket != made.Bucket || kept.BucketOwner != made.BucketOwner || kept.Root != made.Root || kept.KMSKeyID != made.KMSKeyID {
		return false
	}
	if made.Export != nil {
		return bytes.Equal(run.Marshal(kept.Export), run.Marshal(made.Export))
	}
	return kept.Scan.TableRegion == made.Scan.TableRegion &&
		kept.Scan.SourceRoleARN == made.Scan.SourceRoleARN && kept.Scan.DestinationRoleARN == made.Scan.DestinationRoleARN
}

// resume continues with a plan that this execution claimed before. If the run is committed, only its result is left to return.
func (c claimant) resume(ctx context.Context, output run.PlanOutput) (run.PlanOutput, error) {
	var err error
	if output.Committed, err = committed(ctx, c.destination, output.Plan); err != nil || output.Committed {
		return output, err
	}
	if err := c.sameSource(output.Plan); err != nil {
		return run.PlanOutput{}, err
	}
	return output, c.checkAlone(ctx, output.Plan)
}

// sameSource fails with TableReplaced unless the table that is there now, and the index, are those of a plan that was made before.
func (c claimant) sameSource(kept run.Plan) error {
	made, index := c.own.Output.Plan, ""
	if made.Scan != nil {
		index = made.Scan.Index
	}
	return table.Compare(kept, made.TableID, index)
}

// refuse fails with RunNameTaken and says why.
func (c claimant) refuse(words string, args ...any) (run.PlanOutput, error) {
	plan := c.own.Output.Plan
	return run.PlanOutput{}, failure.Errorf(failure.RunNameTaken, "the run %q at %s %s", plan.RunID, c.destination.URI(plan.Root), fmt.Sprintf(words, args...))
}

// committed reports whether a run is committed.
func committed(ctx context.Context, destination *bucket.Bucket, plan run.Plan) (bool, error) {
	commit := plan.Layout().ManifestSummary()
	if plan.Export != nil {
		commit = plan.Layout().Result()
	}
	_, err := destination.Get(ctx, commit)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return false, fmt.Errorf("look whether the run is committed: %w", err)
	}
	return err == nil, nil
}
