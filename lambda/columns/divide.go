package columns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
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

// source finds the staged files of the run, and divides them for the second pass.
func (w work) source(ctx context.Context, own *run.Schema) error {
	if w.plan.Parquet.Segments > 0 { // a native export, which was divided for the pass that learned
		window, err := w.export(ctx)
		if err != nil {
			return err
		}
		own.Segments, own.Staged, own.Export = w.plan.Parquet.Segments, window.Items, &window
		return nil
	}
	key := w.plan.Layout().ManifestSummary()
	body, err := w.bucket.Get(ctx, key)
	var summary manifest.Summary
	if err == nil {
		summary, err = manifest.ParseSummary(w.plan, body)
	}
	if err != nil {
		return w.notWritten(err, key)
	}
	own.Staged = summary.ItemCount
	own.Segments, err = w.divide(ctx, w.bucket.URI(key), summary.ItemCount, summary.Scan.Bytes)
	return err
}

// export returns the native export that the first pass has committed.
func (w work) export(ctx context.Context) (run.ExportedWindow, error) {
	key := run.Layout{Root: w.plan.Root, Staging: true}.Result()
	body, err := w.bucket.Get(ctx, key)
	var result run.Result
	if err == nil {
		if err = json.Unmarshal(body, &result); err == nil && (result.RunID != w.plan.RunID || !result.StartTime.Equal(w.plan.StartTime) ||
			len(result.Exports) != 1 || result.Exports[0].ExportType != request.ExportFull) {
			err = errors.New("it is not of a full export of this run")
		}
	}
	if err != nil {
		return run.ExportedWindow{}, w.notWritten(err, key)
	}
	return result.Exports[0], nil
}

// notWritten returns the error for an object that is not as the run wrote it, or the error of S3.
func (w work) notWritten(err error, key string) error {
	if failure.NameOf(err) != failure.Internal && !errors.Is(err, bucket.ErrNotFound) {
		return err
	}
	return failure.Errorf(failure.ListsInconsistent, "%s is not as the run wrote it: %w. Another program may have changed or removed it; start a new execution", w.bucket.URI(key), err)
}

// divide gives each segment consecutive files of a manifest, with about as many items, and writes a list for each. It returns the number of
// segments. The same manifest is always divided in the same way.
func (w work) divide(ctx context.Context, uri string, items, stored int64) (segments int, err error) {
	summaryKey, _ := strings.CutPrefix(uri, w.bucket.URI(""))
	files, err := w.files(ctx, summaryKey)
	if err != nil {
		return 0, err
	}
	share := w.shareBytes
	if share == 0 {
		share = usualShare
	}
	segments = int(min(max(1, (stored+share-1)/share), request.MaxSegments, max(1, int64(len(files)))))
	writing, ctx := errgroup.WithContext(ctx)
	writing.SetLimit(sharesAtOnce)
	next, before := 0, int64(0)
	for segment := range segments {
		var lines bytes.Buffer
		for ; next < len(files) && (segment == segments-1 || before < items*int64(segment+1)/int64(segments)); next++ {
			before += files[next].ItemCount
			lines.Write(run.Marshal(files[next]))
			lines.WriteByte('\n')
		}
		writing.Go(func() error {
			_, err := w.bucket.Put(ctx, w.plan.Final().Share(segment), lines.Bytes())
			return err
		})
	}
	return segments, writing.Wait()
}

// files returns the files of a manifest that have items, in its order.
func (w work) files(ctx context.Context, summaryKey string) (files []manifest.File, err error) {
	var summary manifest.Summary
	body, err := w.bucket.Get(ctx, summaryKey)
	if err == nil {
		err = json.Unmarshal(body, &summary)
	}
	if err != nil {
		return nil, w.notWritten(err, summaryKey)
	}
	if body, err = w.bucket.Get(ctx, summary.ManifestFilesS3Key); err != nil {
		return nil, w.notWritten(err, summary.ManifestFilesS3Key)
	}
	for file, err := range manifest.Files(bytes.NewReader(body)) {
		switch {
		case err != nil:
			return nil, w.notWritten(err, summary.ManifestFilesS3Key)
		case !strings.HasPrefix(file.DataFileKey, w.plan.Final().StagingPrefix()):
			return nil, w.notWritten(fmt.Errorf("it names %s", file.DataFileKey), summary.ManifestFilesS3Key)
		case file.ItemCount > 0:
			files = append(files, file)
		}
	}
	return files, nil
}
