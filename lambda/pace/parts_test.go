package pace

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestSizerFindsThePageOfACost(t *testing.T) {
	t.Parallel()
	s := newSizer(false, 0)
	var limits []int32
	for range 8 { // items of 0.05 units: 400 bytes
		limit, _ := s.limit(10)
		limits = append(limits, limit)
		s.paid(int64(limit), math.Max(0.5, math.Ceil(float64(limit)*0.1)/2))
	}
	for i, want := range []int32{1, 2, 8, 32} {
		if limits[i] > 4*want || limits[i] < 1 {
			t.Errorf("the first limits are %d, want each at most four times the last", limits)
		}
	}
	if last := limits[7]; last < 180 || last > 200 {
		t.Errorf("a page of 10 units has %d items of 0.05", last)
	}
	t.Run("after a page of very large items", func(t *testing.T) {
		s.paid(10, 130)
		if limit, expected := s.limit(10); limit != 1 || expected < 0.5 {
			t.Errorf("got %d items for %g units", limit, expected)
		}
	})
	t.Run("never more than the request's own limit", func(t *testing.T) {
		own := newSizer(true, 3)
		own.paid(100, 1)
		if limit, expected := own.limit(50); limit != 3 || expected != 1 {
			t.Errorf("got %d items for %g units", limit, expected)
		}
		if limit, expected := own.limit(500); limit != 0 || expected != 1 { // the request has its own limit
			t.Errorf("got %d items for %g units", limit, expected)
		}
	})
	t.Run("no limit if a whole page is allowed", func(t *testing.T) {
		whole := newSizer(true, 0)
		if limit, expected := whole.limit(260); limit != 0 || expected != 260 {
			t.Errorf("got %d items for %g units", limit, expected)
		}
	})
	t.Run("an empty page says nothing", func(t *testing.T) {
		empty := newSizer(false, 0)
		empty.paid(0, 0.5)
		if limit, _ := empty.limit(10); limit != 1 {
			t.Errorf("got %d", limit)
		}
	})
}

func TestThrottledRateFallsAndComesBack(t *testing.T) {
	t.Parallel()
	var l cubic
	begun := time.Now()
	if !math.IsInf(l.rate(begun), 1) {
		t.Error("there is a rate, although nothing was throttled")
	}
	l.throttled(begun, 1000)
	l.throttled(begun.Add(sameThrottle/2), 10) // the same throttle
	for after, want := range map[time.Duration][2]float64{
		0: {699, 701}, 7 * time.Second: {940, 970}, 14 * time.Second: {999, 1001}, 21 * time.Second: {1020, 1050}, 60 * time.Second: {10_000, 11_000},
	} {
		if got := l.rate(begun.Add(after)); got < want[0] || got > want[1] {
			t.Errorf("after %s the rate is %.0f, want %.0f to %.0f", after, got, want[0], want[1])
		}
	}
	l.throttled(begun.Add(time.Minute), 0)
	if got := l.rate(begun.Add(time.Minute)); got != leastRate {
		t.Errorf("the least rate is %g", got)
	}
}

// markers is Markers with given answers. It counts the questions.
type markers struct {
	done  [][]int // for each look
	after []int
}

func (m *markers) DoneAfter(_ context.Context, segment int) ([]int, bool, error) {
	m.after = append(m.after, segment)
	done := m.done[0]
	m.done = m.done[1:]
	return done, len(done) == 2, nil
}

func TestShareGrowsAsSegmentsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &markers{done: [][]int{{}, {1, 2}, {4}, {0}, {3}}}
		s := NewShare(120, 6, 4, m)
		for i, want := range []struct {
			rate  float64
			after int
		}{{30, -1}, {30, -1}, {40, 2}, {60, -1}, {120, 2}} {
			if err := s.look(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.look(t.Context()); err != nil || len(m.after) != i+1 { // too soon
				t.Fatalf("it has looked %d times: %v", len(m.after), err)
			}
			if s.rate() != want.rate || m.after[i] != want.after {
				t.Errorf("after look %d the share is %g, want %g; it was asked what comes after %d, want %d", i, s.rate(), want.rate, m.after[i], want.after)
			}
			time.Sleep(s.interval())
		}
		// 5 seconds end now: 120 units for one interval, 60 and 40 for one interval each, and 30 for the rest.
		each := s.interval().Seconds()
		if got, want := s.over(time.Now()), 120*each+60*each+40*each+30*(5-3*each); math.Abs(got-want) > 1e-6 {
			t.Errorf("in 5 seconds the share was %g units, want %g", got, want)
		}
		if got := s.over(time.Now().Add(span)); got != 600 {
			t.Errorf("in 5 seconds without a change the share was %g units", got)
		}
	})
}
