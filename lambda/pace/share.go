package pace

import (
	"context"
	"math"
	"slices"
	"time"
)

// Markers knows which segments of the run are done. A done segment has read, and paid for, everything that it will ever read.
type Markers interface {
	// DoneAfter returns, in order, the done segments with a greater number, as many as one request returns. more says that there
	// may be others after them.
	DoneAfter(ctx context.Context, segment int) (done []int, more bool, err error)
}

// Share is one segment's part of the run's pace: the pace divided by the number of segments that can be at work at the same time.
// That number is constant until fewer segments are left. Then the budget of the done segments goes to the others.
//
// Share checks from time to time how many segments are done. A done segment stays done, so an old count makes a share too small and
// never too large. So all shares together never exceed the pace, although no segment knows another's share.
type Share struct {
	units       float64
	concurrency int
	markers     Markers

	done   []bool // indexed by segment number
	left   int    // how many segments are not known to be done
	first  int    // the first segment that is not known to be done
	cursor int    // the next look starts after it

	next    time.Time
	changes []change // of the last span
}

// change is a moment when the share changed, and its value before.
type change struct {
	at     time.Time
	before float64
}

// NewShare returns the share of one segment. The run may consume units a second and has so many segments, of which concurrency run
// at the same time.
func NewShare(units float64, segments, concurrency int, markers Markers) *Share {
	return &Share{units: units, concurrency: concurrency, markers: markers, done: make([]bool, segments), left: segments, cursor: -1}
}

// rate returns the share in units a second, +Inf without a pace.
func (s *Share) rate() float64 {
	if s == nil {
		return math.Inf(1)
	}
	return s.units / float64(max(1, min(s.concurrency, s.left)))
}

// over returns the share's units in the span that ends now. A share that has grown was smaller before.
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

// interval is the time between two looks. All segments at work together look at most three times a second.
func (s *Share) interval() time.Duration {
	return max(time.Second, time.Duration(s.concurrency)*time.Second/3)
}

// look counts the done segments, if the interval has passed.
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
	if more { // one request for each look: the next look continues
		s.cursor = done[len(done)-1]
	}
	if s.rate() != before {
		s.changes = append(slices.DeleteFunc(s.changes, func(c change) bool { return now.Sub(c.at) >= span }), change{now, before})
	}
	return nil
}
