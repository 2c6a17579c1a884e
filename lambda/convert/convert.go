// Package convert is the step ConvertSegment. One invocation converts the staged files of one segment of a run that makes Parquet files, until the
// files end or its time runs out, and returns the checkpoint from which the next invocation continues. Without a schema, it makes no objects
// and only learns which types the attributes have: a native export is first read for that.
//
// A conversion is a scan whose pages are blocks of staged files (pages.go), and whose objects are Parquet files. So it imports scan, the only
// step that another step imports. It may also import failure, run, bucket, ddbjson, ledger, manifest, parquet, schema and table.
package convert

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step converts segments. It is safe for concurrent use.
type Step struct {
	// Objects returns the client that the run of a plan reads and writes with.
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
	// Progress counts every page; nil counts nothing.
	Progress *scan.Progress
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// PageBytes is about how many bytes of lines a page has; 0 for the usual number.
	PageBytes int
}

// Run converts the segment from the input's checkpoint until the staged files end or ctx's deadline comes near. It returns the next checkpoint,
// and has the same guarantees as scan.Step.Run.
//
// Run fails with the names in package failure. ListsInconsistent means that the schema, the segment's list of files or a staged file is not as
// the run wrote it.
func (step *Step) Run(ctx context.Context, in run.ConvertInput) (run.Checkpoint, error) {
	if in.Plan.Parquet == nil || in.Plan.Parquet.Segments == 0 {
		return run.Checkpoint{}, failure.Errorf(failure.InvalidRequest, "invalid payload: the plan of run %q has no staged files to convert", in.Plan.RunID)
	}
	log := step.Log.With("function", "convert") // the lines of scan are the same otherwise
	s := scan.Step{Objects: step.Objects, Log: log, Progress: step.Progress, Now: step.Now, Source: step.source}
	return s.Run(ctx, in)
}

// source returns the source of a segment.
func (step *Step) source(ctx context.Context, in run.ScanInput, from *bucket.Bucket) (scan.Source, error) {
	files, err := filesOf(ctx, in, from)
	if err != nil {
		return scan.Source{}, err
	}
	s := scan.Source{
		Pages:     &pages{ctx: ctx, bucket: from, files: files, parsed: in.Plan.SecondPass(), size: cmp.Or(step.PageBytes, pageBytes)},
		Throttles: func() table.Throttles { return table.Throttles{} },
		Confirm:   func(context.Context) error { return nil }, // staged files do not change: each is read by its ETag
		Encoder:   unchanged{},
	}
	if in.Plan.FirstPass() {
		s.Tree = new(scan.Tree)
		s.Encoder = s.Tree.Learner()
		return s, nil
	}
	decided, _, err := ledger.LoadSchema(ctx, from, in.Plan)
	if err != nil {
		return s, err
	}
	var columns schema.Schema
	if err := json.Unmarshal(decided.Decided(), &columns); err != nil {
		return s, failure.Errorf(failure.Internal, "read the columns of the run: %w", err)
	}
	writer, err := parquet.NewWriter(columns, parquet.Options{Compression: in.Plan.Parquet.Compression, Metadata: map[string]string{
		"writtenBy": version.Name + " " + version.Number, "table": in.Plan.Table, "tableArn": in.Plan.TableARN, "runId": in.Plan.RunID, "schema": in.Plan.Parquet.Schema,
	}})
	if err != nil {
		return s, failure.Errorf(failure.Internal, "begin to convert: %w", err)
	}
	s.Compressor, s.Rest = writer, writer.Rest
	return s, nil
}

// unchanged passes an item on, in the memory of its page: nothing appends to the record.
type unchanged struct{}

func (unchanged) Append(_ context.Context, _, item []byte) ([]byte, int, error) { return item, 1, nil }

// filesOf returns the staged files of the segment.
func filesOf(ctx context.Context, in run.ScanInput, from *bucket.Bucket) ([]manifest.File, error) {
	var files []manifest.File
	err := from.GetOwn(ctx, in.Plan.Final().SegmentFiles(in.Segment), func(content []byte) (err error) {
		if files, err = manifest.DecodeFiles(content); err != nil {
			return err
		}
		for _, file := range files {
			if !strings.HasPrefix(file.DataFileKey, in.Plan.Final().StagingPrefix()) {
				return fmt.Errorf("it names %s", file.DataFileKey)
			}
		}
		return nil
	})
	return files, err
}
