package scan

import (
	"slices"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/run"
)

// meter counts what an invocation does in equal intervals of its time. It is safe for concurrent use: pages are counted when they are encoded,
// and throttles while the next page is fetched. Its memory is bounded: when all intervals are used, it joins each with its neighbour, so that
// they are twice as long.
type meter struct {
	mu        sync.Mutex
	length    time.Duration // of an interval; 0 before the first one
	used      int
	intervals [run.MaxIntervals]run.Interval
}

// firstInterval is how long an interval is at first. In an invocation of 900 seconds, intervals grow to 32 seconds.
const firstInterval = time.Second / 8

// add adds what the invocation did at a time since its start.
func (m *meter) add(since time.Duration, did run.Interval) {
	m.mu.Lock()
	defer m.mu.Unlock()
	since, m.length = max(0, since), max(firstInterval, m.length)
	for since >= run.MaxIntervals*m.length {
		m.join()
	}
	at := int(since / m.length)
	m.intervals[at].Add(did)
	m.used = max(m.used, at+1)
}

// join joins the intervals in pairs.
func (m *meter) join() {
	for i := range m.intervals {
		did := m.intervals[i]
		m.intervals[i] = run.Interval{}
		m.intervals[i/2].Add(did)
	}
	m.length, m.used = 2*m.length, (m.used+1)/2
}

// work returns how the invocation has spent its time so far. Closing has taken so long. No page may be on its way.
func (s *segment) work(flush time.Duration) run.Work {
	throttles, m := s.Throttles(), &s.budget.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	return run.Work{
		ThrottledTries: throttles.Tries, Throttles: throttles.Reasons,
		WaitSeconds: s.pacer.Waited().Round(time.Millisecond).Seconds(), FlushSeconds: flush.Seconds(),
		IntervalSeconds: m.length.Seconds(), Intervals: slices.Clone(m.intervals[:m.used]),
	}
}
