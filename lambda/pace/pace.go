// Package pace says when a segment may ask for its next page, and with how many items, so that a run does not consume more read
// units than it may, and so that it slows down when DynamoDB throttles. docs/pace.md has the reasons and the promise.
//
// A Pacer serves one segment during one invocation. All it knows about other segments is how many are done (Share). The package
// imports only the standard library. It uses the system's clock; tests run it under testing/synctest.
package pace

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// span is the time for which the promise holds: in no span does a run consume more than its pace times the span.
	span = 5 * time.Second
	// fill is the part of a span's units that is planned. The rest is for pages that cost more than expected.
	fill = 0.98
	// slack is how much lateness a segment may make up for: a late page, a late timer. More would be a burst.
	slack = 250 * time.Millisecond
	// step is how long a wait lasts before the pacer checks it again.
	step = time.Second
	// startStalled is the number of refusals with which a stalled segment starts: its next pause is longer than any patience.
	startStalled = 5
)

var (
	// ErrNoTime says that the context ended before the pace allowed another page.
	ErrNoTime = errors.New("the pace allows no page in the time left")
	// ErrPatience says that the next page would need a longer wait than Config.Patience. ResumeAt returns its end.
	ErrPatience = errors.New("the pace allows the next page only after a long wait")
)

// Config configures a Pacer.
type Config struct {
	// Share is the segment's part of the run's pace. Nil means that the run has no pace, so that only throttling slows it.
	Share *Share
	// Consistent says that reads are strongly consistent. They cost twice as much.
	Consistent bool
	// Limit is the request's own limit of items in a page, 0 for none.
	Limit int64
	// PaidAt is when the pace has paid for what the invocation before read. The Pacer asks for no page before.
	PaidAt time.Time
	// Patience is how long Ask waits for the share of the pace, or after a refused page. Zero means without end.
	Patience time.Duration
	// Stalled says that the invocation before got no page because of throttling. The first refused page then ends the patience.
	Stalled bool
}

// Pacer paces one segment. It is for one goroutine.
type Pacer struct {
	share    *Share
	patience time.Duration
	size     sizer
	cubic    cubic
	spent    window

	tokens   float64 // units that may be consumed without waiting; below zero, the units to pay for
	at       time.Time
	paidAt   time.Time     // when what the invocation before read is paid for
	read     bool          // whether pages were paid for since
	notYet   time.Time     // no page is requested before
	asked    time.Time     // when the current page was requested
	expected float64       // its expected cost
	took     time.Duration // how long a page takes, averaged
	refusals int           // in a row
	waited   time.Duration
}

// New returns a Pacer that begins now.
func New(c Config) *Pacer { return newPacer(time.Now(), c) }

func newPacer(now time.Time, c Config) *Pacer {
	p := &Pacer{share: c.Share, patience: c.Patience, size: newSizer(c.Consistent, c.Limit), spent: window{begun: now}, at: now, paidAt: c.PaidAt, notYet: c.PaidAt}
	if !c.PaidAt.IsZero() {
		p.at = c.PaidAt // units that are added until then pay for what was read
	}
	if c.Stalled {
		p.refusals = startStalled
	}
	return p
}

