package finalize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// scan commits a run that scanned. If it has too many open uploads for one invocation, it returns batches that must be completed first.
func (c commit) scan(ctx context.Context) (run.FinalizeOutput, error) {
	s, result, err := c.begin(ctx, len(c.plan.Scan.Segments()) < bucket.ListPage)
	if s == nil {
		return run.FinalizeOutput{Result: result}, err
	}
	defer s.files.abort(ctx) // unless it is closed
	return s.run(ctx)
}

// scanCommit is the commit of a run that scanned.
type scanCommit struct {
	commit
	found
	own       run.OwnKeys
	digest    string // of the plan
	extension string // of the keys of objects
	inBatch   bool   // it only completes a batch
	room      *room
	lost      *atomic.Int64 // objects that S3 does not have as listed
	files     *files
	held      int     // bytes of lines in the pieces
	small     *folder // nil for a large run
}

// begin returns the commit of a run that is not committed yet. If the run is committed, begin returns its result, and a nil commit. A large run
// also belongs to the plan's execution then. For a small one, run checks that.
func (c commit) begin(ctx context.Context, small bool) (s *scanCommit, result run.Result, err error) {
	s = &scanCommit{
		commit: c, own: c.plan.OwnKeys(), digest: c.plan.Digest(), extension: c.plan.Scan.Extension(),
		room: newRoom(c.mostUploads), lost: new(atomic.Int64), files: newFiles(c.bucket, c.layout.ManifestFiles()),
	}
	if small {
		if s.small, err = c.list(ctx); err != nil {
			return nil, result, err
		}
	}
	if s.small != nil && !s.small.has(c.layout.ManifestSummary()) {
		return s, result, nil
	}
	if result, err = c.committed(ctx); !errors.Is(err, bucket.ErrNotFound) {
		return nil, result, err
	}
	if err := ledger.CheckClaim(ctx, c.bucket, c.plan); err != nil {
		return nil, result, err
	}
	return s, result, nil
}

// read reads the lists, and compares them with the bucket. It fails unless the run belongs to the plan's execution.
func (c *scanCommit) read(ctx context.Context) error {
	reading, ctx := errgroup.WithContext(ctx)
	if c.small != nil { // a large run writes parts of its manifest while it reads, so begin has checked the claim
		reading.Go(func() error { return ledger.CheckClaim(ctx, c.bucket, c.plan) })
	}
	if c.plan.SecondPass() {
		reading.Go(func() error {
			_, err := c.decided()
			return err
		})
	}
	reading.Go(func() error { return c.check(ctx) })
	return reading.Wait()
}

// run merges the segments' lists, and commits the run if it is whole.
func (c *scanCommit) run(ctx context.Context) (out run.FinalizeOutput, err error) {
	if err := c.read(ctx); err != nil {
		return out, err
	}
	if err := c.whole(); err != nil {
		out.Result, err = c.giveUp(ctx, err)
		return out, err
	}
	if err := c.checkConverted(); err != nil {
		return out, err
	}
	// Remove first what a reader must not see beside the run's objects.
	if err := c.bucket.Delete(ctx, c.strayObjects); err != nil {
		return out, fmt.Errorf("remove what no list names: %w", err)
	}
	if c.room.full() {
		out.Batches = c.batches(c.mostUploads)
		c.log.InfoContext(ctx, "the uploads are completed in batches", "batches", len(out.Batches))
		return out, nil
	}
	if _, _, err := c.completeUploads(ctx, time.Time{}); err != nil {
		return out, err
	}
	if err := c.whole(); err != nil {
		out.Result, err = c.giveUp(ctx, err)
		return out, err
	}
	if err := c.writeHeld(ctx); err != nil {
		return out, err
	}
	if err := c.addShared(ctx); err != nil {
		return out, err
	}
	if err := c.sweep(ctx); err != nil {
		return out, err
	}
	out.Result, err = c.write(ctx)
	return out, err
}

// committed returns the result of a committed run, or ErrNotFound.
//
// It writes the commit's checksum if that is missing: the invocation that committed may have ended before it wrote it. The checksum is that
// of the stored summary: if two invocations finish at the same time, each has a summary, and only one is the commit.
func (c commit) committed(ctx context.Context) (run.Result, error) {
	body, err := c.bucket.Get(ctx, c.layout.ManifestSummary())
	if err != nil {
		return run.Result{}, err
	}
	result, err := c.resultIn(body)
	if err != nil {
		return run.Result{}, err
	}
	want := manifest.Checksum(body)
	sum, err := c.bucket.Get(ctx, c.layout.Checksum(c.layout.ManifestSummary()))
	if err != nil && !errors.Is(err, bucket.ErrNotFound) || bytes.Equal(sum, want) {
		return result, err
	}
	return result, c.putSum(ctx, c.layout.ManifestSummary(), want)
}

