package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// check is something that was compared, and how.
type check struct {
	ok    bool
	words string
}

func (r *Run) check(ok bool, words string, args ...any) {
	r.checks = append(r.checks, check{ok, plain(fmt.Sprintf(words, args...))})
}

// readCommit reads the manifests of a run that commits files of its own, and checks them. plan is that of the last pass.
func (r *Run) readCommit(ctx context.Context, at Place, plan run.Plan) error {
	if plan.Export != nil {
		return nil
	}
	layout := plan.Final()
	var summary manifest.Summary
	body, err := r.readChecked(ctx, at, layout.ManifestSummary())
	if err != nil || body == nil {
		return err
	}
	if summary, err = manifest.ParseSummary(plan, body); err != nil {
		r.check(false, "manifest-summary.json is not this run's: %v", err)
		return nil
	}
	result := summary.Result(plan)
	r.Result, r.written = &result, summary.Scan.WrittenBy
	if body, err = r.readChecked(ctx, at, layout.ManifestFiles()); err != nil {
		return err
	}
	if body == nil {
		r.check(false, "manifest-files.json is missing.")
		return nil
	}
	var objects, records, summed int64
	for file, err := range manifest.Files(bytes.NewReader(body)) {
		if err != nil {
			r.check(false, "manifest-files.json cannot be read: %v.", err)
			return nil
		}
		objects++
		if records += file.ItemCount; file.MD5Checksum != "" {
			summed++
		}
	}
	r.check(objects == summary.Scan.Objects && records == summary.ItemCount,
		"manifest-files.json names %s with %s; the summary says %s and %s.", plural(objects, "object"), plural(records, "record"), count(summary.Scan.Objects), count(summary.ItemCount))
	r.check(summed == objects, "%s of %s have an MD5 in the manifest.", count(summed), plural(objects, "object"))
	return nil
}

// readChecked reads a manifest, and compares it with its checksum. It returns nil if there is no manifest.
func (r *Run) readChecked(ctx context.Context, at Place, key string) ([]byte, error) {
	body, err := at.Get(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a manifest: %w", err)
	}
	for _, name := range (run.Layout{}).Checksums(key) {
		sum, err := at.Get(ctx, name)
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("read the checksum of a manifest: %w", err)
		}
		if bytes.Equal(sum, manifest.Checksum(body)) {
			r.check(true, "%s has the checksum that %s says.", path.Base(key), path.Base(name))
		} else {
			r.check(false, "%s has not the checksum that %s says.", path.Base(key), path.Base(name))
		}
		return body, nil
	}
	r.check(false, "%s has no checksum beside it.", path.Base(key))
	return body, nil
}

// readExports reads what is known about the native exports of a run: its result, or else its journal.
func (r *Run) readExports(ctx context.Context, at Place) error {
	if r.Plan.Export == nil {
		return nil
	}
	if r.Plan.CommitsExports() {
		var result run.Result
		if found, err := decode(ctx, at, r.Plan.Final().Result(), &result); err != nil {
			return err
		} else if found {
			r.Result = &result
			return r.checkExports(ctx, at)
		}
	}
	var journal ledger.Journal
	if found, err := decode(ctx, at, r.Plan.Journal(), &journal); err != nil || !found {
		return err
	}
	r.pending = journal.Of(r.Plan.Owners())
	for _, p := range journal.Pending {
		window := run.ExportedWindow{ExportARN: p.ExportARN, ExportType: p.ExportType, ExportTime: p.ExportTime, From: p.From, To: p.To, Reason: p.Reason, StartTime: p.Since}
		if p.Done != nil {
			window.StartTime, window.EndTime, window.Items, window.BilledBytes = p.Done.StartTime, p.Done.EndTime, p.Done.Items, p.Done.BilledBytes
		}
		r.pending = append(r.pending, window)
	}
	return nil
}

// checkExports checks the manifests of the exports that the run has committed.
func (r *Run) checkExports(ctx context.Context, at Place) error {
	for _, window := range r.Result.Exports {
		key, ok := manifestKey(r.Plan, window)
		if !ok {
			continue
		}
		body, err := r.readChecked(ctx, at, key)
		if err != nil {
			return err
		}
		var summary manifest.Summary
		switch {
		case body == nil:
			r.check(false, "The manifest of the export %s is missing: the retention or another program may have removed it.", path.Base(window.ExportARN))
		case json.Unmarshal(body, &summary) != nil:
			r.check(false, "The manifest of the export %s cannot be read.", path.Base(window.ExportARN))
		default:
			r.check(summary.ExportARN == window.ExportARN, "The manifest is that of the export %s.", path.Base(window.ExportARN))
		}
	}
	return nil
}

// manifestKey returns the key of an export's manifest. ok is false if the export has none, or is in another bucket.
func manifestKey(plan run.Plan, window run.ExportedWindow) (key string, ok bool) {
	return strings.CutPrefix(window.Manifest, "s3://"+plan.Bucket+"/")
}

// fullExportFolder returns the folder of the data objects of a full export. Incremental exports share one folder, so theirs is not returned.
func fullExportFolder(plan run.Plan, window run.ExportedWindow) (folder string, ok bool) {
	key, ok := manifestKey(plan, window)
	return path.Dir(key) + "/data/", ok && window.ExportType == request.ExportFull
}
