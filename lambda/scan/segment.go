// Package segment scans one segment of a table within the time of one invocation, and hands over a checkpoint.
//
// Three stages work at the same time: the next page is fetched while the last one is parsed, encoded and compressed while parts
// upload. Each stage is bounded: three pages, and three parts, are all that is in memory.
//
// It may import job, metric, pace, page, record, transform, table, bucket, claim and sink.
package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step scans segments. It is safe for concurrent use.
type Step struct {
	// Tables and Objects return the clients that the run of a plan reads and writes with.
	Tables  func(run.Plan) *dynamodb.Client
	Objects func(run.Plan) *s3.Client
	Log     *slog.Logger
	// Progress, if there is one, is told of every page that was encoded.
	Progress *Progress
	// Metrics takes what each invocation has done; nil for none.
	Metrics *metric.Writer
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// Try gives each invocation a name that no other has; nil for one at random.
	Try func() string
}

// Run scans the segment from the input's checkpoint until it ends or until ctx's deadline comes near, writes the list of what
// it closed, and returns the checkpoint that follows. Everything before that checkpoint is then completely in S3. A segment
// that an execution has done from which the run was taken over is not scanned again.
//
// A transient fault after some pages is no failure: what they gave is closed and handed over, and the next invocation meets
// the fault again or not. An invocation for which the pace left no time, or that met nothing but throttling while other segments
// moved, hands over the checkpoint that it was given. It fails with the names that package failure documents; RunNameTaken where
// another execution has the run, NoProgress where not one page was done in time.
func (t *Step) Run(ctx context.Context, in run.ScanInput) (run.Checkpoint, error) {
	from := run.Checkpoint{}
	if in.Checkpoint != nil {
		from = *in.Checkpoint
	}
	if from.Done {
		return from, nil
	}
	if err := in.Plan.Check(request.ModeScan); err != nil {
		return from, err
	}
	now := t.Now
	if now == nil {
		now = time.Now
	}
	try := t.Try
	if try == nil {
		try = randomTry
	}
	s := scan{
		plan: in.Plan, segment: in.Segment, from: from, try: try(),
		bucket: bucket.New(t.Objects(in.Plan), in.Plan), progress: t.Progress, budget: newBudget(ctx, now),
		log: t.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table, "segment", in.Segment, "invocation", from.Invocation),
		report: report{Invocation: metric.Invocation{
			RunID: in.Plan.RunID, Table: in.Plan.Table, Segment: in.Segment, Invocation: from.Invocation,
		}},
	}
	reader, err := table.NewReader(t.Tables(in.Plan), in.Plan, in.Segment)
	if err != nil {
		return from, err
	}
	s.reader = s.pacedReader(reader)
	if s.encoder, err = encoderOf(*in.Plan.Scan); err != nil {
		return from, err
	}
	if err := ledger.CheckClaim(ctx, s.bucket, in.Plan); err != nil {
		return from, err
	}
	if done, err := s.doneBefore(ctx); err != nil || done.Done {
		return done, err
	}
	if in.Checkpoint == nil && len(in.Plan.TakenOver) > 0 {
		end, ok, err := s.settled(ctx)
		if err != nil {
			return from, fmt.Errorf("segment %d: %w", in.Segment, err)
		}
		if ok {
			s.log.InfoContext(ctx, "segment was done before", "items", end.Totals.Items, "execution", in.Plan.TakenOver)
			return end, nil
		}
	}
	to, err := s.run(ctx)
	err = s.settle(ctx, to, err)
	s.tell(ctx, t.Metrics, reader.Throttles())
	if err != nil {
		return from, fmt.Errorf("segment %d: %w", in.Segment, err)
	}
	return to, nil
}

// pageReader is what a scan needs of a table.
type pageReader interface {
	Next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error
}

// scan is one invocation's work.
type scan struct {
	plan     run.Plan
	segment  int
	from     run.Checkpoint
	try      string
	reader   pageReader
	encoder  encoder.Encoder
	bucket   *bucket.Bucket
	budget   *budget
	progress *Progress
	log      *slog.Logger
	report   report
	// throttles counts what the reader has met, and pace holds it back; nil in tests that have a reader of their own.
	throttles func() table.Throttles
	pace      *pace.Pacer
}

