package scan

import (
	"context"
	"math"
	"time"

	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/run"
)

// report is what one invocation did: the checkpoint that it hands over, and what its log line and its metrics say.
type report struct {
	checkpoint run.Checkpoint
	end        metric.End // Failed if there is no checkpoint
	totals     run.Totals // of this invocation
	objects    int        // closed ones
	records    int64      // in these objects
	// reserve is the time that closing was expected to take, closing the time that it took, and unused the rest of the invocation.
	reserve, closing, unused time.Duration
}

// tell writes the report's metrics. It writes the log line unless the invocation failed: the boundary to Lambda logs a failure.
func (s *segment) tell(ctx context.Context, metrics *metric.Writer, did report) {
	throttles := s.Throttles()
	metrics.Scanned(metric.Invocation{
		RunID: s.plan.RunID, Table: s.plan.Table, Segment: s.number, Invocation: s.from.Invocation, End: did.end, Totals: did.totals,
		Throttles: throttles.Tries, Reasons: throttles.Reasons, Flush: did.closing, Unused: did.unused,
	})
	if did.end == metric.Failed {
		return
	}
	rate := s.pacer.Rate() // 0 in the log if nothing holds the segment back
	if math.IsInf(rate, 1) {
		rate = 0
	}
	s.log.InfoContext(ctx, "segment handed over", "done", did.end == metric.Done, "pages", did.totals.Pages, "items", did.totals.Items, "records", did.records,
		"pageBytes", did.totals.PageBytes, "bytes", did.totals.Bytes, "readUnits", did.totals.ReadUnits, "objects", did.objects,
		"throttles", throttles.Tries, "pace", math.Round(10*rate)/10, "waited", s.pacer.Waited().Round(time.Millisecond).String(),
		"reserve", did.reserve.String(), "closing", did.closing.String(), "unused", did.unused.String())
}
