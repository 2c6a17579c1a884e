package finalize

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
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
	s.stored = newStored(c.bucket.List(ctx, c.layout.DataPrefix()), s.own.Data, &s.written.Foreign)
	defer s.stored.stop()
	if result, err = s.run(ctx); err != nil {
		s.files.abort(ctx)
	}
	return result, err
}

// run merges the segments' lists, and commits the run if it is whole.
func (c *scanCommit) run(ctx context.Context) (run.Result, error) {
	if err := c.merge(ctx); err != nil {
		return run.Result{}, err
	}
	if err := c.inconsistent(c.faults); err != nil {
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
			c.strays = append(c.strays, entry.Key)
		} else {
			c.written.Foreign.Add(entry.Key)
		}
	}
	return nil
}

// sweep removes what tries left behind that ended early: objects and lists that nothing names, and uploads that were never completed.
// It keeps its own upload, and whatever has another name than the functions write.
func (c *scanCommit) sweep(ctx context.Context) error {
	strays := slices.Concat(c.strays, c.stored.strays)
	if err := c.bucket.Delete(ctx, strays); err != nil {
		return fmt.Errorf("remove what no list names: %w", err)
	}
	aborted, err := c.bucket.AbortUploads(ctx, c.layout.Root+"/", c.ownUpload, c.files.upload)
	if err != nil {
		return fmt.Errorf("abort unfinished uploads: %w", err)
	}
	if len(strays) > 0 || aborted > 0 {
		c.log.InfoContext(ctx, "swept", "objects", len(strays), "uploads", aborted)
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

// ownUpload reports whether an unfinished upload is the run's, and counts the others.
func (c *scanCommit) ownUpload(key string) bool {
	if c.own.Data(key) || key == c.layout.ManifestFiles() {
		return true
	}
	c.written.Foreign.Add(key)
	return false
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