func (s *scan) run(ctx context.Context) (run.Checkpoint, error) {
	uploads, stopUploads := context.WithCancel(ctx)
	defer stopUploads()
	writer, err := sink.New(uploads, sink.Config{
		Bucket: s.bucket, Layout: s.plan.Layout(), Segment: s.segment, FirstPart: s.from.Part, Try: s.try,
		Compression: s.plan.Scan.Compression, Extension: s.plan.Scan.Extension(), FileSize: s.plan.Scan.FileSizeBytes,
	})
	if err != nil {
		return run.Checkpoint{}, err
	}
	moved, err := s.pump(ctx, writer)
	s.report.Totals = moved.totals
	if err == nil {
		return s.handOver(ctx, writer, moved)
	}
	stopUploads()
	// The reason is known; that uploads stay behind as well is worth a line, not another reason.
	if fault := writer.Abort(context.WithoutCancel(ctx)); fault != nil {
		s.log.WarnContext(ctx, "uploads are left for the end of the run to sweep", "cause", fault.Error())
	}
	return s.unmoved(ctx, moved, err)
}

// moved is how far a scan came.
type moved struct {
	totals run.Totals
	key    json.RawMessage // where to go on
	done   bool
}

// pump moves pages from the fetcher to the writer until the segment or the time is at its end.
func (s *scan) pump(ctx context.Context, writer *sink.Writer) (moved, error) {
	fetching, stopFetching := context.WithCancel(ctx)
	f := s.startFetching(fetching, writer)
	defer func() {
		stopFetching()
		for range f.pages { // until the fetcher has ended
		}
	}()
	// What makes records may take long, and ends while there is time to say so.
	working, cancel := s.budget.waitForPage(ctx, 0)
	defer cancel()
	at := moved{key: s.from.ExclusiveStartKey}
	var records []byte
	for p := range f.pages {
		if at.totals.Pages > 0 && s.budget.late(writer.TimeToClose()) {
			return at, nil // the page came too late to be written; the next invocation reads it again
		}
		start := s.budget.now()
		if err := p.Parse(); err != nil {
			return at, s.verdict(ctx, err, at)
		}
		for i := range p.Items.Len() {
			var count int
			var err error
			if records, count, err = s.encode(working, records[:0], p.Items.Item(i)); err != nil {
				return at, s.unencodable(ctx, working, err, at.totals, i)
			}
			if err = writer.WriteItem(records, count); err != nil {
				return at, err
			}
		}
		at.totals.Add(run.Totals{
			Pages: 1, Scanned: p.Scanned, Items: int64(p.Items.Len()), PageBytes: p.Bytes, ReadUnits: p.ReadUnits,
		})
		at.key, at.done = p.LastEvaluatedKey, len(p.LastEvaluatedKey) == 0
		s.progress.page(p)
		s.budget.encoded(s.budget.now().Sub(start))
		f.free <- p
	}
	return at, s.verdict(ctx, f.err, at)
}

// verdict decides whether what stopped the fetcher is a failure of the invocation.
func (s *scan) verdict(ctx context.Context, err error, at moved) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // the invocation's own end: nothing can be closed any more
	case at.totals.Pages > 0 && errors.Is(err, pace.ErrNoTime):
		return nil
	case at.totals.Pages > 0 && !slices.Contains(failure.Permanent(), failure.NameOf(err)):
		s.log.WarnContext(ctx, "the fetcher stopped; what it has read is handed over", "cause", err.Error())
		return nil
	default:
		return err
	}
}

// handOver closes what is open, writes the invocation's list, and returns the checkpoint after it.
func (s *scan) handOver(ctx context.Context, writer *sink.Writer, at moved) (run.Checkpoint, error) {
	s.report.reserve = writer.TimeToClose()
	closing := s.budget.now()
	objects, err := writer.Close()
	if err != nil {
		return run.Checkpoint{}, err
	}
	for _, o := range objects {
		at.totals.Bytes += o.Bytes
	}
	list := run.SegmentList{
		Version: run.Version, Segment: s.segment, Invocation: s.from.Invocation, Try: s.try, After: s.from.Try,
		FirstPart: s.from.Part, NextPart: writer.NextPart(),
		Start: run.Position(s.from.ExclusiveStartKey), End: run.Position(at.key), Done: at.done,
		Totals: at.totals, Objects: objects,
	}
	if err := s.write(ctx, list); err != nil {
		return run.Checkpoint{}, err
	}
	to := run.Checkpoint{
		Done: at.done, Invocation: s.from.Invocation + 1, Part: list.NextPart, ExclusiveStartKey: at.key, Totals: s.from.Totals,
	}
	if !at.done {
		to.Try = s.try
	}
	to.Totals.Add(at.totals)
	to.PaidAt = s.paidAt()
	s.report.Totals, s.report.objects, s.report.records = at.totals, len(objects), 0
	for _, o := range objects {
		s.report.records += o.Items
	}
	s.report.Flush, s.report.Unused = s.budget.now().Sub(closing), s.budget.unused()
	if s.report.End = metric.HandedOver; at.done {
		s.report.End = metric.Done
	}
	return to, nil
}
