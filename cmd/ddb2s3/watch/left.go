package watch

import (
	"time"

	"dynamodb-to-s3/lambda/run"
)

// pass is how far a Map over segments has come.
type pass struct {
	plan run.Plan
	sum
	segments int           // of the pass
	atWork   float64       // segments that are at work now
	took     time.Duration // since the pass began
}

// speed returns how much of an amount all segments at work read in a second. amount is what the lists say. The lists also say for how long
// their invocations were at work.
func (p pass) speed(amount float64) float64 {
	if p.seconds <= 0 {
		return 0
	}
	speed := amount / p.seconds * p.atWork
	// A paced segment also waits between its invocations.
	if p.plan.Scan != nil && p.plan.Scan.Paced() && p.ReadUnits > 0 {
		speed = min(speed, amount/p.ReadUnits*p.plan.Scan.ReadUnitsPerSecond)
	}
	return speed
}

// An estimate of the time needs this many lists, or this share of the whole. If only segments that are done say how much there is, they must be
// this share of all.
const (
	seenLists    = 3
	seenShare    = 0.02
	seenSegments = 0.25
)

// left estimates how long the pass still takes. It is unknown at the beginning, and if there is more to read than was estimated.
func (p pass) left() (left time.Duration, known bool) {
	seen, total := p.amounts()
	if seen <= 0 || seen >= total || p.lists < seenLists && seen < seenShare*total {
		return 0, false
	}
	speed := p.speed(seen)
	if speed <= 0 {
		return 0, false
	}
	// What is at work has no list yet. On average, it has been at work for half of an invocation's time.
	hidden := min(p.seconds/float64(p.lists)/2, p.took.Seconds())
	return time.Duration(max(0, (total-seen)/speed-hidden) * float64(time.Second)), true
}

// amounts returns how much was read and how much there is to read, in the same unit: items of staged files, or read units. total is 0 if it is
// not known.
func (p pass) amounts() (seen, total float64) {
	amount, total := func(of run.Totals) float64 { return of.ReadUnits }, 0.0
	switch parquet := p.plan.Parquet; {
	case parquet != nil && parquet.Segments > 0:
		amount = func(of run.Totals) float64 { return float64(of.Scanned) }
		if parquet.Staged != nil {
			total = float64(parquet.Staged.Records)
		}
	case p.plan.Estimate != nil:
		total = p.plan.Estimate.ReadUnits
	}
	// If it is not known, or was estimated too low, the other segments may be like those that are done.
	if total <= amount(p.Totals) && p.ended > 0 && float64(p.ended) >= seenSegments*float64(p.segments) {
		total = amount(p.whole) / float64(p.ended) * float64(p.segments)
	}
	return amount(p.Totals), total
}
