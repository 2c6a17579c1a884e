package pace_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/pace"
)

// A forecast is right within a tenth: it is compared with runs of random items and random latencies, which know nothing of it.
// The segments of these runs begin and end as those of TestRunKeepsItsPace.
func TestForecastOfRandomItems(t *testing.T) {
	t.Parallel()
	const latency = 15 * time.Millisecond
	for _, test := range []struct {
		name                  string
		segments, concurrency int
		items                 int // of a segment
		least, most           float64
		units                 float64
		latency               time.Duration
	}{
		{"small items", 8, 8, 75_000, 200, 1000, 100, latency},
		{"one segment", 1, 1, 20_000, 200, 1000, 10, latency},
		{"8 of 36 at the same time", 36, 8, 15_000, 500, 3000, 500, latency},
		{"pages of 1 MB", 4, 4, 2_000_000, 100, 300, 4000, latency},
		{"items of all sizes", 8, 8, 1_500, 100, 400_000, 2000, latency},
		{"large items", 4, 4, 100, 100_000, 400_000, 200, latency},
		{"slow pages", 8, 8, 40_000, 500, 3000, 400, 120 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{concurrency: test.concurrency, units: test.units, itemBytes: bytesOf(test.least, test.most), latency: about(test.latency)}
				for range test.segments {
					w.segments = append(w.segments, test.items)
				}
				took := w.run(t, 24*time.Hour).Seconds()
				begun := w.consumed[0].at
				units := w.sum(begun, begun.Add(24*time.Hour), -1)
				mean, items := (test.least+test.most)/2, float64(test.items*test.segments)
				got := pace.Run{
					UnitsPerSecond: test.units, Segments: test.segments, Concurrency: test.concurrency, Items: items, Units: items * mean / 8192,
					Spread:     (test.most - test.least) / math.Sqrt(12) / mean,
					Page:       func(float64) time.Duration { return test.latency * 5 / 4 }, // the mean of about
					Invocation: 24 * time.Hour, Between: 20 * time.Millisecond, Patience: 24 * time.Hour,
				}.Forecast()
				t.Logf("%.1f units in %.1f s, expected %.1f in %.1f: %.3f and %.3f", units, took, got.Units, got.Seconds, got.Units/units, got.Seconds/took)
				if math.Abs(got.Seconds/took-1) > 0.1 || math.Abs(got.Units/units-1) > 0.1 {
					t.Errorf("got %+v, and the run took %.1f s and %.1f units", got, took, units)
				}
			})
		})
	}
}
