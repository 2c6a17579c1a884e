package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// inParallel is how many objects are read at the same time.
const inParallel = 64

// Read collects the facts of the run with this root. What is missing or cannot be read, because the run is unfinished or was changed, is left out or is
// a check that failed. Read fails if there is no run.
func Read(ctx context.Context, at Place, root string) (*Run, error) {
	claim, err := readClaim(ctx, at, root)
	if err != nil {
		return nil, err
	}
	r := &Run{Plan: claim.Output.Plan, Location: at.URI(root), place: at}
	if claim.Removal != nil {
		r.removed = claim.Removal.Since
	}
	second, err := r.readSchema(ctx, at)
	if err != nil {
		return nil, err
	}
	plans := []run.Plan{r.Plan}
	if r.Plan.Parquet != nil && second.SecondPass() {
		plans = append(plans, second)
	}
	passes := make([]pass, len(plans))
	reading, whileReading := errgroup.WithContext(ctx)
	for i, plan := range plans {
		reading.Go(func() (err error) {
			passes[i], err = readPass(whileReading, at, plan)
			return err
		})
	}
	reading.Go(func() error { return r.readCommit(ctx, at, second) })
	reading.Go(func() error { return r.readExports(ctx, at) })
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	for _, p := range passes {
		if len(p.segments) > 0 {
			r.passes = append(r.passes, p)
		}
	}
	return r, r.readSizes(ctx, at)
}

// readClaim reads the claim of a run.
func readClaim(ctx context.Context, at Place, root string) (claim ledger.Claim, err error) {
	key := run.Layout{Root: root}.Claim()
	body, err := at.Get(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return claim, fmt.Errorf("%s is no run: it has no claim (_started). Give the folder of a run, which ends with AWSDynamoDB/ and the name of the run", at.URI(root))
	}
	if err != nil {
		return claim, fmt.Errorf("read the claim of the run: %w", err)
	}
	if err = json.Unmarshal(body, &claim); err == nil {
		err = run.CheckVersion(claim.Version)
	}
	if plan := claim.Output.Plan; err == nil && (plan.Root == "" || plan.Scan == nil && plan.Export == nil) {
		err = errors.New("it has no plan")
	}
	if err != nil {
		return claim, fmt.Errorf("%s is not the claim of a run that this version can read: %w", at.URI(key), err)
	}
	return claim, nil
}

// decode reads an object of JSON. found is false if there is no object.
func decode(ctx context.Context, at Place, key string, into any) (found bool, err error) {
	body, err := at.Get(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return false, fmt.Errorf("%s cannot be read: %w", at.URI(key), err)
	}
	return true, nil
}

// readSchema reads the schema of the run, if it has one. It returns the plan of the last pass.
func (r *Run) readSchema(ctx context.Context, at Place) (run.Plan, error) {
	if !r.Plan.Learns() && r.Plan.Parquet == nil {
		return r.Plan, nil
	}
	var body json.RawMessage
	found, err := decode(ctx, at, r.Plan.Final().Schema(), &body)
	if err != nil || !found {
		return r.Plan, err
	}
	r.schema = new(run.Schema)
	if err := json.Unmarshal(body, r.schema); err != nil {
		return r.Plan, fmt.Errorf("%s cannot be read: %w", at.URI(r.Plan.Final().Schema()), err)
	}
	if r.Plan.FirstPass() {
		return r.Plan.Converting(*r.schema, run.Digest(body)), nil
	}
	return r.Plan, nil
}

// readSizes collects the sizes of the data objects: those in the lists, or those of the last full export.
func (r *Run) readSizes(ctx context.Context, at Place) error {
	if n := len(r.passes); n > 0 {
		for _, s := range r.passes[n-1].segments {
			for _, list := range s.lists {
				for _, object := range list.Objects {
					r.sizes = append(r.sizes, object.Bytes)
				}
			}
		}
		return nil
	}
	if r.Plan.Export == nil {
		return nil
	}
	for _, window := range r.exports() {
		folder, ok := fullExportFolder(r.Plan, window)
		if !ok {
			continue
		}
		for entry, err := range at.List(ctx, folder) {
			if err != nil {
				return fmt.Errorf("list the objects of the export: %w", err)
			}
			r.sizes = append(r.sizes, entry.Bytes)
		}
	}
	return nil
}
