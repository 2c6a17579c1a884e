package scan

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/quota"
)

// The time and the units of a paced run are forecast within a tenth, with the function itself: with its invocations, the waits of the state
// machine, and the markers. The clock is synctest's, so the figures are the same each time.
func TestPacedRunTakesWhatIsForecast(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rate                  float64
		segments, concurrency int
		items                 int // of a segment
		units                 float64
		varied                bool
		slower                time.Duration
		timeout               time.Duration
	}{
		{rate: 0.5, segments: 1, concurrency: 1, items: 600, units: 0.05, varied: true}, // each page has one item and costs half a unit
		{rate: 0.5, segments: 1, concurrency: 1, items: 50, units: 6, varied: true},     // some pages are followed by waits of the state machine
		{rate: 0.01, segments: 2, concurrency: 1, items: 30, units: 6},                  // all are
		{rate: 2, segments: 5, concurrency: 2, items: 480, units: 0.05},
		{rate: 2, segments: 1, concurrency: 1, items: 200, units: 6},
		{rate: 10, segments: 4, concurrency: 1, items: 250, units: 6, varied: true},
		{rate: 10, segments: 3, concurrency: 3, items: 333, units: 6, varied: true}, // two of them in five seconds
		{rate: 50, segments: 5, concurrency: 2, items: 12_000, units: 0.05, varied: true},
		{rate: 50, segments: 3, concurrency: 3, items: 208, units: 48, varied: true}, // one item of 390 KB in five seconds
		{rate: 50, segments: 5, concurrency: 2, items: 125, units: 48, varied: true},
		{rate: 200, segments: 4, concurrency: 1, items: 5000, units: 6},
		{rate: 200, segments: 1, concurrency: 1, items: 60_000, units: 0.3, varied: true, slower: 100 * time.Millisecond},
		{rate: 200, segments: 20, concurrency: 4, items: 100, units: 1, varied: true}, // many short segments
		{rate: 200, segments: 2, concurrency: 2, items: 30_000, units: 1, timeout: time.Minute},
		{rate: 1000, segments: 11, concurrency: 4, items: 6000, units: 1, varied: true},
		{rate: 1000, segments: 12, concurrency: 12, items: 104, units: 48, varied: true},
		{rate: 4000, segments: 40, concurrency: 16, items: 700, units: 6, varied: true},
		{rate: 4000, segments: 2, concurrency: 2, items: 20_000, units: 6, varied: true, slower: 60 * time.Millisecond}, // pages of 1 MB
	} {
		name := fmt.Sprintf("%g units a second, %d of %d segments, items of %g units, varied %t, slower by %s", test.rate, test.concurrency, test.segments, test.units, test.varied, test.slower)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.timeout == 0 {
					test.timeout = quota.MaxScanTimeout
				}
				table := &priced{items: test.items, units: test.units, varied: test.varied, slower: test.slower}
				c := newChildren(table, test.rate, test.segments, test.concurrency, test.timeout)
				run := pace.Run{
					UnitsPerSecond: test.rate, Segments: test.segments, Concurrency: test.concurrency, Items: float64(test.items * test.segments),
					Page:       func(float64) time.Duration { return 20*time.Millisecond + test.slower },
					Invocation: test.timeout - 10*time.Second, Between: 50 * time.Millisecond, Patience: quota.MaxLambdaWait,
				}
				for i := range test.items {
					run.Units += float64(test.segments) * table.cost(i)
				}
				if test.varied {
					run.Spread = 1 / math.Sqrt(12)
				}
				took, units := c.run(t, table)
				got := run.Forecast()
				t.Logf("%.1f units in %.1f s with %d waits; expected %.1f in %.1f with %.0f: %.3f and %.3f", units, took.Seconds(), c.waits, got.Units, got.Seconds, got.Waits, got.Units/units, got.Seconds/took.Seconds())
				if math.Abs(got.Seconds/took.Seconds()-1) > 0.1 || math.Abs(got.Units/units-1) > 0.1 || math.Abs(got.Waits-float64(c.waits)) > 0.25*float64(c.waits)+float64(test.segments) {
					t.Errorf("got %+v, and the run took %s, %.1f units and %d waits", got, took, units, c.waits)
				}
			})
		})
	}
}
