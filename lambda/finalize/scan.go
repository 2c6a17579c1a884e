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
)

// scan commits a run that scans.
func (r ending) scan(ctx context.Context) (run.Result, error) {
	result, err := r.committed(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return result, err
	}
	if err := ledger.CheckClaim(ctx, r.bucket, r.plan); err != nil {
		return run.Result{}, err
	}
	m := merger{ending: r, files: newFiles(r.bucket, r.layout.ManifestFiles()), stored: newStored(r.bucket.List(ctx, r.layout.DataPrefix()))}
	defer m.stored.stop()
	if result, err = m.commit(ctx); err != nil {
		m.files.abort(ctx)
	}
	return result, err
}

// commit merges what the segments have listed, and commits it if it is whole.
func (m *merger) commit(ctx context.Context) (run.Result, error) {
	if err := m.merge(ctx); err != nil {
		return run.Result{}, err
	}
	if err := m.inconsistent(m.faults); err != nil {
		return run.Result{}, err
	}
	if err := m.addMarkers(ctx); err != nil {
		return run.Result{}, err
	}
	if err := m.sweep(ctx, append(m.strays, m.stored.strays...), m.files.upload); err != nil {
		return run.Result{}, err
	}
	return m.write(ctx)
}

// committed returns the result of a run that has its commit, ErrNotFound of one that has not.
//
// It writes the commit's checksums where they are missing, for whoever has committed may have died before it did. They are of
// what is there: of two that finish at once each has a summary of its own, and only one of these is the commit.
func (r ending) committed(ctx context.Context) (run.Result, error) {
	body, err := r.bucket.Get(ctx, r.layout.ManifestSummary())
	if err != nil {
		return run.Result{}, err
	}
	var summary manifest.Summary
	if err := json.Unmarshal(body, &summary); err != nil || summary.Scan == nil {
		return run.Result{}, failure.Errorf(failure.ListsInconsistent, "%s is no manifest of ours (%v): choose another name for the execution",
			r.bucket.URI(r.layout.ManifestSummary()), err)
	}
	return r.result(summary), r.sum(ctx, r.layout.ManifestSummary(), manifest.Checksum(body))
}

// sum writes a manifest's checksum under its names, where it is not there.
func (r ending) sum(ctx context.Context, manifestKey string, sum []byte) error {
	for _, key := range r.layout.Checksums(manifestKey) {
		found, err := r.bucket.Get(ctx, key)
		if err != nil && !errors.Is(err, bucket.ErrNotFound) {
			return err
		}
		if err == nil && bytes.Equal(found, sum) {
			continue
		}
		if _, err := r.bucket.Put(ctx, key, sum); err != nil {
			return err
		}
	}
	return nil
}

// addMarkers adds to the strays what the segments of a paced run have told each other: all of them are done.
func (m *merger) addMarkers(ctx context.Context) error {
	if !m.plan.Scan.Paced() {
		return nil
	}
	for entry, err := range m.bucket.List(ctx, m.layout.PaceMarkers()) {
		if err != nil {
			return err
		}
		m.strays = append(m.strays, entry.Key)
	}
	return nil
}

// sweep removes what invocations left that were cut off and then done again: objects and lists that nothing names, and
// uploads that were never completed, but for the one of its own.
func (r ending) sweep(ctx context.Context, strays []string, own *bucket.Upload) error {
	if err := r.bucket.Delete(ctx, strays); err != nil {
		return fmt.Errorf("remove what no list names: %w", err)
	}
	aborted, err := r.bucket.AbortUploads(ctx, r.layout.Root+"/", own)
	if err != nil {
		return fmt.Errorf("give up unfinished uploads: %w", err)
	}
	if len(strays) > 0 || aborted > 0 {
		r.log.InfoContext(ctx, "swept", "objects", len(strays), "uploads", aborted)
	}
	return nil
}

// write writes the manifests, the summary only if nobody else has, and returns the result of the one that is there then.
func (m *merger) write(ctx context.Context) (run.Result, error) {
	commit, err := json.Marshal(manifest.NewSummary(m.plan, m.totals, m.written, time.Now()))
	if err != nil {
		return run.Result{}, fmt.Errorf("internal error: a summary does not marshal: %w", err)
	}
	files, err := m.files.close(ctx)
	if err != nil {
		return run.Result{}, err
	}
	if err := m.sum(ctx, m.layout.ManifestFiles(), files); err != nil {
		return run.Result{}, err
	}
	if _, err := m.bucket.Create(ctx, m.layout.ManifestSummary(), commit); err != nil {
		return run.Result{}, fmt.Errorf("commit: %w", err)
	}
	// Where it was there already, by this same run, an answer was lost, or two of us have finished at once.
	return m.committed(ctx)
}

func (r ending) result(s manifest.Summary) run.Result {
	return run.Result{
		Version: run.Version, RunID: s.Scan.RunID, Mode: request.ModeScan, Table: s.Scan.Table, Manifest: r.bucket.URI(r.layout.ManifestSummary()),
		Bucket: r.plan.Bucket, Root: r.plan.Root, Items: s.Scan.Items, Records: s.ItemCount, Objects: s.Scan.Objects, Bytes: s.Scan.Bytes,
		Segments: len(r.plan.Scan.Segments()), ReadUnits: s.Scan.ReadUnits, StartTime: s.StartTime, EndTime: s.EndTime,
	}
}
