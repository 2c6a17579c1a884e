package commit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/manifest"
)

// scan commits a run that scans.
func (r run) scan(ctx context.Context) (job.Result, error) {
	result, err := r.committed(ctx)
	if !errors.Is(err, bucket.ErrNotFound) {
		return result, err
	}
	merged, err := r.merge(ctx)
	if err != nil {
		return job.Result{}, err
	}
	if err := r.compare(ctx, &merged); err != nil {
		return job.Result{}, err
	}
	if err := r.sweep(ctx, merged.strays); err != nil {
		return job.Result{}, err
	}
	return r.commit(ctx, merged)
}

// committed returns the result of a run that has its commit, ErrNotFound of one that has not.
func (r run) committed(ctx context.Context) (job.Result, error) {
	body, err := r.bucket.Get(ctx, r.layout.ManifestSummary())
	if err != nil {
		return job.Result{}, err
	}
	var summary manifest.Summary
	if err := json.Unmarshal(body, &summary); err != nil || summary.Scan == nil {
		return job.Result{}, job.Errorf(job.ListsInconsistent, "%s is no manifest of ours (%v): choose another name for the execution",
			r.bucket.URI(r.layout.ManifestSummary()), err)
	}
	return r.result(summary), nil
}

// compare holds the objects that the lists name against those that the bucket has: each must be there with its size and its
// ETag. What the bucket has besides becomes a stray.
func (r run) compare(ctx context.Context, m *merged) error {
	listed := make(map[string]job.Object, len(m.objects))
	for _, o := range m.objects {
		listed[o.Key] = o
	}
	var faults []string
	for entry, err := range r.bucket.List(ctx, r.layout.DataPrefix()) {
		if err != nil {
			return err
		}
		o, named := listed[entry.Key]
		switch {
		case !named:
			m.strays = append(m.strays, entry.Key)
			continue
		case o.Bytes != entry.Bytes, o.ETag != entry.ETag:
			faults = append(faults, fmt.Sprintf("%s was listed with %d bytes and ETag %s and has %d and %s",
				entry.Key, o.Bytes, o.ETag, entry.Bytes, entry.ETag))
		}
		delete(listed, entry.Key)
	}
	for _, o := range m.objects {
		if _, missing := listed[o.Key]; missing {
			faults = append(faults, o.Key+" was listed and is not there")
		}
	}
	return r.inconsistent(faults)
}

// inconsistent returns nil for no faults, else one error that shows the first few.
func (r run) inconsistent(faults []string) error {
	const most = 5
	if len(faults) == 0 {
		return nil
	}
	shown := strings.Join(faults[:min(most, len(faults))], "; ")
	if more := len(faults) - most; more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return job.Errorf(job.ListsInconsistent,
		"nothing was committed, for the run at %s is not whole: %s. Somebody else may have written or removed objects there; start a new execution",
		r.bucket.URI(r.layout.Root), shown)
}

// sweep removes what invocations left that were cut off and then done again: objects and lists that nothing names, and
// uploads that were never completed.
func (r run) sweep(ctx context.Context, strays []string) error {
	if err := r.bucket.Delete(ctx, strays); err != nil {
		return fmt.Errorf("remove what no list names: %w", err)
	}
	aborted, err := r.bucket.AbortUploads(ctx, r.layout.Root+"/")
	if err != nil {
		return fmt.Errorf("give up unfinished uploads: %w", err)
	}
	if len(strays) > 0 || aborted > 0 {
		r.log.InfoContext(ctx, "swept", "objects", len(strays), "uploads", aborted)
	}
	return nil
}

// commit writes the manifests, the summary last and only if nobody else has.
func (r run) commit(ctx context.Context, m merged) (job.Result, error) {
	files, err := manifest.EncodeFiles(m.objects)
	if err != nil {
		return job.Result{}, err
	}
	summary := manifest.NewSummary(r.plan, m.totals, m.objects, time.Now())
	commit, err := json.Marshal(summary)
	if err != nil {
		return job.Result{}, fmt.Errorf("internal error: a summary does not marshal: %w", err)
	}
	if _, err := r.bucket.Put(ctx, r.layout.ManifestFiles(), files); err != nil {
		return job.Result{}, err
	}
	for manifestKey, body := range map[string][]byte{r.layout.ManifestFiles(): files, r.layout.ManifestSummary(): commit} {
		for _, key := range r.layout.Checksums(manifestKey) {
			if _, err := r.bucket.Put(ctx, key, manifest.Checksum(body)); err != nil {
				return job.Result{}, err
			}
		}
	}
	created, err := r.bucket.Create(ctx, r.layout.ManifestSummary(), commit)
	if err != nil {
		return job.Result{}, fmt.Errorf("commit: %w", err)
	}
	if !created { // by this same run: an answer was lost, or two of us finished at once
		return r.committed(ctx)
	}
	return r.result(summary), nil
}

func (r run) result(s manifest.Summary) job.Result {
	return job.Result{
		RunID: s.Scan.RunID, Mode: job.ModeScan, Table: s.Scan.Table, Manifest: r.bucket.URI(r.layout.ManifestSummary()),
		Bucket: r.plan.Bucket, Root: r.plan.Root, Items: s.Scan.Items, Records: s.ItemCount, Objects: s.Scan.Objects, Bytes: s.Scan.Bytes,
		Segments: len(r.plan.Segments()), ReadUnits: s.Scan.ReadUnits, StartTime: s.StartTime, EndTime: s.EndTime,
	}
}