// resultIn returns the result of the run with this summary.
func (c commit) resultIn(summary []byte) (run.Result, error) {
	s, err := manifest.ParseSummary(c.plan, summary)
	if err != nil {
		return run.Result{}, failure.Errorf(failure.ListsInconsistent, "%s is not this run's manifest: %w. Choose another name for the execution",
			c.bucket.URI(c.layout.ManifestSummary()), err)
	}
	result := s.Result(c.plan)
	result.Dollars = c.model.Dollars(c.plan, result)
	return result, nil
}

// putSum writes the checksum of a manifest.
func (c commit) putSum(ctx context.Context, manifestKey string, sum []byte) error {
	_, err := c.bucket.Put(ctx, c.layout.Checksum(manifestKey), sum)
	return err
}

// addShared adds to the strays what the segments of a run with a pace or a limit share. All segments are done, so nothing reads it any more.
func (c *scanCommit) addShared(ctx context.Context) error {
	if c.plan.Scan.Paced() {
		if err := c.addStrays(ctx, c.layout.PaceMarkers(), c.own.Marker); err != nil {
			return err
		}
	}
	if c.plan.Scan.MaxReadUnits > 0 {
		return c.addStrays(ctx, c.layout.Units(), c.own.Units)
	}
	return nil
}

// addStrays adds the run's own objects in a folder to the strays.
func (c *scanCommit) addStrays(ctx context.Context, folder string, own func(key string) bool) error {
	for entry, err := range c.bucket.List(ctx, folder) {
		if err != nil {
			return err
		}
		if own(entry.Key) {
			c.strayLists = append(c.strayLists, entry.Key)
		} else {
			c.written.Foreign.Add(entry.Key)
		}
	}
	return nil
}

// sweep removes what tries left behind that ended early: lists that nothing names, and uploads that will never be completed. It keeps
// whatever has another name than the functions write.
func (c *scanCommit) sweep(ctx context.Context) error {
	if err := c.bucket.Delete(ctx, c.strayLists); err != nil {
		return fmt.Errorf("remove lists that lead nowhere: %w", err)
	}
	aborting, one := errgroup.WithContext(ctx)
	aborting.SetLimit(inParallel)
	for _, upload := range c.strayUploads {
		aborting.Go(func() error { return c.bucket.Abort(one, upload) })
	}
	if err := aborting.Wait(); err != nil {
		return fmt.Errorf("abort uploads that no list names: %w", err)
	}
	if len(c.strayLists)+len(c.strayObjects)+len(c.strayUploads) > 0 {
		c.log.InfoContext(ctx, "swept", "lists", len(c.strayLists), "objects", len(c.strayObjects), "uploads", len(c.strayUploads))
	}
	c.warnOf(ctx, c.written.Foreign)
	return nil
}

// warnOf logs what somebody else has put into a folder.
func (c commit) warnOf(ctx context.Context, foreign run.Foreign) {
	if foreign.Count > 0 {
		c.log.WarnContext(ctx, "names that are not the run's are left alone", "count", foreign.Count, "first", foreign.Keys)
	}
}

// write writes the manifests, and the summary only if there is none yet. It returns the result of the stored summary.
func (c *scanCommit) write(ctx context.Context) (run.Result, error) {
	var writing errgroup.Group // it waits for both answers, because S3 may carry out a request that was cancelled
	sum := manifest.EncodeChecksum(c.files.sum)
	writing.Go(func() error { return c.files.close(ctx) })
	writing.Go(func() error { return c.putSum(ctx, c.layout.ManifestFiles(), sum) })
	if err := writing.Wait(); err != nil {
		return run.Result{}, err
	}
	var err error
	c.written.Work = &c.work
	if c.written.Schema, err = c.learned(); err != nil {
		return run.Result{}, err
	}
	commit := run.Marshal(manifest.NewSummary(c.plan, c.totals, c.written, c.now()))
	created, err := c.bucket.Create(ctx, c.layout.ManifestSummary(), commit)
	if err != nil {
		return run.Result{}, fmt.Errorf("commit: %w", err)
	}
	if !created { // an answer was lost, or two invocations finished at the same time
		return c.committed(ctx)
	}
	result, err := c.resultIn(commit)
	return result, errors.Join(err, c.putSum(ctx, c.layout.ManifestSummary(), manifest.Checksum(commit)))
}
