package pace

import (
	"context"
	"math"
	"slices"
	"time"
)

// Markers tells which segments of the run are done. A segment that is done has read, and paid for, all that it ever will.
type Markers interface {
	// DoneAfter returns, in their order, the done segments whose numbers are greater than one, as many as one request tells. more
	// says that there may be others after them.
	DoneAfter(ctx context.Context, segment int) (done []int, more bool, err error)
}

// Share is what a segment may consume of the run's pace: an equal part for each of the segments that can be at work at the same
// time. That is a constant until fewer are left than may go at once; then the budget of those that are done goes to the others.
//
// It looks at intervals how many are done. What is done stays done, so that an old count makes a share too small, never too large,
// and the shares of all segments together are never more than the pace, though no segment knows another's.
type Share struct {
	units       float64
	concurrency int
	markers     Markers

	done   []bool // by the segments' numbers
	left   int    // how many are not known to be done
	first  int    // the first that is not known to be done
	cursor int    // the look goes on after it

	next    time.Time
	changes []change // of the last span
}

// change is from when the share was otherwise, and what it was before.
type change struct {
	at     time.Time
	before float64
}

// NewShare returns the share of a segment in a run that may consume units a second and has so many segments, of which some go at
// once.
func NewShare(units float64, segments, concurrency int, markers Markers) *Share {
	return &Share{units: units, concurrency: concurrency, markers: markers, done: make([]bool, segments), left: segments, cursor: -1}
}

// rate is the share, in units a second; +Inf where there is no pace.
func (s *Share) rate() float64 {
	if s == nil {
		return math.Inf(1)
	}
	return s.units / float64(max(1, min(s.concurrency, s.left)))
}

// over is how many units the share was in the span that ends now: one that has grown did not count for more before.
func (s *Share) over(now time.Time) float64 {
	sum, rate, until := 0.0, s.rate(), now
	for _, c := range slices.Backward(s.changes) {
		if now.Sub(c.at) >= span {
			break
		}
		sum += rate * until.Sub(c.at).Seconds()
		rate, until = c.before, c.at
	}
	return sum + rate*(span-now.Sub(until)).Seconds()
}

// interval is how often a segment looks: so that those at work do so no more than three times a second together.
func (s *Share) interval() time.Duration {
	return max(time.Second, time.Duration(s.concurrency)*time.Second/3)
}

// look counts the segments that are done, if it is time to.
func (s *Share) look(ctx context.Context) error {
	if s == nil || s.concurrency <= 1 {
		return nil
	}
	now := time.Now()
	if now.Before(s.next) {
		return nil
	}
	done, more, err := s.markers.DoneAfter(ctx, s.cursor)
	if err != nil {
		return err
	}
	now = time.Now()
	s.next = now.Add(s.interval())
	before := s.rate()
	for _, segment := range done {
		if segment < len(s.done) && !s.done[segment] {
			s.done[segment] = true
			s.left--
		}
	}
	for s.first < len(s.done) && s.done[s.first] {
		s.first++
	}
	s.cursor = s.first - 1
	if more { // one request a look: the rest is the next one's
		s.cursor = done[len(done)-1]
	}
	if s.rate() != before {
		s.changes = append(slices.DeleteFunc(s.changes, func(c change) bool { return now.Sub(c.at) >= span }), change{now, before})
	}
	return nil
}
