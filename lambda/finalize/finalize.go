// Package finalize is the step Finalize: it commits a run.
//
// For a scan, it compares the segments' lists with the bucket (folder.go, check.go, merge.go, compare.go), removes objects that no list names,
// completes the uploads that the lists name (complete.go), aborts all others, and writes the manifests (scan.go, files.go). The write of
// manifest-summary.json is the commit. No object of the run is visible before the check has found that the run is whole. If a run has more
// uploads than one invocation completes, the step asks for batches first (batch.go). If a run can never be committed, the step removes what
// it has completed (withdraw.go).
//
// A run that makes Parquet files has two passes, and each is committed like a run. After the first one, the step says that the second one must
// follow. After the second one, it keeps the schema for the next run and removes the staged files (staging.go).
//
// For native exports, DynamoDB has written the manifests. The step compares them with the bucket and enters the exports into the
// journal. That write is the commit of an export. When the run has nothing more to export, the step writes the run's result.
//
// It may import failure, problem, request, run, bucket, estimate, ledger, manifest and table.
package finalize

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step commits runs.
type Step struct {
	// Objects returns the client that the run of a plan writes with.
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
	// MostUploads is how many uploads one invocation completes; 0 for the usual number.
	MostUploads int
	// Now is the clock of the commit; nil for the system's.
	Now func() time.Time
	// Model computes what a run has cost.
	Model estimate.Model
}

// Run commits the run of the plan and returns its result. If the run is already committed, Run changes nothing and returns the result
// again. It may commit a part of a chain of exports and ask for more.
//
// If Run fails with one of these names, it has committed nothing. RunNameTaken: another execution has taken a scan over.
// ListsInconsistent: a list of a scan is missing, does not follow the one before, or names an object that the bucket does not have as
// listed. UploadGone: S3 has neither an upload that a list names nor its object. NoProgress: there was no time to complete an upload of a batch.
// ExportIncomplete: an export's manifest does not agree with the bucket, or with DynamoDB. TableReplaced: an export is of another
// table than the plan's.
func (s *Step) Run(ctx context.Context, in run.FinalizeInput) (run.FinalizeOutput, error) {
	if err := in.Plan.Check(in.Plan.Mode); err != nil {
		return run.FinalizeOutput{}, err
	}
	c := commit{
		plan: in.Plan, layout: in.Plan.Layout(), bucket: bucket.New(s.Objects(in.Plan), in.Plan), log: s.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table),
		mostUploads: cmp.Or(s.MostUploads, mostUploads), now: s.Now, model: s.Model,
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.decided = sync.OnceValues(func() (run.Schema, error) {
		decided, _, err := ledger.LoadSchema(ctx, c.bucket, c.plan)
		return decided, err
	})
	if in.Batch != nil {
		return c.batch(ctx, *in.Batch)
	}
	commitPass := c.scan
	if in.Plan.Export != nil {
		commitPass = func(ctx context.Context) (run.FinalizeOutput, error) { return c.exports(ctx, in.Export) }
	}
	out, err := commitPass(ctx)
	switch committed := err == nil && !out.More && len(out.Batches) == 0; {
	case committed && in.Plan.FirstPass():
		return run.FinalizeOutput{Convert: true}, nil
	case committed && in.Plan.SecondPass():
		return out, c.tidy(ctx)
	}
	return out, err
}

// inParallel is how many uploads are completed or aborted, and how many files of an export are looked up, at the same time.
const inParallel = 32

// commit is the commit of one run.
type commit struct {
	plan        run.Plan
	layout      run.Layout
	bucket      *bucket.Bucket
	log         *slog.Logger
	mostUploads int
	now         func() time.Time
	model       estimate.Model
	// decided reads the schema of a run that makes Parquet files, once.
	decided func() (run.Schema, error)
}
