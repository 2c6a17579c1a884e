// Package columns is the step Columns, between the two passes of a run that makes Parquet files. It decides the schema once, from what the segments
// of the first pass have learned, and divides the staged files among the segments of the second pass.
//
// A scan learns while it reads. The files of a native export are first divided, for a pass that only learns (learn.go), and the step then runs
// again.
//
// It may import failure, request, run, bucket, runschema, ledger and manifest.
package columns

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/runschema"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// Step decides schemas. It is safe for concurrent use.
type Step struct {
	// Objects returns the client that the run of a plan reads and writes with.
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
	// SegmentBytes is about how many stored bytes a segment of the second pass has; 0 for the usual number.
	SegmentBytes int64
}

// Run decides the schema of the plan's run, and returns the state for the second pass. If the run has a schema, Run returns the same state again.
// Of a native export, the first call returns the state for the pass that learns.
//
// Run fails with RunNameTaken if another execution has taken the run over, and with ListsInconsistent if an object of the first pass is missing
// or is not as the run wrote it.
func (step *Step) Run(ctx context.Context, in run.ColumnsInput) (run.ColumnsOutput, error) {
	if !in.Plan.FirstPass() {
		return run.ColumnsOutput{}, failure.Errorf(failure.InvalidRequest, "invalid payload: the plan of run %q is not that of a first pass", in.Plan.RunID)
	}
	w := work{
		plan: in.Plan, bucket: bucket.New(step.Objects(in.Plan), in.Plan), segmentBytes: step.SegmentBytes,
		log: step.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table),
	}
	var decided run.Schema
	var digest string
	var reading errgroup.Group
	reading.Go(func() (err error) {
		decided, digest, err = ledger.LoadSchema(ctx, w.bucket, in.Plan)
		return err
	})
	if err := ledger.CheckClaim(ctx, w.bucket, in.Plan); err != nil {
		_ = reading.Wait() // the run is not this execution's
		return run.ColumnsOutput{}, err
	}
	switch err := reading.Wait(); {
	case err == nil:
		return output(in.Plan.Converting(decided, digest)), nil
	case !errors.Is(err, bucket.ErrNotFound):
		return run.ColumnsOutput{}, err
	case in.Plan.Export != nil:
		return w.learn(ctx)
	}
	return w.decide(ctx)
}

// work is the work of one invocation.
type work struct {
	plan         run.Plan
	bucket       *bucket.Bucket
	log          *slog.Logger
	segmentBytes int64
}

// output returns the state for a pass over the staged files.
func output(plan run.Plan) run.ColumnsOutput {
	segments := plan.Scan.Segments()
	return run.ColumnsOutput{Plan: plan, Segments: segments, Concurrency: min(len(segments), plan.Parquet.Concurrency), Export: run.ExportProgress{Exports: []run.FollowedExport{}}}
}

// learn divides the files of a native export, and returns the state for the pass that learns.
func (w work) learn(ctx context.Context) (run.ColumnsOutput, error) {
	window, err := w.export(ctx)
	if err != nil {
		return run.ColumnsOutput{}, err
	}
	var summary manifest.Summary
	key, _ := strings.CutPrefix(window.Manifest, w.bucket.URI(""))
	if err := w.bucket.GetOwn(ctx, key, func(body []byte) error { return json.Unmarshal(body, &summary) }); err != nil {
		return run.ColumnsOutput{}, err
	}
	segments, err := w.divide(ctx, summary.ManifestFilesS3Key, window.Items, window.Bytes)
	if err != nil {
		return run.ColumnsOutput{}, err
	}
	return output(w.plan.Learning(segments)), nil
}

// decide decides the schema from what the segments have learned.
func (w work) decide(ctx context.Context) (run.ColumnsOutput, error) {
	decided, digest, err := runschema.Decide(ctx, w.bucket, w.plan, w.log, w.source)
	if err != nil {
		return run.ColumnsOutput{}, err
	}
	return output(w.plan.Converting(decided, digest)), nil
}
