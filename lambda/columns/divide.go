package columns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

const (
	// usualShare is about how many stored bytes a segment of the second pass has. A function with 512 MiB of memory converts them in a minute
	// or two.
	usualShare = 512 << 20
	// sharesAtOnce is how many lists of files are written at the same time.
	sharesAtOnce = 32
)

// source finds the staged files of the run, and divides them for the second pass. It returns how many records they have.
func (w work) source(ctx context.Context, own *run.Schema) (records int64, err error) {
	if w.plan.Parquet.Segments > 0 { // a native export, which was divided for the pass that learned
		window, err := w.export(ctx)
		if err != nil {
			return 0, err
		}
		own.Segments = w.plan.Parquet.Segments
		own.Staged = run.Staged{Records: window.Items, Items: window.Items, Scanned: window.Items, Export: &window}
		return window.Items, nil
	}
	key := w.plan.Layout().ManifestSummary()
	var summary manifest.Summary
	err = w.bucket.GetOwn(ctx, key, func(body []byte) (err error) {
		summary, err = manifest.ParseSummary(w.plan, body)
		return err
	})
	if err != nil {
		return 0, err
	}
	own.Staged = run.Staged{
		Records: summary.ItemCount, Items: summary.Scan.Items, Scanned: summary.Scan.ScannedCount, ReadUnits: summary.Scan.ReadUnits,
		Work: summary.Scan.Work, TotalSegments: summary.Scan.TotalSegments, Segment: summary.Scan.Segment,
	}
	own.Segments, err = w.divide(ctx, summary.ManifestFilesS3Key, summary.ItemCount, summary.Scan.Bytes)
	return summary.ItemCount, err
}

// export returns the native export that the first pass has committed.
func (w work) export(ctx context.Context) (run.ExportedWindow, error) {
	key := run.Layout{Root: w.plan.Root, Staging: true}.Result()
	var result run.Result
	err := w.bucket.GetOwn(ctx, key, func(body []byte) error {
		err := json.Unmarshal(body, &result)
		if err == nil && (result.RunID != w.plan.RunID || !result.StartTime.Equal(w.plan.StartTime) ||
			len(result.Exports) != 1 || result.Exports[0].ExportType != request.ExportFull) {
			err = errors.New("it is not of a full export of this run")
		}
		return err
	})
	if err != nil {
		return run.ExportedWindow{}, err
	}
	return result.Exports[0], nil
}

// divide gives each segment consecutive files of a manifest, with about as many items, and writes a list for each. It returns the number of
// segments. The same manifest is always divided in the same way.
func (w work) divide(ctx context.Context, manifestFiles string, records, stored int64) (segments int, err error) {
	files, err := w.files(ctx, manifestFiles, records)
	if err != nil {
		return 0, err
	}
	share := w.shareBytes
	if share == 0 {
		share = usualShare
	}
	ends := shares(files, int(min(max(1, (stored+share-1)/share), request.MaxSegments)))
	writing, ctx := errgroup.WithContext(ctx)
	writing.SetLimit(sharesAtOnce)
	begin := 0
	for segment, end := range ends {
		var lines bytes.Buffer
		for _, file := range files[begin:end] {
			lines.Write(run.Marshal(file))
			lines.WriteByte('\n')
		}
		begin = end
		writing.Go(func() error {
			_, err := w.bucket.Put(ctx, w.plan.Final().Share(segment), lines.Bytes())
			return err
		})
	}
	return len(ends), writing.Wait()
}

// shares divides files among at most most segments, and returns where each segment ends. Each has consecutive files, with about as many items as
// the others. It has one file or more, unless there is no file at all.
func shares(files []manifest.File, most int) (ends []int) {
	segments := max(1, min(most, len(files)))
	left, next := int64(0), 0
	for _, file := range files {
		left += file.ItemCount
	}
	for ; segments > 1; segments-- {
		share := left / int64(segments)
		for last := len(files) - segments; ; next++ { // one file is left for each other segment
			share -= files[next].ItemCount
			left -= files[next].ItemCount
			if next == last || 2*share < files[next+1].ItemCount {
				break
			}
		}
		next++
		ends = append(ends, next)
	}
	return append(ends, len(files))
}

// files returns the files of manifest-files.json that have items, in its order. They must have so many records.
func (w work) files(ctx context.Context, key string, records int64) (files []manifest.File, err error) {
	err = w.bucket.GetOwn(ctx, key, func(body []byte) error {
		found := int64(0)
		for file, err := range manifest.Files(bytes.NewReader(body)) {
			switch {
			case err != nil:
				return err
			case !strings.HasPrefix(file.DataFileKey, w.plan.Final().StagingPrefix()):
				return fmt.Errorf("it names %s", file.DataFileKey)
			case file.ItemCount > 0:
				files = append(files, file)
				found += file.ItemCount
			}
		}
		if found != records {
			return fmt.Errorf("its files have %d records, and the first pass has staged %d", found, records)
		}
		return nil
	})
	return files, err
}
