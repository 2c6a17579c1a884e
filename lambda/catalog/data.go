package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
)

// data is what a table can show: files, and how they are read.
type data struct {
	content ddl.Content
	table   ddl.Table
	// manifest is the key of the summary. Without it, the data is not committed, or no longer there.
	manifest string
	// location is the URI of the folder that has the files, or the list of the files.
	location string
	// asOf is the moment of the data. For a scan, it is the start.
	asOf time.Time
	// window is an incremental export; nil for all items of a table. files are the URIs of its files.
	window *run.ExportedWindow
	files  []string
	// foreign is what the folder has beside the run's files; nil if there is nothing.
	foreign *run.Foreign
}

// data returns what the run has committed. reason says why no table can show it.
func (c cataloger) data(ctx context.Context) (all []data, reason string, err error) {
	var content ddl.Content
	if c.plan.Scan != nil {
		content, reason, err = c.contentOfScan(ctx)
	} else {
		content, reason = c.contentOfExports()
	}
	if err != nil || reason != "" {
		return nil, reason, err
	}
	load := []func() (data, error){func() (data, error) { return c.scanned(ctx, content) }}
	if c.plan.Scan == nil {
		load = nil
		for _, window := range c.result.Exports {
			load = append(load, func() (data, error) { return c.exported(ctx, content, window) })
		}
	}
	for _, one := range load {
		d, err := one()
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			reason = gone(err)
		case err != nil:
			return nil, "", err
		default:
			all = append(all, d)
		}
	}
	for i, d := range all {
		var without error // a run that has no table is no failure
		if all[i].table, without = ddl.Of(d.content); without != nil {
			return nil, without.Error(), nil
		}
	}
	return all, reason, nil
}

// gone says that there is nothing to show, because a manifest is not there.
func gone(err error) string {
	return fmt.Sprintf("the data is no longer there, because the retention or another program has removed it: %v", err)
}

// contentOfScan returns what the files of a scan hold, or of an export that was converted.
func (c cataloger) contentOfScan(ctx context.Context) (content ddl.Content, reason string, err error) {
	scan := c.plan.Scan
	content = ddl.Content{Format: scan.Format, Compression: scan.Compression}
	switch {
	case scan.Encoder != nil:
		return content, fmt.Sprintf("the columns of the encoder %s are not known", scan.Encoder.Name), nil
	case scan.Format == request.FormatDynamoDBJSON:
		return content, "", nil
	case scan.Format != request.FormatParquet:
		return content, fmt.Sprintf("the columns of a scan in %s are not known", scan.Format), nil
	}
	stored, _, err := ledger.LoadSchema(ctx, c.bucket, c.plan)
	if err != nil {
		return content, "", err
	}
	content.Schema = new(schema.Schema)
	if err := json.Unmarshal(stored.Decided(), content.Schema); err != nil {
		return content, "", failure.Errorf(failure.ListsInconsistent, "read the schema of the run: %w", err)
	}
	return content, "", nil
}

func (c cataloger) contentOfExports() (content ddl.Content, reason string) {
	content = ddl.Content{Format: c.plan.Export.Request.Format, Compression: request.CompressionGZIP}
	switch {
	case len(c.result.Exports) == 0:
		return content, "the run has exported nothing"
	case content.Format != request.FormatDynamoDBJSON:
		return content, fmt.Sprintf("the columns of a native export in %s are not known: use export.format DYNAMODB_JSON, or format PARQUET", content.Format)
	}
	return content, ""
}

// scanned returns the data of a run that scans.
func (c cataloger) scanned(ctx context.Context, content ddl.Content) (data, error) {
	layout := c.plan.Final()
	d := data{content: content, manifest: layout.ManifestSummary(), location: c.bucket.URI(layout.DataPrefix()), foreign: c.result.Foreign}
	body, err := c.bucket.Get(ctx, d.manifest)
	if err != nil {
		return d, fmt.Errorf("read the manifest: %w", err)
	}
	summary, err := manifest.ParseSummary(c.plan, body)
	if err != nil {
		return d, c.changed(d.manifest, err)
	}
	d.asOf = summary.ExportTime
	return d, nil
}

// exported returns the data of a native export.
func (c cataloger) exported(ctx context.Context, content ddl.Content, window run.ExportedWindow) (data, error) {
	key := strings.TrimPrefix(window.Manifest, c.bucket.URI(""))
	d := data{content: content, manifest: key, foreign: window.Foreign}
	folder := path.Dir(key)
	var summary manifest.Summary
	body, err := c.bucket.Get(ctx, key)
	if err != nil {
		return d, fmt.Errorf("read the manifest: %w", err)
	}
	if err := json.Unmarshal(body, &summary); err != nil {
		return d, c.changed(key, err)
	}
	if summary.ExportARN != window.ExportARN {
		return d, c.changed(key, fmt.Errorf("it is of the export %.200q", summary.ExportARN))
	}
	d.asOf = *window.Covered()
	if window.ExportType == request.ExportFull {
		d.location = c.bucket.URI(folder + "/data/")
		return d, nil
	}
	d.content.Changes, d.window = true, &window
	d.location = c.bucket.URI(folder + symlinks)
	body, err = c.bucket.Get(ctx, summary.ManifestFilesS3Key)
	if err != nil {
		return d, fmt.Errorf("read the list of files: %w", err)
	}
	files, err := manifest.DecodeFiles(body)
	if err != nil {
		return d, c.changed(summary.ManifestFilesS3Key, err)
	}
	for _, file := range files {
		d.files = append(d.files, c.bucket.URI(file.DataFileKey))
	}
	return d, nil
}

// symlinks is the folder of an incremental export that has the list of its files. The files themselves are in a folder that all incremental exports
// of a prefix share. The list is the only object in its folder.
const symlinks = "/_symlinks/"

// writeSymlinks writes the list of the files of an incremental export.
func (c cataloger) writeSymlinks(ctx context.Context, d data) error {
	key := strings.TrimPrefix(d.location, c.bucket.URI("")) + "files.txt"
	if _, err := c.bucket.Put(ctx, key, ddl.SymlinkFile(d.files)); err != nil {
		return fmt.Errorf("write the list of files: %w", err)
	}
	return nil
}

func (c cataloger) changed(key string, cause error) error {
	return failure.Errorf(failure.CatalogFailed, "%s is not the manifest that the run has committed: %w. Another program may have changed it: restore it, and redrive the execution",
		c.bucket.URI(key), cause)
}
