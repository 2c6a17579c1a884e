package pace

import (
	"math"
	"time"
)

// law is how a segment gives way to throttling and comes back: CUBIC, the law of TCP's congestion control (RFC 9438), with a rate
// for its window. A throttle takes the rate to a part of what it was; from there it comes back fast, is careful
// around where it was throttled, and, where nothing throttles any more, grows ever faster.
//
// Every segment that is throttled gives way by this law, and no other does. So a hot range of keys slows the segment that reads
// it, and a limit of the table or the account, which all of them meet, slows the run.
type law struct {
	since time.Time // of the last throttle; zero: there was none
	most  float64   // the rate at which it came
}

const (
	// decrease is what is left of a rate after a throttle.
	decrease = 0.7
	// growth3 is CUBIC's constant C, in units a second for each second cubed. A rate of 1,000 that was throttled is back after 14
	// seconds, one of 10 after 3: of two segments, the slower one gains on the faster.
	growth3 = 0.1
	// leastRate is the least rate, in units a second: one small page every other second.
	leastRate = 0.25
	// round is how long further throttles count as the same one.
	round = time.Second
)

// rate returns how many units a second the law allows, +Inf where nothing has throttled.
func (l *law) rate(now time.Time) float64 {
	if l.since.IsZero() {
		return math.Inf(1)
	}
	x := now.Sub(l.since).Seconds() - math.Cbrt((1-decrease)*l.most/growth3)
	return max(leastRate, l.most+growth3*x*x*x)
}

// throttled tells the law of a throttle, and of the rate of late.
func (l *law) throttled(now time.Time, rate float64) {
	if !l.since.IsZero() && now.Sub(l.since) < round {
		return
	}
	l.since, l.most = now, max(leastRate, rate)
}
