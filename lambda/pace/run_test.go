package pace_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A run keeps its pace: in no 5 seconds does it consume more, and on average it consumes almost as much.
func TestRunKeepsItsPace(t *testing.T) {
	t.Parallel()
	even := func(n, items int) []int { return slices.Repeat([]int{items}, n) }
	for _, test := range []struct {
		name  string
		world *world
		least float64 // the average divided by the pace
	}{
		{"100 units a second over 8 segments", &world{segments: even(8, 75_000), concurrency: 8, units: 100, itemBytes: bytesOf(200, 1000)}, 0.95},
		{"1,000 over 8", &world{segments: even(8, 750_000), concurrency: 8, units: 1000, itemBytes: bytesOf(200, 1000)}, 0.95},
		{"20,000 over 8, which read 20 MB a second each", &world{segments: even(8, 1_500_000), concurrency: 8, units: 20_000, itemBytes: bytesOf(4000, 8000), latency: about(15 * time.Millisecond)}, 0.95},
		{"8 of 40 at the same time", &world{segments: even(40, 15_000), concurrency: 8, units: 500, itemBytes: bytesOf(500, 3000)}, 0.95},
		{"2 of 5, 50 units a second", &world{segments: even(5, 3_500), concurrency: 2, units: 50, itemBytes: bytesOf(1000, 5000)}, 0.93},
		{"2.5 units a second for each segment, tiny items", &world{segments: even(4, 20_000), concurrency: 4, units: 10, itemBytes: bytesOf(60, 200)}, 0.93},
		{"1 unit a second for each segment", &world{segments: even(3, 400), concurrency: 3, units: 3, itemBytes: bytesOf(1000, 3000)}, 0.7},
		{"items of a few pages for each segment", &world{segments: even(4, 300), concurrency: 4, units: 40, itemBytes: bytesOf(8000, 40_000)}, 0.6},
		{"in many invocations", &world{segments: even(8, 40_000), concurrency: 8, units: 400, itemBytes: bytesOf(500, 3000), invocation: 20 * time.Second}, 0.95},
		{"segments that end early", &world{segments: []int{5_000, 10_000, 20_000, 40_000, 160_000, 160_000, 160_000, 160_000}, concurrency: 8, units: 400, itemBytes: bytesOf(500, 3000)}, 0.95},
		{"one segment that runs alone for a long time", &world{segments: []int{200_000, 3_000, 3_000, 3_000}, concurrency: 4, units: 400, itemBytes: bytesOf(500, 3000)}, 0.95},
		{"items of all sizes", &world{segments: even(8, 1_500), concurrency: 8, units: 2000, itemBytes: bytesOf(100, 400_000)}, 0.92},
		{"large items, almost each in its own invocation", &world{segments: even(8, 40), concurrency: 8, units: 200, itemBytes: bytesOf(100_000, 400_000), patience: time.Second}, 0.35},
		{"slow pages", &world{segments: even(8, 40_000), concurrency: 8, units: 400, itemBytes: bytesOf(500, 3000), latency: about(120 * time.Millisecond)}, 0.9},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := test.world
				if w.latency == nil {
					w.latency = about(15 * time.Millisecond)
				}
				took := w.run(t, 24*time.Hour)
				begun := w.consumed[0].at
				average := w.sum(begun, begun.Add(took), -1) / took.Seconds() / w.units
				worst := w.worst() / (5 * w.units)
				t.Logf("%s: %s, %d pages, average %.4f, worst %.4f", test.name, took.Round(time.Second), len(w.consumed), average, worst)
				if worst > 1 {
					t.Errorf("in 5 seconds the run has consumed %.4f of its pace", worst)
				}
				if average < test.least {
					t.Errorf("on average the run has consumed %.4f of its pace, want %.2f", average, test.least)
				}
			})
		})
	}
}
