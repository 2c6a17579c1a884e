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
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// scan commits a run that scanned. If it has too many open uploads for one invocation, it returns batches that must be completed first.
func (c commit) scan(ctx context.Context) (run.FinalizeOutput, error) {
	s, result, err := c.begin(ctx)
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
	held      int // bytes of lines in the pieces
}

// begin returns the commit of a run that is not committed yet and belongs to the plan's execution. If the run is committed, begin returns
// its result, and a nil commit.
func (c commit) begin(ctx context.Context) (*scanCommit, run.Result, error) {
	result, err := c.committed(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return nil, result, err
	}
	if err := ledger.CheckClaim(ctx, c.bucket, c.plan); err != nil {
		return nil, run.Result{}, err
	}
	return &scanCommit{
		commit: c, own: c.plan.OwnKeys(), digest: c.plan.Digest(), extension: c.plan.Scan.Extension(),
		room: newRoom(c.mostUploads), lost: new(atomic.Int64), files: newFiles(c.bucket, c.layout.ManifestFiles()),
	}, run.Result{}, nil
}

// run merges the segments' lists, and commits the run if it is whole.
func (c *scanCommit) run(ctx context.Context) (out run.FinalizeOutput, err error) {
	if err := c.check(ctx); err != nil {
		return out, err
	}
	if err := c.whole(); err != nil {
		out.Result, err = c.giveUp(ctx, err)
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
	if err := c.addMarkers(ctx); err != nil {
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
// It writes the commit's checksums if they are missing: the invocation that committed may have ended before it wrote them. The
// checksums are those of the stored summary: if two invocations finish at the same time, each has a summary, and only one is the commit.
func (c commit) committed(ctx context.Context) (run.Result, error) {
	body, err := c.bucket.Get(ctx, c.layout.ManifestSummary())
	if err != nil {
		return run.Result{}, err
	}
	summary, err := manifest.ParseSummary(c.plan, body)
	if err != nil {
		return run.Result{}, failure.Errorf(failure.ListsInconsistent, "%s is not this run's manifest: %w. Choose another name for the execution",
			c.bucket.URI(c.layout.ManifestSummary()), err)
	}
	return c.result(summary), c.sum(ctx, c.layout.ManifestSummary(), manifest.Checksum(body))
}

// sum writes a manifest's checksum under both of its names, unless it is there.
func (c commit) sum(ctx context.Context, manifestKey string, sum []byte) error {
	for _, key := range c.layout.Checksums(manifestKey) {
		found, err := c.bucket.Get(ctx, key)
		if err != nil && !errors.Is(err, bucket.ErrNotFound) {
			return err
		}
		if err == nil && bytes.Equal(found, sum) {
			continue
		}
		if _, err := c.bucket.Put(ctx, key, sum); err != nil {
			return err
		}
	}
	return nil
}

// addMarkers adds the markers of a paced run to the strays. All segments are done, so nothing reads a marker any more.
func (c *scanCommit) addMarkers(ctx context.Context) error {
	if !c.plan.Scan.Paced() {
		return nil
	}
	for entry, err := range c.bucket.List(ctx, c.layout.PaceMarkers()) {
		if err != nil {
			return err
		}
		if c.own.Marker(entry.Key) {
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
	commit := run.Marshal(manifest.NewSummary(c.plan, c.totals, c.written, time.Now()))
	files, err := c.files.close(ctx)
	if err != nil {
		return run.Result{}, err
	}
	if err := c.sum(ctx, c.layout.ManifestFiles(), files); err != nil {
		return run.Result{}, err
	}
	if _, err := c.bucket.Create(ctx, c.layout.ManifestSummary(), commit); err != nil {
		return run.Result{}, fmt.Errorf("commit: %w", err)
	}
	// If this run's summary was there before, an answer was lost, or two invocations finished at the same time.
	return c.committed(ctx)
}

func (c commit) result(s manifest.Summary) run.Result {
	return run.Result{
		Version: run.Version, RunID: s.Scan.RunID, Mode: request.ModeScan, Table: s.Scan.Table, Manifest: c.bucket.URI(c.layout.ManifestSummary()),
		Bucket: c.plan.Bucket, Root: c.plan.Root, Items: s.Scan.Items, Records: s.ItemCount, Objects: s.Scan.Objects, Bytes: s.Scan.Bytes,
		Segments: len(c.plan.Scan.Segments()), ReadUnits: s.Scan.ReadUnits, Foreign: s.Scan.Foreign, StartTime: s.StartTime, EndTime: s.EndTime,
	}
}
