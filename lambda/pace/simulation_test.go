package pace_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/pace"
)

// world is a run over a simulated table in synctest's time. A Map scans a number of segments at the same time, each in several
// invocations. The table's capacity is a bucket that fills all the time.
type world struct {
	segments    []int // the number of items of each segment
	concurrency int
	units       float64 // the pace; 0 for none
	itemBytes   func(r *rand.Rand) float64
	latency     func(r *rand.Rand) time.Duration // of a page
	invocation  time.Duration                    // how long an invocation lasts; 0 means forever
	patience    time.Duration                    // how long it waits for the pace; 0 means forever

	capacity float64         // of the table, in units a second; 0 means unlimited
	hot      map[int]float64 // the units a second that a segment's key range gives

	mu       sync.Mutex
	table    bucket
	ranges   map[int]*bucket
	done     []bool
	consumed []event
	tries    int
	refused  map[int]int // tries, by segment
}

type event struct {
	at      time.Time
	segment int
	units   float64
}

// bucket is a token bucket with the tokens of one second. Like DynamoDB's, it goes into debt for a page, and gives none while in
// debt.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) has(rate float64) bool {
	if b.at.IsZero() {
		b.tokens, b.at = rate, time.Now()
	}
	b.tokens, b.at = min(rate, b.tokens+rate*time.Since(b.at).Seconds()), time.Now()
	return b.tokens > 0
}

// try is one try for a page. It returns the cost, or false if the try is throttled.
func (w *world) try(segment int, bytes float64) (float64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	units := max(0.5, math.Ceil(bytes/4096)/2)
	hot := w.ranges[segment]
	if w.capacity > 0 && !w.table.has(w.capacity) || hot != nil && !hot.has(w.hot[segment]) {
		w.refused[segment]++
		return 0, false
	}
	w.table.tokens -= units
	if hot != nil {
		hot.tokens -= units
	}
	w.consumed = append(w.consumed, event{time.Now(), segment, units})
	return units, true
}

// scan reads a segment to its end.
func (w *world) scan(ctx context.Context, segment int) error {
	r := rand.New(rand.NewPCG(1, uint64(segment)))
	var paid time.Time
	for left := w.segments[segment]; ; time.Sleep(100 * time.Millisecond) { // between two invocations
		var share *pace.Share
		if w.units > 0 {
			share = pace.NewShare(w.units, len(w.segments), w.concurrency, w)
		}
		p := pace.New(pace.Config{Share: share, PaidAt: paid, Patience: w.patience})
		for begun := time.Now(); w.invocation == 0 || time.Since(begun) < w.invocation; {
			limit, err := p.Ask(ctx)
			if errors.Is(err, pace.ErrPatience) {
				time.Sleep(time.Until(p.ResumeAt()))
				break
			}
			if err != nil {
				return err
			}
			items, bytes := 0, 0.0
			for items < left && bytes < 1<<20 && (limit == 0 || items < int(limit)) {
				items++
				bytes += w.itemBytes(r)
			}
			latency := w.latency(r)
			before := latency * time.Duration(r.IntN(100)) / 100
			time.Sleep(before)
			units, throttled := 0.0, int64(0)
			for ok := false; !ok && throttled < 6; { // like the SDK
				if units, ok = w.try(segment, bytes); !ok {
					throttled++
					if throttled < 6 {
						time.Sleep(min(5*time.Second, time.Duration(r.Float64()*float64(time.Second<<throttled))))
					}
				}
			}
			if throttled == 6 {
				p.Refused()
				continue
			}
			time.Sleep(latency - before)
			p.Answered(int64(items), units, throttled)
			if left -= items; left == 0 {
				time.Sleep(time.Until(p.PaidAt()))
				w.mu.Lock()
				w.done[segment] = true
				w.mu.Unlock()
				return nil
			}
		}
		paid = p.ContinueAt()
	}
}

// DoneAfter returns three segments at a time; S3 returns a thousand.
func (w *world) DoneAfter(_ context.Context, segment int) (done []int, more bool, err error) {
	time.Sleep(30 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := segment + 1; i < len(w.done); i++ {
		if w.done[i] {
			if len(done) == 3 {
				return done, true, nil
			}
			done = append(done, i)
		}
	}
	return done, false, nil
}

// run scans all segments in order, so many at the same time, until they are done or the time is over.
func (w *world) run(t *testing.T, most time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	w.done, w.ranges, w.refused = make([]bool, len(w.segments)), map[int]*bucket{}, map[int]int{}
	for segment := range w.hot {
		w.ranges[segment] = new(bucket)
	}
	begun := time.Now()
	next := make(chan int)
	var slots sync.WaitGroup
	for range w.concurrency {
		slots.Go(func() {
			for segment := range next {
				if err := w.scan(ctx, segment); err != nil && !errors.Is(err, pace.ErrNoTime) {
					t.Errorf("segment %d: %v", segment, err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	for segment := range w.segments {
		next <- segment
	}
	close(next)
	slots.Wait()
	return time.Since(begun)
}

// sum returns what one segment consumed in [from, to), or all segments for -1.
func (w *world) sum(from, to time.Time, segment int) float64 {
	var sum float64
	for _, e := range w.consumed {
		if !e.at.Before(from) && e.at.Before(to) && (segment < 0 || e.segment == segment) {
			sum += e.units
		}
	}
	return sum
}

// worst returns the most that was consumed in any 5 seconds, measured at every event.
func (w *world) worst() float64 {
	slices.SortStableFunc(w.consumed, func(a, b event) int { return a.at.Compare(b.at) })
	var worst, sum float64
	first := 0
	for _, e := range w.consumed {
		sum += e.units
		for e.at.Sub(w.consumed[first].at) >= 5*time.Second {
			sum -= w.consumed[first].units
			first++
		}
		worst = max(worst, sum)
	}
	return worst
}

// about returns latencies from half to twice a time, and sometimes a long one.
func about(d time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		if r.IntN(200) == 0 {
			return 10 * d
		}
		return d/2 + time.Duration(r.Float64()*1.5*float64(d))
	}
}

func bytesOf(least, most float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return least + r.Float64()*(most-least) }
}
