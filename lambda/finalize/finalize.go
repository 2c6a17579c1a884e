// Package commit ends a run.
//
// Of a scan it merges what the segments listed, holds it against what the bucket has, removes what no list names, and writes the
// manifests. The write of manifest-summary.json is the commit; before it a reader sees no run.
//
// Of native exports, which have manifests of DynamoDB's, it holds these against what the bucket has and enters them into the
// journal; that write is the commit of an export. When the run has no more to export it writes its result.
//
// It may import job, bucket, claim, journal and manifest.
package finalize

import (
	"context"
	"log/slog"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step commits runs.
type Step struct {
	// Objects returns the client that the run of a plan writes with.
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
}

// Run commits the run of the plan and returns its result. A run that is committed already is left as it is, and its result
// told again.
//
// It fails, and commits nothing, with RunNameTaken where another execution has taken a scan over, with ListsInconsistent where a
// list of a scan is missing, does not follow on the one before, or names an object that the bucket does not have as it was
// listed; and with ExportIncomplete where the same is true of an export's manifest. Of a chain of exports it may commit a part and
// ask for more.
func (s *Step) Run(ctx context.Context, in run.FinalizeInput) (run.FinalizeOutput, error) {
	mode := request.ModeScan
	if in.Plan.Export != nil {
		mode = request.ModeExport
	}
	if err := in.Plan.Check(mode); err != nil {
		return run.FinalizeOutput{}, err
	}
	r := ending{plan: in.Plan, layout: in.Plan.Layout(), bucket: bucket.New(s.Objects(in.Plan), in.Plan), log: s.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table)}
	if mode == request.ModeExport {
		return r.exports(ctx, in.Export)
	}
	result, err := r.scan(ctx)
	return run.FinalizeOutput{Result: result}, err
}

type ending struct {
	plan   run.Plan
	layout run.Layout
	bucket *bucket.Bucket
	log    *slog.Logger
}
