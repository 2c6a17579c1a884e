// Package claim is whose a run is: one object of the run's folder, which says which execution has it. It is written once, by
// whoever comes first, and written over only by an execution that takes the run over from one that has died, both under a
// condition that one writer alone can meet.
//
// It may import job and bucket.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
)

// Claim is a claim as it was read.
type Claim struct {
	job.Claim
	etag string
}

// CreateClaim claims a run that nobody has claimed; created is false where somebody has.
func CreateClaim(ctx context.Context, in *bucket.Bucket, own job.Claim) (created bool, err error) {
	err = write(ctx, in, own, "")
	if errors.Is(err, bucket.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// LoadClaim reads the claim of a run. It fails with RunNameTaken where the object of its key is no claim, and with
// bucket.ErrNotFound where there is none.
func LoadClaim(ctx context.Context, in *bucket.Bucket, layout job.Layout) (Claim, error) {
	body, etag, err := in.GetTagged(ctx, layout.Claim())
	if err != nil {
		return Claim{}, fmt.Errorf("read the claim of the run: %w", err)
	}
	read := Claim{etag: etag}
	if err := json.Unmarshal(body, &read.Claim); err != nil {
		return Claim{}, job.Errorf(job.RunNameTaken, "%s is no claim of ours: choose another prefix, or another name for the execution",
			in.URI(layout.Claim()))
	}
	return read, nil
}

// Replace writes own over the claim that was read. It fails with bucket.ErrChanged where that is not the claim any more.
func (c Claim) Replace(ctx context.Context, in *bucket.Bucket, own job.Claim) error {
	return write(ctx, in, own, c.etag)
}

func write(ctx context.Context, in *bucket.Bucket, own job.Claim, etag string) error {
	body, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("internal error: a claim does not marshal: %w", err)
	}
	if _, err := in.Replace(ctx, own.Output.Plan.Layout().Claim(), body, etag); err != nil {
		return fmt.Errorf("claim the run: %w", err)
	}
	return nil
}

// CheckClaim fails with RunNameTaken unless the run is the plan's execution's still. An execution that was redriven after another
// has taken its run over learns it here, before it writes anything.
func CheckClaim(ctx context.Context, in *bucket.Bucket, plan job.Plan) error {
	held, err := LoadClaim(ctx, in, plan.Layout())
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return job.Errorf(job.RunNameTaken, "the claim of the run %q is gone: somebody has removed %s; start a new execution",
			plan.RunID, in.URI(plan.Layout().Claim()))
	case err != nil:
		return err
	case held.ExecutionID != plan.ExecutionID:
		return job.Errorf(job.RunNameTaken, "execution %s has taken the run %q over, after this one had failed: redrive that one if it has failed too",
			held.ExecutionID, plan.RunID)
	}
	return nil
}
