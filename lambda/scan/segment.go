package scan

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"
)

// segment is the work of one invocation on one segment.
type segment struct {
	plan   run.Plan
	number int
	from   run.Checkpoint
	start  json.RawMessage // the key at which from continues
	try    string
	Source
	reader   Pages // of the source, held back by the pacer
	pacer    *pace.Pacer
	portion  *limit.Portion
	bucket   *bucket.Bucket
	budget   *budget
	progress *Progress
	log      *slog.Logger
	named    bool // a list in S3 may name the invocation's uploads
}

// scan scans until the segment or the time ends, and hands over.
func (s *segment) scan(ctx context.Context) (report, error) {
	uploads, stopUploads := context.WithCancel(ctx)
	defer stopUploads()
	scan := s.plan.Scan
	writer, err := sink.New(uploads, sink.Config{
		Bucket: s.bucket, Layout: s.plan.Layout(), Segment: s.number, FirstPart: s.from.Part, Try: s.try,
		Compression: scan.Compression, Compressor: s.Compressor, Extension: scan.Extension(), FileSize: scan.FileSizeBytes,
	})
	if err != nil {
		return report{}, err
	}
	to, err := s.encodePages(ctx, writer)
	if err == nil {
		var did report
		if did, err = s.handOver(ctx, writer, stopUploads, to); err == nil {
			return did, nil
		}
	} else {
		err = s.explained(ctx, err)
	}
	stopUploads()
	if s.named { // S3 may have the list although the write failed: finalize completes or aborts the uploads
		return s.withoutProgress(ctx, to, err)
	}
	// The cause is known. Uploads that stay behind are worth a line in the log, but they are not a second cause. There
	// can be hundreds, and the answer must still come in time.
	aborting, stopAborting := context.WithTimeout(context.WithoutCancel(ctx), max(s.budget.unused()/2, mostFloor))
	defer stopAborting()
	if fault := writer.Abort(aborting); fault != nil {
		s.log.WarnContext(ctx, "uploads are left for the end of the run to sweep", "cause", fault.Error())
	}
	return s.withoutProgress(ctx, to, err)
}

// position is how far an invocation came.
type position struct {
	totals run.Totals
	key    json.RawMessage // where the next invocation continues
	done   bool
}

// encodePages encodes the pages of the fetcher into the writer until the segment or the time ends.
func (s *segment) encodePages(ctx context.Context, writer *sink.Writer) (position, error) {
	fetching, stopFetching := context.WithCancel(ctx)
	f := s.startFetching(fetching, writer)
	defer func() {
		stopFetching()
		for range f.pages { // until the fetcher has ended
		}
	}()
	// An encoder may take long. Its context ends while there is still time to report that.
	working, cancel := s.budget.waitForPage(ctx, 0)
	defer cancel()
	at := position{key: s.start}
	var records []byte
	for p := range f.pages {
		if at.totals.Pages > 0 && s.budget.late(writer.TimeToClose()) {
			return at, nil // the page came too late to be written; the next invocation reads it again
		}
		start := s.budget.now()
		if err := p.Parse(); err != nil {
			return at, s.failureOf(ctx, err, at)
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
		s.budget.did(run.Interval{Items: p.Scanned, PageBytes: p.Bytes, ReadUnits: p.ReadUnits})
		at.key, at.done = p.LastEvaluatedKey, len(p.LastEvaluatedKey) == 0
		s.progress.page(p)
		s.budget.encoded(s.budget.now().Sub(start))
		f.free <- p
	}
	return at, s.failureOf(ctx, f.err, at)
}

// failureOf returns the error that the invocation fails with if err stopped the fetcher, or nil if the invocation can hand over.
func (s *segment) failureOf(ctx context.Context, err error, at position) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // the invocation itself ended: it can close nothing
	case at.totals.Pages > 0 && (errors.Is(err, pace.ErrNoTime) || errors.Is(err, pace.ErrPatience) || failure.NameOf(err) == failure.LimitReached):
		return nil
	case errors.Is(err, ErrDamaged):
		return err
	case at.totals.Pages > 0 && !failure.NameOf(err).Permanent():
		s.log.WarnContext(ctx, "reading stopped; the pages that were read are handed over", "cause", err.Error())
		return nil
	default:
		return err
	}
}

// handOver closes the open object while it looks at the table. Then it writes the invocation's list, and reports the checkpoint after it.
func (s *segment) handOver(ctx context.Context, writer *sink.Writer, stopUploads func(), at position) (report, error) {
	did := report{end: metric.HandedOver, totals: at.totals, reserve: writer.TimeToClose()}
	closing := s.budget.now()
	objects, err := s.closeConfirmed(ctx, writer, stopUploads)
	if err != nil {
		return report{}, err
	}
	// The list says the same as the log line and the metrics, so closing ends here: the list is still to be written.
	did.objects, did.closing = len(objects), s.budget.now().Sub(closing).Round(time.Millisecond)
	for _, o := range objects {
		did.totals.Bytes += o.Bytes
		did.records += o.Items
	}
	if at.done {
		did.end = metric.Done
	}
	list := run.SegmentList{
		Version: run.Version, Plan: s.plan.Digest(), Takeovers: len(s.plan.TakenOver), Segment: s.number, Invocation: s.from.Invocation, Try: s.try, After: s.from.Try,
		FirstPart: s.from.Part, NextPart: writer.NextPart(),
		Start: s.from.Position, End: run.Position(at.key), LastEvaluatedKey: at.key, Done: at.done,
		StartTime: s.budget.start.UTC(), EndTime: s.budget.now().UTC(), Totals: did.totals, Objects: objects, Work: s.work(did.closing),
	}
	if s.Tree != nil {
		list.Schema = run.Marshal(&s.Tree.Tree)
	}
	if s.Rest != nil {
		list.Rest = s.Rest()
	}
	if err := s.write(ctx, list); err != nil {
		return report{}, err
	}
	to := list.Next(s.from.Totals)
	if !to.Done {
		s.next(&to)
	}
	did.checkpoint, did.unused = to, s.budget.unused()
	return did, nil
}
