package finalize

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/runschema"

	"golang.org/x/sync/errgroup"
)

// tidy does what is left after the commit of the second pass: it keeps the schema for the next run, and removes the staged files. A finalize that
// is repeated does the rest.
func (c commit) tidy(ctx context.Context) error {
	var tidying errgroup.Group // one must not stop the other
	tidying.Go(func() error { return c.keepSchema(ctx) })
	if !c.plan.Parquet.KeepStaging {
		tidying.Go(func() error { return c.removeStaging(ctx) })
	}
	return tidying.Wait()
}

// keepSchema keeps the schema of the run for the next run. The run is committed, so a schema that somebody has changed since is no failure.
func (c commit) keepSchema(ctx context.Context) error {
	decided, err := c.decided()
	if err == nil {
		err = runschema.KeepAsLast(ctx, c.bucket, c.plan, decided, c.log)
	}
	if failure.NameOf(err) == failure.ListsInconsistent {
		c.log.WarnContext(ctx, "the next run will not compare its columns with those of this run", "cause", err.Error())
		return nil
	}
	return err
}

// removeStaging removes the folder of the first pass, after the commit of the second one. A finalize that is repeated removes the rest.
func (c commit) removeStaging(ctx context.Context) error {
	removing, one := errgroup.WithContext(ctx)
	removing.Go(func() error { return c.removeStaged(one) })
	removing.Go(func() error { return c.abortStaged(one) })
	return removing.Wait()
}

// removeStaged removes the objects. First it removes the manifest, so that no reader takes for a whole copy what is left.
func (c commit) removeStaged(ctx context.Context) error {
	folder := run.Layout{Root: c.plan.Root, Staging: true}
	keys := []string{folder.ManifestSummary()}
	for entry, err := range c.bucket.List(ctx, folder.StagingPrefix()) {
		if err != nil {
			return fmt.Errorf("look for staged files: %w", err)
		}
		if keys = append(keys, entry.Key); len(keys) >= bucket.ListPage {
			if err := c.bucket.Delete(ctx, keys); err != nil {
				return fmt.Errorf("remove the staged files: %w", err)
			}
			keys = nil
		}
	}
	if len(keys) == 1 && keys[0] == folder.ManifestSummary() { // nothing is left
		return nil
	}
	if err := c.bucket.Delete(ctx, keys); err != nil {
		return fmt.Errorf("remove the staged files: %w", err)
	}
	return nil
}

// abortStaged aborts what late tries of the first pass have left.
func (c commit) abortStaged(ctx context.Context) error {
	aborting, one := errgroup.WithContext(ctx)
	aborting.SetLimit(inParallel)
	for upload, err := range c.bucket.Uploads(ctx, c.plan.Final().StagingPrefix()) {
		if err != nil {
			return errors.Join(fmt.Errorf("look for staged uploads: %w", err), aborting.Wait())
		}
		aborting.Go(func() error { return c.bucket.Abort(one, upload) })
	}
	return aborting.Wait()
}

// staged reports whether a key is of the first pass.
func (c commit) staged(key string) bool {
	return c.plan.SecondPass() && strings.HasPrefix(key, c.layout.StagingPrefix())
}

// checkConverted fails with ListsInconsistent unless the second pass has converted all records that the first one staged.
func (c *scanCommit) checkConverted() error {
	if !c.plan.SecondPass() || c.written.Records == c.plan.Parquet.Staged.Records {
		return nil
	}
	return failure.Errorf(failure.ListsInconsistent, "the segment lists have %d rows, and %d records were staged. Another program may have changed objects below %s; start a new execution",
		c.written.Records, c.plan.Parquet.Staged.Records, c.bucket.URI(c.plan.Root))
}

// learned returns what the result says about the schema; nil if the run has none.
func (c *scanCommit) learned() (*run.LearnedSchema, error) {
	if !c.plan.SecondPass() {
		return nil, nil //nolint:nilnil // most runs have none
	}
	decided, err := c.decided()
	if err != nil {
		return nil, err
	}
	return runschema.ForResult(c.bucket, c.plan, decided, c.rest), nil
}

const (
	// heldRest is how many attributes in the column _rest are counted by name. Longer names than longestRest are not.
	heldRest    = 10_000
	longestRest = 255
)

// addRest adds counts of attributes in the column _rest.
func (f *found) addRest(counts map[string]int64) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if f.rest == nil {
			f.rest = map[string]int64{}
		}
		at := name
		if _, known := f.rest[name]; !known && len(f.rest) >= heldRest || len(name) > longestRest {
			at = ""
		}
		f.rest[at] += counts[name]
	}
}
