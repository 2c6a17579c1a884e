package run

import (
	"math"
	"time"
)

// Work says how one invocation of a scan, or of a conversion, spent its time. It is measured when the invocation writes its list.
type Work struct {
	// ThrottledTries counts the tries that were refused for lack of capacity, including those that the SDK repeated. Throttles counts them by
	// DynamoDB's reason. One try can have several reasons.
	ThrottledTries int64            `json:"throttledTries,omitempty"`
	Throttles      map[string]int64 `json:"throttles,omitempty"`
	// WaitSeconds is how long it waited for the pace and after refused pages. FlushSeconds is how long it took at the end until all parts were in
	// S3 and the table was confirmed.
	WaitSeconds  float64 `json:"waitSeconds,omitempty"`
	FlushSeconds float64 `json:"flushSeconds,omitempty"`
	// Intervals divide the time in which it read into equal intervals of IntervalSeconds, from the list's StartTime on. There are MaxIntervals
	// at most. Their sums are those of the list's Totals and ThrottledTries.
	IntervalSeconds float64    `json:"intervalSeconds,omitempty"`
	Intervals       []Interval `json:"intervals,omitempty"`
}

// MaxIntervals is how many intervals the Work of an invocation has at most.
const MaxIntervals = 32

// Interval is what an invocation did in an interval of its time.
type Interval struct {
	// Items counts the items that were read, before any filter.
	Items     int64   `json:"items,omitempty"`
	PageBytes int64   `json:"pageBytes,omitempty"`
	ReadUnits float64 `json:"readUnits,omitempty"`
	// Throttles counts the tries that were refused.
	Throttles int64 `json:"throttles,omitempty"`
}

// Add adds o to i.
func (i *Interval) Add(o Interval) {
	i.Items += o.Items
	i.PageBytes += o.PageBytes
	i.ReadUnits += o.ReadUnits
	i.Throttles += o.Throttles
}

// WorkTotals is the Work of all invocations that the result of a run consists of. An invocation that failed, or that got no page, has no part in it.
type WorkTotals struct {
	Invocations int64 `json:"invocations"`
	Pages       int64 `json:"pages"`
	PageBytes   int64 `json:"pageBytes"`
	// StartTime is when the first invocation began to read, and EndTime when the last one had written everything.
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
	// Seconds is the sum over the invocations, which work at the same time.
	Seconds        float64          `json:"seconds"`
	WaitSeconds    float64          `json:"waitSeconds,omitempty"`
	FlushSeconds   float64          `json:"flushSeconds,omitempty"`
	ThrottledTries int64            `json:"throttledTries,omitempty"`
	Throttles      map[string]int64 `json:"throttles,omitempty"`
}

// Add adds o to w.
func (w *WorkTotals) Add(o WorkTotals) {
	if w.Invocations == 0 || o.Invocations > 0 && o.StartTime.Before(w.StartTime) {
		w.StartTime = o.StartTime
	}
	if o.EndTime.After(w.EndTime) {
		w.EndTime = o.EndTime
	}
	w.Invocations += o.Invocations
	w.Pages += o.Pages
	w.PageBytes += o.PageBytes
	w.Seconds = milliseconds(w.Seconds + o.Seconds)
	w.WaitSeconds = milliseconds(w.WaitSeconds + o.WaitSeconds)
	w.FlushSeconds = milliseconds(w.FlushSeconds + o.FlushSeconds)
	w.ThrottledTries += o.ThrottledTries
	for reason, n := range o.Throttles {
		if w.Throttles == nil {
			w.Throttles = map[string]int64{}
		}
		w.Throttles[reason] += n
	}
}

// Worked returns what the list adds to the Work of the run.
func (l SegmentList) Worked() WorkTotals {
	return WorkTotals{
		Invocations: 1, Pages: l.Totals.Pages, PageBytes: l.Totals.PageBytes, StartTime: l.StartTime, EndTime: l.EndTime,
		Seconds: l.EndTime.Sub(l.StartTime).Seconds(), WaitSeconds: l.Work.WaitSeconds, FlushSeconds: l.Work.FlushSeconds,
		ThrottledTries: l.Work.ThrottledTries, Throttles: l.Work.Throttles,
	}
}

// milliseconds rounds seconds to milliseconds, so that sums do not have many digits.
func milliseconds(seconds float64) float64 { return math.Round(1000*seconds) / 1000 }
