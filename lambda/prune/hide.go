package prune

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// hide makes a run one that no reader finds. The mark in the claim comes first: from then on no execution continues the run or commits it again.
// Partitions go before the summary, so that a run without a summary has none.
func (p *prune) hide(ctx context.Context, c *candidate) error {
	claim, err := p.claim(ctx, c)
	if err != nil {
		return err
	}
	removal := ledger.Removal{Since: p.now().UTC(), AsOf: c.asOf, Manifest: c.manifest, Objects: c.objects, Bytes: c.bytes}
	if err := claim.Remove(ctx, removal); err != nil {
		return err
	}
	if _, err := p.removePartitions(ctx, c); err != nil {
		return fmt.Errorf("hide run %q: %w", c.id, err)
	}
	summaries := []string{run.Layout{Root: c.root}.ManifestSummary()}
	for _, e := range c.owned() {
		summaries = append(summaries, run.Layout{Root: e.folder}.ManifestSummary())
	}
	if err := p.bucket.Delete(ctx, summaries); err != nil {
		return fmt.Errorf("hide run %q: %w", c.id, err)
	}
	p.log.InfoContext(ctx, "a run is hidden, and a prune that begins an hour later removes its objects", "run", c.id, "manifest", c.manifest,
		"objects", c.objects, "bytes", c.bytes)
	p.record(c, true)
	return nil
}

// claim reads the claim of a run again. It fails with ErrChanged unless the claim is still the one that was found.
func (p *prune) claim(ctx context.Context, c *candidate) (ledger.Claim, error) {
	claim, err := ledger.LoadAnyClaim(ctx, p.bucket, run.Layout{Root: c.root})
	if errors.Is(err, bucket.ErrNotFound) || err == nil && claim.Tag() != c.tag {
		err = fmt.Errorf("the claim of run %q: %w", c.id, bucket.ErrChanged)
	}
	return claim, err
}
