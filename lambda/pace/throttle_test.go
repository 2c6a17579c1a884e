package pace_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/pace"
)

// throttled is a long run of 8 segments, over a table that gives less than they could read.
func throttled(w *world) *world {
	w.segments, w.concurrency = slices.Repeat([]int{math.MaxInt}, 8), 8
	w.itemBytes, w.latency = bytesOf(500, 3000), about(40*time.Millisecond)
	return w
}

// rates returns what each segment, and all together, consume in a second after they have settled.
func (w *world) rates(begun time.Time, from, to time.Duration) (each [8]float64, all float64) {
	for i := range each {
		each[i] = w.sum(begun.Add(from), begun.Add(to), i) / (to - from).Seconds()
		all += each[i]
	}
	return each, all
}

// The table's capacity is shared by the segments that ask for it, and almost all of it is used.
func TestRunSettlesAtWhatTheTableGives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		world *world
		want  float64
		most  float64 // the most tries that may be throttled, as a part
	}{
		{"a table of 4,000 units", &world{capacity: 4000}, 4000, 0.05},
		{"a table of 1,000", &world{capacity: 1000}, 1000, 0.1},
		{"a table of 200", &world{capacity: 200}, 200, 0.25},
		{"a table of 1,000 and a pace of 2,000", &world{capacity: 1000, units: 2000}, 1000, 0.02},
		{"a table of 1,000 and a pace of 1,100", &world{capacity: 1000, units: 1100}, 1000, 0.01},
		{"a table that gives just more than the pace", &world{capacity: 1050, units: 1000}, 980, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := throttled(test.world)
				begun := time.Now()
				w.run(t, 10*time.Minute)
				each, all := w.rates(begun, time.Minute, 10*time.Minute)
				refused := 0
				for _, n := range w.refused {
					refused += n
				}
				t.Logf("%s: %.0f units a second: %.0f; %.4f of %d tries were throttled", test.name, all, each, float64(refused)/float64(w.tries), w.tries)
				if all < 0.85*test.want || all > 1.01*test.want {
					t.Errorf("the run consumes %.0f units a second, want about %.0f", all, test.want)
				}
				if part := float64(refused) / float64(w.tries); part > test.most {
					t.Errorf("%.3f of the tries were throttled", part)
				}
				if least, most := slices.Min(each[:]), slices.Max(each[:]); most > 3*least {
					t.Errorf("one segment has %.0f units a second, another %.0f", least, most)
				}
			})
		})
	}
}

// A hot range of keys slows only the segment that reads it.
func TestHotRangeSlowsItsSegmentAlone(t *testing.T) {
	t.Parallel()
	for name, units := range map[string]float64{"without a pace": 0, "under a pace": 4000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				run := func(hot map[int]float64) ([8]float64, *world) {
					w := throttled(&world{hot: hot, units: units})
					begun := time.Now()
					w.run(t, 3*time.Minute)
					each, _ := w.rates(begun, 30*time.Second, 3*time.Minute)
					return each, w
				}
				cool, _ := run(nil)
				hot, w := run(map[int]float64{3: 100})
				t.Logf("%.0f, with a hot range %.0f; %v tries were throttled", cool, hot, w.refused)
				for i := range hot {
					switch {
					case i == 3 && (hot[i] < 70 || hot[i] > 101):
						t.Errorf("the hot segment consumes %.0f units a second of 100", hot[i])
					case i != 3 && (math.Abs(hot[i]/cool[i]-1) > 0.001 || w.refused[i] > 0):
						t.Errorf("segment %d consumes %.1f units a second, and %.1f beside a hot one", i, cool[i], hot[i])
					}
				}
			})
		})
	}
}

// A segment that stood still gives up at its first refused page. Any other segment waits and asks again.
func TestStalledSegmentGivesUpAtOnce(t *testing.T) {
	t.Parallel()
	for stalled, want := range map[bool]error{false: nil, true: pace.ErrPatience} {
		synctest.Test(t, func(t *testing.T) {
			p := pace.New(pace.Config{Patience: 10 * time.Second, Stalled: stalled})
			if _, err := p.Ask(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.Refused()
			if _, err := p.Ask(t.Context()); !errors.Is(err, want) {
				t.Errorf("stalled %v: got %v, want %v", stalled, err, want)
			}
		})
	}
}
