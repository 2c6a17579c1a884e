package finalize

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// whole returns the error of a run that can never be committed, or nil.
func (c *scanCommit) whole() error {
	switch {
	case c.faults.count > 0:
		return c.inconsistent(c.faults)
	case c.gone.count > 0:
		return c.uploadGone(c.gone, c.oldest)
	default:
		return nil
	}
}

// giveUp ends a run that can never be committed, for a cause. If some of its objects are completed, giveUp removes them: a reader must not see
// a part of a run. If another invocation has committed the run, giveUp returns its result instead.
func (c *scanCommit) giveUp(ctx context.Context, cause error) (run.Result, error) {
	if result, err := c.committed(ctx); !errors.Is(err, bucket.ErrNotFound) {
		return result, err
	}
	if err := ledger.CheckClaim(ctx, c.bucket, c.plan); err != nil {
		return run.Result{}, err
	}
	if c.there+len(c.strayObjects) == 0 {
		return run.Result{}, cause
	}
	removed := 0
	for n, err := range inOrder(ctx, spansAtOnce-1, c.spans(), c.withdraw) {
		if err != nil {
			return run.Result{}, fmt.Errorf("remove the completed objects of a run that cannot be committed, because %v: %w", cause, err) //nolint:errorlint // the name must be that of err
		}
		removed += n
	}
	c.log.WarnContext(ctx, "the completed objects of a run that cannot be committed were removed", "count", removed)
	return run.Result{}, cause
}

// withdraw removes the run's objects in a span. It leaves the open uploads alone: a takeover can use them.
func (c *scanCommit) withdraw(ctx context.Context, s *span) (removed int, err error) {
	folder, keys := c.layout.DataPrefix(), []string{}
	for entry, err := range until(c.bucket.ListAfter(ctx, folder, s.from.in(folder)), entryKey, s.to.in(folder)) {
		if err != nil {
			return 0, err
		}
		if c.own.Data(entry.Key) {
			keys = append(keys, entry.Key)
		}
	}
	return len(keys), c.bucket.Delete(ctx, keys)
}
