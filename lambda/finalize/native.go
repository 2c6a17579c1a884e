package finalize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"golang.org/x/sync/errgroup"
)

// checkExport reads the manifests that DynamoDB has written and compares every file that they name with the bucket.
func (c commit) checkExport(ctx context.Context, p ledger.PendingExport) (run.ExportedWindow, error) {
	window := run.ExportedWindow{
		ExportARN: p.ExportARN, ExportType: p.ExportType, From: p.From, To: p.To, Reason: reasonOf(p), Followed: p.Followed,
		Manifest: c.bucket.URI(p.Done.Manifest), BilledBytes: p.Done.BilledBytes,
		StartTime: p.Done.StartTime, EndTime: p.Done.EndTime,
	}
	if window.ExportTime = p.ExportTime; p.ExportType == request.ExportFull && window.ExportTime == nil { // the request asked for now
		window.ExportTime = &p.Done.ExportTime
	}
	var summary manifest.Summary
	if err := c.readManifest(ctx, p.Done.Manifest, func(body []byte) error { return json.Unmarshal(body, &summary) }); err != nil {
		return window, err
	}
	if summary.ExportARN != p.ExportARN {
		return window, c.fault(p.Done.Manifest, "is the manifest of export "+summary.ExportARN+", want "+p.ExportARN)
	}
	if err := table.Compare(c.plan, summary.TableID, ""); err != nil {
		return window, err
	}
	var files []manifest.File
	err := c.readManifest(ctx, summary.ManifestFilesS3Key, func(body []byte) (err error) {
		files, err = manifest.DecodeFiles(body)
		return err
	})
	if err != nil {
		return window, err
	}
	if window.Items, err = c.countItems(ctx, p, summary, files); err != nil {
		return window, err
	}
	window.Objects = int64(len(files))
	if p.ExportType == request.ExportFull {
		window.Bytes, window.Foreign, err = c.compareFolder(ctx, path.Dir(p.Done.Manifest)+"/data/", files)
	} else {
		window.Bytes, err = c.compareEach(ctx, files)
	}
	return window, err
}

// reasonOf says why an export is a full one although the request asks for an incremental one, and why it was made again.
func reasonOf(p ledger.PendingExport) string {
	if p.Incomplete == "" {
		return p.Reason
	}
	return strings.TrimPrefix(p.Reason+"; made again, because "+p.Incomplete, "; ")
}

// countItems returns the number of records in an export's files: items of a full export, changes of an incremental one. DynamoDB says it
// three times, and the numbers must agree. In manifests that AWS has published they do, for full and for incremental exports. It is not
// known what the totals of a filtered export count, so there a difference is logged, and the files decide.
func (c commit) countItems(ctx context.Context, p ledger.PendingExport, summary manifest.Summary, files []manifest.File) (items int64, err error) {
	seen := make(map[string]bool, len(files))
	for _, file := range files {
		switch {
		case file.ItemCount < 0:
			return 0, c.fault(summary.ManifestFilesS3Key, fmt.Sprintf("says that %s has %d items", file.DataFileKey, file.ItemCount))
		case seen[file.DataFileKey]:
			return 0, c.fault(summary.ManifestFilesS3Key, "names "+file.DataFileKey+" twice")
		}
		seen[file.DataFileKey] = true
		items += file.ItemCount
	}
	if billed := summary.BilledSizeBytes; billed != p.Done.BilledBytes {
		c.log.WarnContext(ctx, "billed sizes differ", "arn", p.ExportARN, "described", p.Done.BilledBytes, "summary", billed)
	}
	if summary.ItemCount == items && p.Done.Items == items {
		return items, nil
	}
	if p.Filter != nil {
		c.log.WarnContext(ctx, "item counts of a filtered export differ", "arn", p.ExportARN, "described", p.Done.Items, "summary", summary.ItemCount, "files", items)
		return items, nil
	}
	return 0, c.fault(p.Done.Manifest, fmt.Sprintf("says that the export has %d items, DescribeExport says %d, and the %d files in %s have %d",
		summary.ItemCount, p.Done.Items, len(files), path.Base(summary.ManifestFilesS3Key), items))
}

// readManifest reads a manifest, compares it with its checksum, and decodes it. The checksum object has one of two names.
func (c commit) readManifest(ctx context.Context, key string, decode func([]byte) error) error {
	body, err := c.bucket.Get(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return c.fault(key, "is missing")
	}
	if err != nil {
		return err
	}
	for _, name := range (run.Layout{}).Checksums(key) {
		sum, err := c.bucket.Get(ctx, name)
		if errors.Is(err, bucket.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if want := manifest.Checksum(body); string(sum) != string(want) {
			return c.fault(key, fmt.Sprintf("has the MD5 %s, %s says %.40q", want, path.Base(name), sum))
		}
		break
	}
	if err := decode(body); err != nil {
		return c.fault(key, "cannot be read: "+err.Error())
	}
	return nil
}

// compareFolder compares files with one listing of their folder, which holds no other export's. It returns their bytes, and what else is
// in the folder.
func (c commit) compareFolder(ctx context.Context, folder string, files []manifest.File) (total int64, foreign *run.Foreign, err error) {
	named := make(map[string]manifest.File, len(files))
	for _, file := range files {
		named[file.DataFileKey] = file
	}
	others := &run.Foreign{}
	for entry, err := range c.bucket.List(ctx, folder) {
		if err != nil {
			return 0, nil, err
		}
		file, wanted := named[entry.Key]
		if !wanted {
			others.Add(entry.Key)
			continue
		}
		if err := c.compareFile(file, entry); err != nil {
			return 0, nil, err
		}
		total += entry.Bytes
		delete(named, entry.Key)
	}
	if len(named) > 0 {
		missing := slices.Sorted(maps.Keys(named))
		return 0, nil, c.fault(missing[0], fmt.Sprintf("is missing (%d of the %d files are missing)", len(missing), len(files)))
	}
	c.warnOf(ctx, *others)
	return total, others.Found(), nil
}

// compareEach looks up each file by itself: all incremental exports of a prefix share one folder.
func (c commit) compareEach(ctx context.Context, files []manifest.File) (total int64, err error) {
	var mu sync.Mutex // guards total
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inParallel)
	for _, file := range files {
		group.Go(func() error {
			entry, err := c.bucket.Find(ctx, file.DataFileKey)
			if errors.Is(err, bucket.ErrNotFound) {
				return c.fault(file.DataFileKey, "is missing")
			}
			if err != nil {
				return err
			}
			mu.Lock()
			total += entry.Bytes
			mu.Unlock()
			return c.compareFile(file, entry)
		})
	}
	err = group.Wait()
	return total, err
}

func (c commit) compareFile(file manifest.File, entry bucket.Entry) error {
	switch {
	case file.ETag != entry.ETag:
		return c.fault(entry.Key, fmt.Sprintf("has the ETag %s, the manifest says %s", entry.ETag, file.ETag))
	case entry.Bytes == 0 && file.ItemCount > 0:
		return c.fault(entry.Key, fmt.Sprintf("is empty, the manifest says %d items", file.ItemCount))
	default:
		return nil
	}
}

func (c commit) fault(key, words string) error {
	return failure.Errorf(failure.ExportIncomplete, "%s %s", c.bucket.URI(key), words)
}