// Ask waits until the segment may request its next page. It returns how many items the page may evaluate, 0 for the request's own
// limit. After each Ask, the caller calls Answered, Refused or Lost. Ask fails with ErrPatience if the wait would be too long, with
// ErrNoTime if ctx ends first, or with the error of Markers.
func (p *Pacer) Ask(ctx context.Context) (limit int32, err error) {
	begun := time.Now()
	defer func() { p.waited += time.Since(begun) }()
	for {
		if ctx.Err() != nil {
			return 0, fmt.Errorf("%w: %w", ErrNoTime, ctx.Err())
		}
		if err := p.share.look(ctx); err != nil {
			return 0, err
		}
		limit, wait := p.next(time.Now())
		if wait <= 0 {
			p.asked = time.Now()
			return limit, nil
		}
		resume := p.ResumeAt()
		if p.patience > 0 && time.Until(resume) > p.patience {
			return 0, ErrPatience
		}
		if deadline, ok := ctx.Deadline(); ok && resume.After(deadline) {
			return 0, ErrNoTime
		}
		timer := time.NewTimer(min(wait, step))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// next returns the limit of a page that is requested now, or how long to wait before the next look.
func (p *Pacer) next(now time.Time) (limit int32, wait time.Duration) {
	if wait = p.notYet.Sub(now); wait > 0 {
		return 0, wait
	}
	p.refill(now)
	rate := p.rate(now)
	if p.tokens < 0 {
		return 0, seconds(-p.tokens / rate)
	}
	p.spent.forget(now)
	if math.IsInf(rate, 1) {
		p.expected = 0
		return 0, 0
	}
	units := p.target(rate)
	if p.share == nil { // larger pages, which meet a limit more often, share it more evenly
		limit, p.expected = p.size.limit(4 * units)
		return limit, 0
	}
	room := p.share.over(now)*fill - p.spent.sum
	if room < units && room >= units/4 {
		units = room // the rest of the span now, not more later
	}
	limit, p.expected = p.size.limit(units)
	if p.expected > room && p.spent.sum > 0 {
		return 0, p.spent.oldest().Sub(now)
	}
	return limit, 0
}

// Least returns the expected cost of the smallest page.
func (p *Pacer) Least() float64 { return p.size.cost(1) }

// Fit returns how many items the next page may evaluate if it may cost so many units, and what it is expected to cost then. limit is what Ask has
// returned.
func (p *Pacer) Fit(limit int32, units float64) (fits int32, expected float64) {
	fits = p.size.within(units)
	if limit > 0 && (fits == 0 || limit < fits) {
		fits = limit
	}
	return fits, p.size.cost(fits)
}

// Answered records what the page cost, how many items were evaluated for it, and how many tries before it were throttled.
func (p *Pacer) Answered(items int64, units float64, throttled int64) {
	p.answered(time.Now(), items, units, throttled)
}

func (p *Pacer) answered(now time.Time, items int64, units float64, throttled int64) {
	p.refusals = 0
	if throttled == 0 {
		p.took = (3*p.took + now.Sub(p.asked)) / 4
	}
	p.pay(now, units)
	p.size.paid(items, units)
	if throttled > 0 {
		p.slow(now)
	}
}

// Refused records that every try for the page was throttled. The next request follows after a pause, which doubles each time.
func (p *Pacer) Refused() {
	const least, most = time.Second, 32 * time.Second
	now := time.Now()
	p.notYet = now.Add(min(least<<min(p.refusals, 10), most))
	p.refusals++
	p.slow(now)
}

// Lost records that no answer came for another reason. DynamoDB may have charged for the page.
func (p *Pacer) Lost() { p.pay(time.Now(), p.expected) }

// ResumeAt returns the earliest moment at which the segment may ask for its next page: after the pause that follows a refused page, and
// when its share has paid for its pages. It may be in the past. The rate that throttling leaves does not count: it grows while time
// passes.
func (p *Pacer) ResumeAt() time.Time {
	if p.share == nil || p.tokens >= 0 {
		return p.notYet
	}
	if paid := p.at.Add(seconds(-p.tokens / p.share.rate())); paid.After(p.notYet) {
		return paid
	}
	return p.notYet
}

// ContinueAt returns when a Pacer of the same segment may start, as its Config.PaidAt. It is zero without a pace. If paying takes longer
// than the span, no page of this Pacer is in a span with pages of the next one. Then the next one may start when the share has paid, like
// this one.
func (p *Pacer) ContinueAt() time.Time { return p.continueAt(time.Now()) }

func (p *Pacer) continueAt(now time.Time) time.Time {
	if resume := p.ResumeAt(); p.share != nil && resume.Sub(now) > span {
		return resume
	}
	return p.paidBy(now)
}

// PaidAt returns when the pace has paid for what was read, so that a Pacer of another segment, which knows nothing of it, may start. It
// is zero without a pace.
func (p *Pacer) PaidAt() time.Time { return p.paidBy(time.Now()) }

// paidBy is PaidAt at a moment.
func (p *Pacer) paidBy(now time.Time) time.Time {
	if p.share == nil {
		return time.Time{}
	}
	if !p.read { // what the invocation before read is paid for at the same moment as before
		return p.paidAt
	}
	p.refill(now)
	if p.at.After(now) {
		now = p.at // earlier reads are still being paid for
	}
	rate := p.share.rate()
	// as if the bucket had to be full, and the last page and the first page of the next Pacer were paid for
	owed := slack.Seconds()*rate + 2*max(p.target(rate), p.spent.largest(now)) - p.tokens
	return now.Add(seconds(max(0, owed/rate)))
}

// Rate returns how many units a second the segment may consume now, +Inf without a limit.
func (p *Pacer) Rate() float64 { return p.rate(time.Now()) }

// Waited returns how long the segment has waited in Ask so far.
func (p *Pacer) Waited() time.Duration { return p.waited }

func (p *Pacer) rate(now time.Time) float64 { return min(p.share.rate(), p.cubic.rate(now)) }

// pay subtracts the cost of a page from the tokens.
func (p *Pacer) pay(now time.Time, units float64) {
	p.refill(now)
	p.read = true
	p.tokens -= units
	p.spent.add(now, units)
}

// slow slows the segment down after a throttle.
func (p *Pacer) slow(now time.Time) {
	p.spent.forget(now)
	p.cubic.throttled(now, min(p.rate(now), p.spent.rate(now)))
}

// refill adds the units of the time since its last call.
func (p *Pacer) refill(now time.Time) {
	if !now.After(p.at) {
		return
	}
	rate := p.rate(now)
	if math.IsInf(rate, 1) {
		p.tokens = 0
	} else {
		p.tokens = min(p.tokens+rate*now.Sub(p.at).Seconds(), rate*slack.Seconds())
	}
	p.at = now
}

// target returns how many units a page should cost at a rate. A tenth of a second's units makes no burst. It is more if pages take
// so long that the pace would pay for them before they arrive, or if rounding up to half and whole units would waste much of a
// small page. It is never more than half a second's units.
func (p *Pacer) target(rate float64) float64 {
	const least, most, few = 0.1, 0.5, 8
	return rate * min(most, max(least, 2*p.took.Seconds(), few/rate))
}

// seconds returns a duration of s seconds, rounded up, and at most a year, which no execution outlasts.
func seconds(s float64) time.Duration {
	const year = 365 * 24 * 60 * 60
	return time.Duration(math.Ceil(min(s, year) * float64(time.Second)))
}
