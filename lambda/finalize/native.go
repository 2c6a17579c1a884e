package finalize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// finders is how many objects are looked for at once.
const finders = 32

// checkExport reads the manifests that DynamoDB has written and holds every file that they name against the bucket.
func (r ending) checkExport(ctx context.Context, p ledger.PendingExport) (run.ExportedWindow, error) {
	window := run.ExportedWindow{
		ExportARN: p.ExportARN, ExportType: p.ExportType, From: p.From, To: p.To, Reason: p.Reason, Followed: p.Followed,
		Manifest: r.bucket.URI(p.Done.Manifest), Items: p.Done.Items, BilledBytes: p.Done.BilledBytes,
		StartTime: p.Done.StartTime, EndTime: p.Done.EndTime,
	}
	if window.ExportTime = p.ExportTime; p.ExportType == request.ExportFull && window.ExportTime == nil { // now was asked for
		window.ExportTime = &p.Done.ExportTime
	}
	var summary manifest.Summary
	if err := r.readManifest(ctx, p.Done.Manifest, func(body []byte) error { return json.Unmarshal(body, &summary) }); err != nil {
		return window, err
	}
	if summary.ExportARN != p.ExportARN {
		return window, r.incomplete(p.Done.Manifest, "is of export "+summary.ExportARN+", want "+p.ExportARN)
	}
	var files []manifest.File
	err := r.readManifest(ctx, summary.ManifestFilesS3Key, func(body []byte) (err error) {
		files, err = manifest.DecodeFiles(body)
		return err
	})
	if err != nil {
		return window, err
	}
	window.Objects = int64(len(files))
	if p.ExportType == request.ExportFull {
		window.Bytes, err = r.compareFolder(ctx, path.Dir(p.Done.Manifest)+"/data/", files)
	} else {
		window.Bytes, err = r.compareEach(ctx, files)
	}
	return window, err
}

// readManifest reads a manifest, holds it against its checksum, and decodes it. Its checksum has one of two names.
func (r ending) readManifest(ctx context.Context, key string, decode func([]byte) error) error {
	body, err := r.bucket.Get(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return r.incomplete(key, "is not there")
	}
	if err != nil {
		return err
	}
	for _, name := range (run.Layout{}).Checksums(key) {
		sum, err := r.bucket.Get(ctx, name)
		if errors.Is(err, bucket.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if want := manifest.Checksum(body); string(sum) != string(want) {
			return r.incomplete(key, fmt.Sprintf("has the MD5 %s, %s says %.40q", want, path.Base(name), sum))
		}
		break
	}
	if err := decode(body); err != nil {
		return r.incomplete(key, "cannot be read: "+err.Error())
	}
	return nil
}

// compareFolder holds files against one listing of the folder that only they are in, and returns their bytes.
func (r ending) compareFolder(ctx context.Context, folder string, files []manifest.File) (total int64, err error) {
	named := make(map[string]manifest.File, len(files))
	for _, file := range files {
		named[file.DataFileKey] = file
	}
	for entry, err := range r.bucket.List(ctx, folder) {
		if err != nil {
			return 0, err
		}
		file, wanted := named[entry.Key]
		if !wanted {
			continue // nobody's, so nobody's to remove
		}
		if err := r.compareFile(file, entry); err != nil {
			return 0, err
		}
		total += entry.Bytes
		delete(named, entry.Key)
	}
	for key := range named {
		return 0, r.incomplete(key, fmt.Sprintf("is not there, and %d more", len(named)-1))
	}
	return total, nil
}

// compareEach looks for each file by itself: those of an incremental export lie among those of all others of the prefix.
func (r ending) compareEach(ctx context.Context, files []manifest.File) (total int64, err error) {
	var mu sync.Mutex // guards total
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(finders)
	for _, file := range files {
		group.Go(func() error {
			entry, err := r.bucket.Find(ctx, file.DataFileKey)
			if errors.Is(err, bucket.ErrNotFound) {
				return r.incomplete(file.DataFileKey, "is not there")
			}
			if err != nil {
				return err
			}
			mu.Lock()
			total += entry.Bytes
			mu.Unlock()
			return r.compareFile(file, entry)
		})
	}
	return total, group.Wait()
}

func (r ending) compareFile(file manifest.File, entry bucket.Entry) error {
	switch {
	case file.ETag != entry.ETag:
		return r.incomplete(entry.Key, fmt.Sprintf("has the ETag %s, the manifest says %s", entry.ETag, file.ETag))
	case entry.Bytes == 0 && file.ItemCount > 0:
		return r.incomplete(entry.Key, fmt.Sprintf("is empty, the manifest says %d items", file.ItemCount))
	default:
		return nil
	}
}

func (r ending) incomplete(key, words string) error {
	return failure.Errorf(failure.ExportIncomplete,
		"nothing was committed, for the export is not whole: %s %s. Somebody else may have changed objects there; start a new execution under another name", r.bucket.URI(key), words)
}
