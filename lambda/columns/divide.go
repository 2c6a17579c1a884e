package columns

import (
	"bytes"
	"cmp"
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

// listsAtOnce is how many lists of files are written at the same time.
const listsAtOnce = 32

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
	lines, items, err := w.files(ctx, manifestFiles, records)
	if err != nil {
		return 0, err
	}
	size := cmp.Or(w.segmentBytes, run.UsualSegmentBytes)
	ends := split(items, int(min(max(1, (stored+size-1)/size), request.MaxSegments)))
	writing, ctx := errgroup.WithContext(ctx)
	writing.SetLimit(listsAtOnce)
	begin := 0
	for segment, end := range ends {
		own := lines[:lengthOf(lines, end-begin)]
		lines, begin = lines[len(own):], end
		writing.Go(func() error {
			_, err := w.bucket.Put(ctx, w.plan.Final().SegmentFiles(segment), own)
			return err
		})
	}
	return len(ends), writing.Wait()
}

// lengthOf returns how long so many lines are.
func lengthOf(lines []byte, count int) (length int) {
	for range count {
		length += bytes.IndexByte(lines[length:], '\n') + 1
	}
	return length
}

// split divides files with so many items among at most most segments, and returns where each segment ends. Each has consecutive files, with about as
// many items as the others. It has one file or more, unless there is no file at all.
func split(items []int64, most int) (ends []int) {
	segments := max(1, min(most, len(items)))
	left, next := int64(0), 0
	for _, n := range items {
		left += n
	}
	for ; segments > 1; segments-- {
		share := left / int64(segments)
		for last := len(items) - segments; ; next++ { // one file is left for each other segment
			share -= items[next]
			left -= items[next]
			if next == last || 2*share < items[next+1] {
				break
			}
		}
		next++
		ends = append(ends, next)
	}
	return append(ends, len(items))
}

// files returns the lines of manifest-files.json whose files have items, in its order, and how many items they have. They must have so many records. A
// run can have millions of files, so only one copy of the lines is in memory.
func (w work) files(ctx context.Context, key string, records int64) (lines []byte, items []int64, err error) {
	err = w.bucket.GetOwn(ctx, key, func(body []byte) error {
		found := int64(0)
		lines = body[:0] // no line becomes longer
		for line := range bytes.Lines(body) {
			var file manifest.File
			err := json.Unmarshal(line, &file)
			switch {
			case err != nil:
				return err
			case !strings.HasPrefix(file.DataFileKey, w.plan.Final().StagingPrefix()):
				return fmt.Errorf("it names %s", file.DataFileKey)
			case file.ItemCount > 0:
				lines = append(append(lines, bytes.TrimSuffix(line, []byte("\n"))...), '\n')
				items = append(items, file.ItemCount)
				found += file.ItemCount
			}
		}
		if found != records {
			return fmt.Errorf("its files have %d records, and the first pass has staged %d", found, records)
		}
		return nil
	})
	return lines, items, err
}
