package finalize

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// scan commits a run that scanned.
func (c commit) scan(ctx context.Context) (run.Result, error) {
	result, err := c.committed(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return result, err
	}
	if err := ledger.CheckClaim(ctx, c.bucket, c.plan); err != nil {
		return run.Result{}, err
	}
	s := scanCommit{commit: c, own: c.plan.OwnKeys(), digest: c.plan.Digest(), files: newFiles(c.bucket, c.layout.ManifestFiles())}
	s.stored = newOrdered(c.bucket.List(ctx, c.layout.DataPrefix()), func(e bucket.Entry) string { return e.Key }, s.strayObject)
	s.uploads = newOrdered(c.bucket.Uploads(ctx, c.layout.Root+"/"), func(u bucket.Upload) string { return u.Key }, s.strayUpload)
	defer s.stored.stop()
	defer s.uploads.stop()
	if result, err = s.run(ctx); err != nil {
		s.files.abort(ctx)
	}
	return result, err
}

// scanCommit is the commit of a run that scanned.
type scanCommit struct {
	commit
	own     run.OwnKeys
	digest  string // of the plan
	stored  *ordered[bucket.Entry]
	uploads *ordered[bucket.Upload]
	files   *files
	totals  run.Totals
	written manifest.Written
	faults  faults
	gone    faults   // keys of uploads that are neither open nor completed
	listed  []listed // from the first one on whose upload is open
	// What no chain names, of the run's own.
	strayLists, strayObjects []string
	strayUploads             []bucket.Upload
}

// run merges the segments' lists, and commits the run if it is whole.
func (c *scanCommit) run(ctx context.Context) (run.Result, error) {
	if err := c.merge(ctx); err != nil {
		return run.Result{}, err
	}
	if err := c.inconsistent(c.faults); err != nil {
		return run.Result{}, err
	}
	if c.gone.count > 0 {
		return run.Result{}, uploadGone(c.bucket, c.gone.String())
	}
	// Remove first what a reader must not see beside the run's objects.
	if err := c.bucket.Delete(ctx, c.strayObjects); err != nil {
		return run.Result{}, fmt.Errorf("remove what no list names: %w", err)
	}
	if err := c.complete(ctx); err != nil {
		return run.Result{}, err
	}
	if err := c.addMarkers(ctx); err != nil {
		return run.Result{}, err
	}
	if err := c.sweep(ctx); err != nil {
		return run.Result{}, err
	}
	return c.write(ctx)
}

// strayObject takes an object that no list names: it is left over from a try of the run, or somebody else's.
func (c *scanCommit) strayObject(entry bucket.Entry) {
	if c.own.Data(entry.Key) {
		c.strayObjects = append(c.strayObjects, entry.Key)
	} else {
		c.written.Foreign.Add(entry.Key)
	}
}

// strayUpload takes an open upload that no list names.
func (c *scanCommit) strayUpload(upload bucket.Upload) {
	if c.own.Data(upload.Key) || upload.Key == c.layout.ManifestFiles() {
		c.strayUploads = append(c.strayUploads, upload)
	} else {
		c.written.Foreign.Add(upload.Key)
	}
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
	var summary manifest.Summary
	if err = json.Unmarshal(body, &summary); err == nil && summary.Scan == nil {
		err = errors.New("it has no member scan")
	}
	if err == nil && (summary.Scan.RunID != c.plan.RunID || !summary.StartTime.Equal(c.plan.StartTime)) {
		err = fmt.Errorf("it is of the run %q that began at %s", summary.Scan.RunID, summary.StartTime.Format(time.RFC3339))
	}
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
