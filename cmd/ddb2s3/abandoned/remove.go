package abandoned

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// abortsAtOnce is how many uploads are aborted at the same time.
const abortsAtOnce = 32

// Remove removes what the run has left, and counts it again. If it is interrupted, another removal does the rest.
func (r *Run) Remove(ctx context.Context) error {
	before := r.claim
	if r.claim.Removal == nil {
		err := r.claim.Remove(ctx, ledger.Removal{Since: r.services.Now().UTC(), AsOf: r.plan.StartTime, Objects: r.Objects, Bytes: r.Bytes, Abandoned: true})
		if errors.Is(err, bucket.ErrChanged) {
			return fmt.Errorf("another execution has taken the run %s over at this moment: nothing is removed", r.RunID)
		}
		if err != nil {
			return err
		}
	}
	// An execution that was redriven between the look at it and the mark may have read the old claim. One that is redriven after the mark reads
	// the mark before it does anything.
	if err := r.check(ctx); err != nil {
		if before.Removal == nil {
			err = errors.Join(err, r.claim.Replace(ctx, before))
		}
		return fmt.Errorf("nothing is removed: %w", err)
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	own, err := r.own(ctx)
	if err != nil {
		return err
	}
	if err := r.abort(ctx, own); err != nil {
		return err
	}
	if err := r.remove(ctx, own.isData); err != nil { // before the schema, which says whose they are
		return err
	}
	if err := r.remove(ctx, own.object); err != nil {
		return err
	}
	if err := r.mine(ctx); err != nil {
		return err
	}
	return r.bucket.Delete(ctx, []string{own.claim})
}

// abort aborts the open uploads of the run.
func (r *Run) abort(ctx context.Context, own ownKeys) error {
	aborting, one := errgroup.WithContext(ctx)
	aborting.SetLimit(abortsAtOnce)
	for upload, err := range r.bucket.Uploads(ctx, r.plan.Root+"/") {
		if err != nil {
			return errors.Join(fmt.Errorf("look for open uploads: %w", err), aborting.Wait())
		}
		if own.upload(upload.Key) {
			aborting.Go(func() error { return r.bucket.Abort(one, upload) })
		}
	}
	return aborting.Wait()
}

// remove removes the objects in the folder of the run whose keys are chosen.
func (r *Run) remove(ctx context.Context, chosen func(key string) bool) error {
	var keys []string
	flush := func() error {
		if len(keys) == 0 {
			return nil
		}
		if err := r.mine(ctx); err != nil {
			return err
		}
		err := r.bucket.Delete(ctx, keys)
		keys = nil
		return err
	}
	for entry, err := range r.bucket.List(ctx, r.plan.Root+"/") {
		if err != nil {
			return fmt.Errorf("look for objects: %w", err)
		}
		if chosen(entry.Key) {
			keys = append(keys, entry.Key)
		}
		if len(keys) == bucket.ListPage {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// mine fails if the claim is no longer the one that was marked: after another clean has removed it, another run can have the folder.
func (r *Run) mine(ctx context.Context) error {
	claim, err := ledger.LoadAnyClaim(ctx, r.bucket, run.Layout{Root: r.plan.Root})
	if errors.Is(err, bucket.ErrNotFound) || err == nil && claim.Tag() != r.claim.Tag() {
		return fmt.Errorf("the claim of the run %s has changed: another clean works on it", r.RunID)
	}
	return err
}
