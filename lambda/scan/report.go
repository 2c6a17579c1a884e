package scan

import (
	"context"
	"math"
	"time"

	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/table"
)

// report is what an invocation has to tell of itself at its end, however it ends.
type report struct {
	metric.Invocation
	// objects counts those that were closed, records those in them, reserve is how long it was expected to take to close the last one.
	objects int
	records int64
	reserve time.Duration
}

// tell writes the report's metrics, and, unless the invocation has failed, its line in the log: why one has failed is told
// once, where the failure leaves the engine.
func (s *scan) tell(ctx context.Context, metrics *metric.Writer, throttles table.Throttles) {
	r := &s.report
	r.Throttles, r.Reasons = throttles.Tries, throttles.Reasons
	metrics.Scanned(r.Invocation)
	if r.End == metric.Failed {
		return
	}
	rate, waited := s.paceOf()
	s.log.InfoContext(ctx, "segment handed over", "done", r.End == metric.Done, "pages", r.Totals.Pages, "items", r.Totals.Items, "records", r.records,
		"pageBytes", r.Totals.PageBytes, "bytes", r.Totals.Bytes, "readUnits", r.Totals.ReadUnits, "objects", r.objects,
		"throttles", r.Throttles, "pace", rate, "waited", waited.String(), "reserve", r.reserve.String(), "closing", r.Flush.String(), "unused", r.Unused.String())
}

// paceOf is how many units a second the segment might consume at its end, 0 where nothing held it, and how long it has waited for
// that.
func (s *scan) paceOf() (rate float64, waited time.Duration) {
	if rate = s.pace.Rate(); math.IsInf(rate, 1) {
		rate = 0
	}
	return math.Round(10*rate) / 10, s.pace.Waited().Round(time.Millisecond)
}
