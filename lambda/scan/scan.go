// Package scan is the step ScanSegment. One invocation scans one segment of a table until the segment ends or its time runs out, and
// returns the checkpoint from which the next invocation continues.
//
// Three stages work at the same time: the next page is fetched while the last one is parsed, encoded and compressed, and while parts
// upload. Memory holds at most three pages and three parts.
//
// It may import failure, quota, request, run, bucket, ddbjson, encoder, ledger, limit, metric, pace, sink, table and transform.
package scan

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step scans segments. It is safe for concurrent use.
type Step struct {
	// Tables and Objects return the clients that the run of a plan reads and writes with.
	Tables  func(run.Plan) *dynamodb.Client
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
	// Progress counts every encoded page; nil counts nothing.
	Progress *Progress
	// Metrics receives what each invocation did; nil for no metrics.
	Metrics *metric.Writer
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// Source returns the source of a segment; nil for the table. The pages are read until ctx ends.
	Source func(ctx context.Context, in run.ScanInput, from *bucket.Bucket) (Source, error)
}

// Run scans the segment from the input's checkpoint until the segment ends or ctx's deadline comes near. It writes the list of the
// objects that it closed, and returns the next checkpoint. Everything before that checkpoint is then completely in S3. After a
// takeover, a segment's first invocation continues where the lists of earlier executions end.
//
// A transient error after some pages does not fail the invocation: it closes and hands over what it has, and the next invocation
// tries again. If the next page needs a long wait, the checkpoint has a moment to wait for. An invocation that did no page returns the
// checkpoint that it received only together with such a moment, and only if the pace allowed no page, or if DynamoDB throttled every try
// while other segments moved.
//
// Run fails with the names in package failure. TableReplaced means that the table is no longer the plan's; RunNameTaken means that
// another execution owns the run; NoProgress means that no page was done in time.
func (step *Step) Run(ctx context.Context, in run.ScanInput) (run.Checkpoint, error) {
	from := run.Checkpoint{}
	if in.Checkpoint != nil {
		from = *in.Checkpoint
	}
	if from.Done && from.WaitUntil == nil {
		return from, nil
	}
	if err := in.Plan.Check(request.ModeScan); err != nil {
		return from, err
	}
	destination := bucket.New(step.Objects(in.Plan), in.Plan)
	// Another execution that has taken the run over may have committed it and removed what the source reads.
	if err := ledger.CheckClaim(ctx, destination, in.Plan); err != nil {
		return from, err
	}
	s, err := step.segment(ctx, in, from, destination)
	if err != nil {
		return from, err
	}
	if done, err := s.markedDone(ctx); err != nil || done.Done {
		return done, err
	}
	if from.Done { // the state machine has waited until the pace has paid
		return s.mark(ctx, from)
	}
	if in.Checkpoint == nil && len(in.Plan.TakenOver) > 0 {
		if s.from, err = s.settle(ctx, nil); err != nil {
			return from, fmt.Errorf("segment %d: %w", in.Segment, err)
		}
		s.log = step.logOf(in, s.from)
		s.log.InfoContext(ctx, "segment continues after earlier executions", "done", s.from.Done, "items", s.from.Totals.Items, "executions", in.Plan.TakenOver)
		if s.from.Done {
			return s.payAndMark(ctx, s.from, nil)
		}
	}
	// A segment may wait long between two invocations. This look has one short try, because there is another look at the end.
	if in.Checkpoint != nil {
		looking, cancel := context.WithTimeout(ctx, s.budget.mostWait()/10)
		err := s.Confirm(looking)
		if cancel(); failure.NameOf(err).Permanent() {
			return from, fmt.Errorf("segment %d: %w", in.Segment, err)
		}
	}
	if s.start, err = s.startKey(ctx); err != nil {
		return from, err
	}
	did, err := s.scan(ctx)
	if lost := s.portion.Return(ctx); lost != nil {
		s.log.WarnContext(ctx, "the run will stop before its limit", "cause", lost.Error())
	}
	to, err := s.payAndMark(ctx, did.checkpoint, err)
	s.tell(ctx, step.Metrics, did)
	if err != nil {
		return from, fmt.Errorf("segment %d: %w", in.Segment, err)
	}
	return to, nil
}

// segment prepares the work of one invocation.
func (step *Step) segment(ctx context.Context, in run.ScanInput, from run.Checkpoint, destination *bucket.Bucket) (*segment, error) {
	now := step.Now
	if now == nil {
		now = time.Now
	}
	open := step.Source
	if open == nil {
		open = step.tableSource
	}
	source, err := open(ctx, in, destination)
	if err != nil {
		return nil, err
	}
	budget := newBudget(ctx, now)
	pacer, portion := newPacer(in.Plan, from, destination, budget), limit.New(destination, in.Plan, in.Segment)
	return &segment{
		plan: in.Plan, number: in.Segment, from: from, try: randomTry(),
		Source: source, reader: &pacedReader{source, pacer, budget, portion}, pacer: pacer, portion: portion, bucket: destination, budget: budget, progress: step.Progress,
		log: step.logOf(in, from),
	}, nil
}

func (step *Step) logOf(in run.ScanInput, from run.Checkpoint) *slog.Logger {
	return step.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table, "segment", in.Segment, "invocation", from.Invocation)
}
