package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// Claim says which execution owns a run, and keeps the run's plan. The first execution creates it. Another execution may replace it
// only to take the run over from an execution that failed.
type Claim struct {
	Version     int    `json:"version"`
	ExecutionID string `json:"executionId"`
	// StartTime is when the execution began. Step Functions allows a name again after 90 days, and local runs at once.
	StartTime     time.Time      `json:"startTime"`
	RequestDigest string         `json:"requestDigest"`
	Output        run.PlanOutput `json:"output"`
	// Removal is there from the moment when the function prune begins to remove the committed run, or the command clean an abandoned one. From then
	// on, nobody continues the run or takes it over.
	Removal *Removal `json:"removal,omitempty"`
	object  object
}

// Removal says that a run is being removed. First readers no longer find a committed run. Its objects go later.
type Removal struct {
	// Abandoned says that the run was never committed. The function prune leaves it alone.
	Abandoned bool `json:"abandoned,omitempty"`
	// Since is when readers began to find it no longer, or a little before.
	Since    time.Time `json:"since"`
	AsOf     time.Time `json:"asOf"`               // the moment of the data
	Manifest string    `json:"manifest,omitempty"` // the S3 URI
	Objects  int64     `json:"objects"`
	Bytes    int64     `json:"bytes"`
}

// CreateClaim claims a run; created is false if the run has a claim already.
func CreateClaim(ctx context.Context, in *bucket.Bucket, own Claim) (created bool, err error) {
	err = own.write(ctx, object{bucket: in, key: own.Output.Plan.Layout().Claim()})
	if errors.Is(err, bucket.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// LoadClaim reads the claim of a run. It fails with RunNameTaken if the object is not a claim, or if the run is being removed, and with
// bucket.ErrNotFound if there is no object.
func LoadClaim(ctx context.Context, in *bucket.Bucket, layout run.Layout) (Claim, error) {
	claim, err := LoadAnyClaim(ctx, in, layout)
	if err == nil && claim.Removal != nil && claim.Removal.Abandoned {
		return Claim{}, failure.Errorf(failure.RunNameTaken, "the run at %s was abandoned, and ddb2s3 clean has begun to remove it at %s: choose another name for the execution, or finish the removal with ddb2s3 clean %s",
			in.URI(layout.Root), claim.Removal.Since.Format(time.RFC3339), in.URI(layout.Root))
	}
	if err == nil && claim.Removal != nil {
		return Claim{}, failure.Errorf(failure.RunNameTaken, "the run at %s was committed, and the retention has removed it at %s: choose another name for the execution",
			in.URI(layout.Root), claim.Removal.Since.Format(time.RFC3339))
	}
	return claim, err
}

// LoadAnyClaim is like LoadClaim, and also reads the claim of a run that is being removed.
func LoadAnyClaim(ctx context.Context, in *bucket.Bucket, layout run.Layout) (Claim, error) {
	o := object{bucket: in, key: layout.Claim()}
	body, err := o.read(ctx)
	if err != nil {
		return Claim{}, fmt.Errorf("read the claim of the run: %w", err)
	}
	claim := Claim{object: o}
	if err = json.Unmarshal(body, &claim); err == nil {
		err = run.CheckVersion(claim.Version)
	}
	if err != nil {
		return Claim{}, failure.Errorf(failure.RunNameTaken, "%s is not a claim that these functions can read: %w. Choose another prefix, or another name for the execution",
			in.URI(o.key), err)
	}
	return claim, nil
}

// Replace writes own over the claim that was read. It fails with bucket.ErrChanged if the claim has changed since.
func (c Claim) Replace(ctx context.Context, own Claim) error { return own.write(ctx, c.object) }

// Remove writes into the claim that the run is being removed. It fails with bucket.ErrChanged if the claim has changed since it was read.
func (c *Claim) Remove(ctx context.Context, removal Removal) error {
	marked := *c
	marked.Removal = &removal
	if err := marked.object.write(ctx, marked); err != nil {
		return fmt.Errorf("mark the claim of a run that is being removed: %w", err)
	}
	*c = marked
	return nil
}

// Tag identifies the claim that was read or written. Another claim of the same run has another one.
func (c Claim) Tag() string { return c.object.etag }

func (c Claim) write(ctx context.Context, to object) error {
	c.Version = run.Version
	if err := to.write(ctx, c); err != nil {
		return fmt.Errorf("claim the run: %w", err)
	}
	return nil
}

// CheckClaim fails with RunNameTaken unless the plan's execution still owns the run. An execution that is redriven after another
// one has taken its run over stops here, before it writes anything.
func CheckClaim(ctx context.Context, in *bucket.Bucket, plan run.Plan) error {
	held, err := LoadClaim(ctx, in, plan.Layout())
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return failure.Errorf(failure.RunNameTaken, "the claim of the run %q is gone: another program has removed %s; start a new execution",
			plan.RunID, in.URI(plan.Layout().Claim()))
	case err != nil:
		return err
	case held.ExecutionID != plan.ExecutionID:
		return failure.Errorf(failure.RunNameTaken, "execution %s has taken over the run %q, because this execution failed: if that execution failed too, redrive it",
			held.ExecutionID, plan.RunID)
	}
	return nil
}
