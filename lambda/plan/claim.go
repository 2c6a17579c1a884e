package plan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// maxLooks is how often the step looks at a claim that other executions keep changing.
const maxLooks = 3

// claim claims the run for this execution with a write that only one execution can win. If there is a claim, it decides by that one, also
// if the run would be refused now: a table can grow, or lose capacity, while a run is at work.
func (s *Step) claim(ctx context.Context, d draft, output run.PlanOutput, refusal error) (run.PlanOutput, error) {
	c := claimant{
		Step: s, draft: d, destination: bucket.New(s.Objects(d.plan), d.plan),
		own: ledger.Claim{ExecutionID: d.plan.ExecutionID, StartTime: d.plan.StartTime, RequestDigest: d.request.Digest(), Output: output},
	}
	if refusal != nil {
		held, err := ledger.LoadClaim(ctx, c.destination, d.plan.Layout())
		if err != nil && !errors.Is(err, bucket.ErrNotFound) && !failure.NameOf(err).Permanent() {
			return run.PlanOutput{}, err // a retry may find the claim
		}
		if err != nil || held.RequestDigest != c.own.RequestDigest {
			return run.PlanOutput{}, refusal
		}
	} else if created, err := ledger.CreateClaim(ctx, c.destination, c.own); created || err != nil {
		return output, err
	}
	var err error
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
	draft       draft
	destination *bucket.Bucket
	own         ledger.Claim
}

// look reads the claim and decides by its owner. It fails with bucket.ErrChanged if another execution has changed the claim since.
func (c claimant) look(ctx context.Context) (run.PlanOutput, error) {
	theirs, err := ledger.LoadClaim(ctx, c.destination, c.draft.plan.Layout())
	if err != nil {
		return run.PlanOutput{}, err
	}
	own := theirs.ExecutionID == c.own.ExecutionID && theirs.StartTime.Equal(c.own.StartTime)
	same := theirs.RequestDigest == c.own.RequestDigest
	if same {
		if arn := theirs.Output.Plan.TableARN; arn != c.draft.plan.TableARN {
			return c.refuse("is of the table %s, and this one would be of %s: deployments in several regions or accounts need a bucket or a prefix each",
				problem.Quote(arn), c.draft.plan.TableARN)
		}
		var fault string
		if theirs, fault = c.checked(theirs); fault != "" {
			return c.refuse("has a claim that does not fit its request: in %s, %s. Another program, or another version of the functions, has written it: choose another name or prefix",
				c.destination.URI(c.draft.plan.Layout().Claim()), fault)
		}
	}
	switch {
	case own && same:
		return c.resume(ctx, theirs.Output)
	case own:
		return c.refuse("was begun with another request: repeat that request to continue, or choose another name")
	case theirs.ExecutionID == c.own.ExecutionID && c.draft.request.Schedule == "":
		return c.refuse("is of an earlier execution with the same name: that one began at %s, and this one at %s. Choose another name for the execution, or another prefix",
			theirs.StartTime.Format(time.RFC3339Nano), c.own.StartTime.Format(time.RFC3339Nano))
	case same:
		return c.decide(ctx, theirs)
	case c.draft.request.Schedule != "":
		return c.refuse("was begun by execution %s with another request: give another schedule or scheduledTime, or another prefix", theirs.ExecutionID)
	default:
		return c.refuse("belongs to execution %s, which has another request: choose another name for the execution, or another prefix", theirs.ExecutionID)
	}
}

// resume continues with a plan that this execution claimed before. If the run is committed, only its result is left to return.
func (c claimant) resume(ctx context.Context, output run.PlanOutput) (run.PlanOutput, error) {
	var err error
	if output.Committed, err = committed(ctx, c.destination, output.Plan); err != nil || output.Committed {
		return c.lastPass(ctx, output, err)
	}
	if output.Committed, err = staged(ctx, c.destination, output.Plan); err != nil {
		return run.PlanOutput{}, err
	}
	if !output.Committed {
		if err := c.sameSource(output.Plan); err != nil {
			return run.PlanOutput{}, err
		}
	}
	return output, c.checkAlone(ctx, output.Plan)
}

// lastPass returns the output for a run that is committed. If it makes Parquet files, its first pass may be removed, so that only the plan of
// the second pass leads to the result.
func (c claimant) lastPass(ctx context.Context, output run.PlanOutput, err error) (run.PlanOutput, error) {
	if err != nil || !output.Plan.FirstPass() {
		return output, err
	}
	decided, digest, err := ledger.LoadSchema(ctx, c.destination, output.Plan)
	if errors.Is(err, bucket.ErrNotFound) {
		err = failure.Errorf(failure.ListsInconsistent, "the run is committed, and its schema is gone: another program has removed %s. Its files are whole: read its result in %s",
			c.destination.URI(output.Plan.Final().Schema()), c.destination.URI(output.Plan.Final().ManifestSummary()))
	}
	if err != nil {
		return run.PlanOutput{}, err
	}
	output.Plan = output.Plan.Converting(decided, digest)
	return output, nil
}

// sameSource fails with TableReplaced unless the table that is there now, and the index, are those of a plan that was made before.
func (c claimant) sameSource(kept run.Plan) error {
	return table.Compare(kept, c.draft.described.ID, c.draft.described.Index)
}

// refuse fails with RunNameTaken and says why.
func (c claimant) refuse(words string, args ...any) (run.PlanOutput, error) {
	plan := c.draft.plan
	return run.PlanOutput{}, failure.Errorf(failure.RunNameTaken, "the run %q at %s %s", plan.RunID, c.destination.URI(plan.Root), fmt.Sprintf(words, args...))
}

// committed reports whether a run is committed.
func committed(ctx context.Context, destination *bucket.Bucket, plan run.Plan) (bool, error) {
	return has(ctx, destination, plan.Commit())
}

// staged reports whether a run that makes Parquet files has read everything: its first pass is committed.
func staged(ctx context.Context, destination *bucket.Bucket, plan run.Plan) (bool, error) {
	if !plan.FirstPass() {
		return false, nil
	}
	commit := plan.Layout().ManifestSummary()
	if plan.Export != nil {
		commit = plan.Layout().Result()
	}
	return has(ctx, destination, commit)
}

func has(ctx context.Context, destination *bucket.Bucket, commit string) (bool, error) {
	_, err := destination.Get(ctx, commit)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return false, fmt.Errorf("look whether the run is committed: %w", err)
	}
	return err == nil, nil
}
