package pace

import (
	"math"
	"time"
)

// cubic says how fast a throttled segment may read. It is CUBIC, the algorithm of TCP's congestion control (RFC 9438), with a rate
// in place of TCP's window. A throttle reduces the rate to a part of itself. From there the rate rises fast, rises slowly near the
// rate that was throttled, and then faster and faster if nothing throttles.
//
// Only a segment that is throttled slows down. So a hot range of keys slows the segment that reads it. A limit of the table or the
// account throttles all segments, so it slows the run.
type cubic struct {
	since time.Time // of the last throttle; zero means none
	most  float64   // the rate before it
}

const (
	// decrease is the part of a rate that is left after a throttle.
	decrease = 0.7
	// growth3 is CUBIC's constant C, in units a second for each second cubed. A rate of 1,000 that was throttled is back after 14
	// seconds, a rate of 10 after 3. So the slower of two segments catches up.
	growth3 = 0.1
	// leastRate is the lowest rate in units a second: one small page every other second.
	leastRate = 0.25
	// sameThrottle is how long further throttles count as the same one.
	sameThrottle = time.Second
)

// rate returns how many units a second are allowed, +Inf if nothing has throttled.
func (c *cubic) rate(now time.Time) float64 {
	if c.since.IsZero() {
		return math.Inf(1)
	}
	x := now.Sub(c.since).Seconds() - math.Cbrt((1-decrease)*c.most/growth3)
	return max(leastRate, c.most+growth3*x*x*x)
}

// throttled records a throttle, and the rate at which the segment read before it.
func (c *cubic) throttled(now time.Time, rate float64) {
	if !c.since.IsZero() && now.Sub(c.since) < sameThrottle {
		return
	}
	c.since, c.most = now, max(leastRate, rate)
}
