// Package pace says when a segment may ask for its next page, and for how many items, so that a run consumes no more read units
// than it was given, and so that what throttles is given way to. docs/pace.md has the reasoning and the promise.
//
// A Pacer serves one segment during one invocation and knows of the others only how many are done (Share). It imports the standard
// library only, and its clock is the system's: tests run it under testing/synctest.
package pace

import (
	"context"
	"errors"
	"math"
	"time"
)

const (
	// span is the time over which the promise holds: in no span does a run consume more than its pace times the span.
	span = 5 * time.Second
	// fill is how much of a span's units are spent by plan: a page may cost more than expected by what is left.
	fill = 0.98
	// slack is how much lateness is made up for: a page that came late, a timer that fired late. More would be a burst.
	slack = 250 * time.Millisecond
	// step is how long a wait goes on before it is looked whether it is still as long.
	step = time.Second
)

// ErrNoTime says that the context ended before the pace allowed for another page.
var ErrNoTime = errors.New("the pace allows no page in the time left")

// Config is what a Pacer begins with.
type Config struct {
	// Share is the segment's part of the run's pace, nil for a run that has none: only throttling then slows it.
	Share *Share
	// Consistent tells whether reads are strongly consistent: they cost twice as much.
	Consistent bool
	// Limit is the most items that a page evaluates by the request's own will, 0 for no limit.
	Limit int64
	// PaidAt is when the segment's invocation before has paid for what it has read; no page is asked for before.
	PaidAt time.Time
}

// Pacer paces one segment. It is for one goroutine.
type Pacer struct {
	share *Share
	size  sizer
	law   law
	spent window

	tokens   float64 // units that may be consumed without waiting; below zero, what is owed
	at       time.Time
	notYet   time.Time     // no page is asked for before
	asked    time.Time     // when the page under way was
	expected float64       // what it is to cost
	took     time.Duration // how long a page takes, of late
	refusals int           // in a row
	waited   time.Duration
}

// New returns a Pacer that begins now.
func New(c Config) *Pacer {
	now := time.Now()
	p := &Pacer{share: c.Share, size: newSizer(c.Consistent, c.Limit), spent: window{begun: now}, at: now, notYet: c.PaidAt}
	if p.notYet.After(now) {
		p.at = p.notYet // until then what is added pays for what was read
	}
	return p
}

// Ask waits until the next page may be asked for, and returns how many items it may evaluate at most, 0 for as many as the request
// allows. Each Ask is followed by one of Answered, Refused and Lost. It fails with ErrNoTime where ctx ends before, or with what
// kept it from looking how many segments are done.
func (p *Pacer) Ask(ctx context.Context) (limit int32, err error) {
	begun := time.Now()
	defer func() { p.waited += time.Since(begun) }()
	for {
		if ctx.Err() != nil {
			return 0, errors.Join(ErrNoTime, ctx.Err())
		}
		if err := p.share.look(ctx); err != nil {
			return 0, err
		}
		limit, wait := p.next(time.Now())
		if wait <= 0 {
			p.asked = time.Now()
			return limit, nil
		}
		if deadline, ok := ctx.Deadline(); ok && p.notYet.After(deadline) {
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

// next returns the limit of a page that is asked for now, or how long to wait before it is tried again.
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
	if p.share == nil { // larger pages, of which more meet the limit, divide it more evenly
		limit, p.expected = p.size.limit(4 * units)
		return limit, 0
	}
	room := p.share.over(now)*fill - p.spent.sum
	if room < units && room >= units/4 {
		units = room // the rest of the span, rather than to wait for more
	}
	limit, p.expected = p.size.limit(units)
	if p.expected > room && p.spent.sum > 0 {
		return 0, p.spent.oldest().Sub(now)
	}
	return limit, 0
}

// Answered tells what the page has cost, how many items were evaluated for it, and how many tries before it were throttled.
func (p *Pacer) Answered(items int64, units float64, throttled int64) {
	now := time.Now()
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

// Refused tells that every try to have the page was throttled. The next is made after a pause, which doubles from one to the next.
func (p *Pacer) Refused() {
	const least, most = time.Second, 32 * time.Second
	now := time.Now()
	p.notYet = now.Add(min(least<<min(p.refusals, 10), most))
	p.refusals++
	p.slow(now)
}

// Lost tells that no answer came for another reason. It may have been paid all the same.
func (p *Pacer) Lost() { p.pay(time.Now(), p.expected) }

// PaidAt returns when what was read is within the pace so that somebody who knows nothing of it may go on; a zero time where there
// is no pace.
func (p *Pacer) PaidAt() time.Time {
	if p.share == nil {
		return time.Time{}
	}
	now := time.Now()
	p.refill(now)
	if p.at.After(now) {
		now = p.at // what was read before is being paid for
	}
	rate := p.share.rate()
	// As if the bucket had to be full, and the last page and the next one's first were paid before.
	owed := slack.Seconds()*rate + 2*max(p.target(rate), p.spent.largest(now)) - p.tokens
	return now.Add(seconds(max(0, owed/rate)))
}

// Rate is how many units a second the segment may consume at the moment, +Inf where nothing holds it. Waited is how long it has
// waited for that.
func (p *Pacer) Rate() float64 { return p.rate(time.Now()) }

// Waited is how long the segment has waited so far before it asked for pages.
func (p *Pacer) Waited() time.Duration { return p.waited }

func (p *Pacer) rate(now time.Time) float64 { return min(p.share.rate(), p.law.rate(now)) }

// pay takes what a page has cost off the tokens.
func (p *Pacer) pay(now time.Time, units float64) {
	p.refill(now)
	p.tokens -= units
	p.spent.add(now, units)
}

// slow gives way to a throttle.
func (p *Pacer) slow(now time.Time) {
	p.spent.forget(now)
	p.law.throttled(now, min(p.rate(now), p.spent.rate(now)))
}

// refill adds the units of the time since it was last called.
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

// target is how many units a page should cost at a rate: a tenth of a second's, so that it is no burst. More, where pages take so
// long to come that their cost would be paid before, or where rounding up to whole and half units would eat small ones; never
// more than half a second's.
func (p *Pacer) target(rate float64) float64 {
	const least, most, few = 0.1, 0.5, 8
	return rate * min(most, max(least, 2*p.took.Seconds(), few/rate))
}

// seconds is a duration that is never less than so many seconds, a day at most.
func seconds(s float64) time.Duration {
	return time.Duration(math.Ceil(min(s, 86400) * float64(time.Second)))
}
