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
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/runschema"
	"dynamodb-to-s3/lambda/schema"
)

// data is what a table can show: files, and how they are read.
type data struct {
	content ddl.Content
	table   ddl.Table
	// location is the URI of the folder that has the files, or the list of the files.
	location string
	// asOf is the moment of the data. For a scan, it is the start.
	asOf time.Time
	// window is an incremental export; nil for all items of a table. files are the URIs of its files.
	window *run.ExportedWindow
	files  []string
	// learned is what the result says about a schema that the scan has learned; nil if the scan has not learned.
	learned *run.LearnedSchema
	// foreign is what the folder has beside the run's files, or nil.
	foreign *run.Foreign
}

// unshownError says why no table can show data. It is no failure of the step.
type unshownError struct{ error }

// data returns what the run has committed. reason says why no table can show the rest, or anything.
func (c cataloger) data(ctx context.Context) (all []data, reason string, err error) {
	load := []func() (data, error){func() (data, error) { return c.scanned(ctx) }}
	if c.plan.Scan == nil {
		if load = nil; len(c.result.Exports) == 0 {
			reason = "the run has exported nothing"
		}
		for _, window := range c.result.Exports {
			load = append(load, func() (data, error) { return c.exported(ctx, window) })
		}
	}
	for _, one := range load {
		d, err := one()
		if err == nil {
			if d.table, err = ddl.Of(d.content); err != nil {
				err = unshownError{err}
			}
		}
		switch without, ok := errors.AsType[unshownError](err); {
		case ok:
			reason = without.Error()
		case errors.Is(err, bucket.ErrNotFound) && failure.NameOf(err) != failure.ListsInconsistent: // the manifest; segment lists must be there
			reason = fmt.Sprintf("the data is no longer there, because the retention or another program has removed it: %v", err)
		case err != nil:
			return nil, "", err
		default:
			all = append(all, d)
		}
	}
	return all, reason, nil
}

// scanned returns the data of a run that scans, or that has converted an export.
func (c cataloger) scanned(ctx context.Context) (data, error) {
	scan, layout := c.plan.Scan, c.plan.Final()
	d := data{
		content:  ddl.Content{Format: scan.Format, Compression: scan.Compression},
		location: c.bucket.URI(layout.DataPrefix()), foreign: c.result.Foreign,
	}
	body, err := c.bucket.Get(ctx, layout.ManifestSummary())
	if err != nil {
		return d, fmt.Errorf("read the manifest: %w", err)
	}
	summary, err := manifest.ParseSummary(c.plan, body)
	if err != nil {
		return d, c.changed(layout.ManifestSummary(), err)
	}
	d.asOf = summary.ExportTime
	if scan.Encoder != nil {
		return d, unshownError{fmt.Errorf("the columns of the encoder %s are not known", scan.Encoder.Name)}
	}
	if scan.Format == request.FormatDynamoDBJSON {
		return d, nil
	}
	stored, err := runschema.Committed(ctx, c.bucket, c.plan, summary.ItemCount, c.log)
	if err != nil {
		return d, err
	}
	if c.plan.Parquet == nil { // the result of a run that makes Parquet files has it already
		d.learned = runschema.ForResult(c.bucket, c.plan, stored, stored.Rest)
	}
	d.content.Schema, d.content.Rest = new(schema.Schema), stored.Rest
	if err := json.Unmarshal(stored.Decided(), d.content.Schema); err != nil {
		return d, failure.Errorf(failure.CatalogFailed, "read the schema of the run: %w", err)
	}
	return d, nil
}

// exported returns the data of a native export.
func (c cataloger) exported(ctx context.Context, window run.ExportedWindow) (data, error) {
	key := strings.TrimPrefix(window.Manifest, c.bucket.URI(""))
	folder := path.Dir(key)
	d := data{content: ddl.Content{Format: c.plan.Export.Request.Format, Compression: request.CompressionGZIP}, foreign: window.Foreign}
	if d.content.Format != request.FormatDynamoDBJSON {
		return d, unshownError{fmt.Errorf("the columns of a native export in %s are not known: use export.format DYNAMODB_JSON, or format PARQUET", d.content.Format)}
	}
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
