package watch

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
)

// invocation is one invocation of a simulated run.
type invocation struct {
	segment    int
	begin, end float64 // in seconds
	units      float64
	last       bool // of its segment
}

// simulate returns the invocations of segments that need so many seconds, with so many at work. An invocation takes at most longest seconds. Every
// segment reads the same number of units a second.
func simulate(segments []float64, atWork int, longest, unitsPerSecond float64) (all []invocation, end float64) {
	free := make([]float64, atWork) // when each worker is free
	for segment, seconds := range segments {
		worker := 0
		for i := range free {
			if free[i] < free[worker] {
				worker = i
			}
		}
		for seconds > 0 {
			took := min(seconds, longest)
			seconds -= took
			all = append(all, invocation{segment, free[worker], free[worker] + took, took * unitsPerSecond, seconds <= 0})
			free[worker] += took
			end = max(end, free[worker])
		}
	}
	return all, end
}

// at returns what watch knows of the simulated run after so many seconds.
func at(seconds float64, all []invocation, plan run.Plan, segments int) pass {
	p := pass{plan: plan, segments: segments, took: time.Duration(seconds * float64(time.Second))}
	of := map[int]float64{}
	for _, i := range all {
		switch {
		case i.end <= seconds:
			p.ReadUnits += i.units
			p.seconds += i.end - i.begin
			p.lists++
			if of[i.segment] += i.units; i.last {
				p.ended++
				p.whole.ReadUnits += of[i.segment]
			}
		case i.begin <= seconds:
			p.atWork++
		}
	}
	return p
}

// After a fifth of the run, the estimate is good if the run's estimate is right, and also if only segments that are done say how much there is.
func TestTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // test data, to be the same again
	for _, test := range []struct {
		name             string
		segments, atWork int
		seconds          float64 // of a segment
		skew             float64
		within           float64 // of the run's time
	}{
		{"one segment", 1, 1, 9000, 0, 0.15},
		{"all at work", 100, 100, 9000, 0, 0.15},
		{"many short segments", 10_000, 1000, 120, 0.5, 0.15},
		{"segments as long as an invocation", 1000, 100, 900, 0.3, 0.15},
		{"skewed segments", 2000, 100, 1500, 0.9, 0.15},
	} {
		seconds, total := make([]float64, test.segments), 0.0
		for i := range seconds {
			seconds[i] = test.seconds * (1 + test.skew*(2*random.Float64()-1))
			total += seconds[i]
		}
		all, end := simulate(seconds, test.atWork, 895, 100)
		for _, estimated := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, estimate %t", test.name, estimated), func(t *testing.T) {
				t.Parallel()
				plan := run.Plan{Scan: &run.ScanPlan{TotalSegments: test.segments}}
				if estimated {
					plan.Estimate = &run.Estimated{ReadUnits: total * 100}
				}
				known, worst := 0, 0.0
				for share := 0.2; share < 0.9; share += 0.01 {
					left, ok := at(share*end, all, plan, test.segments).left()
					if !ok {
						continue
					}
					known++
					wrong := left.Seconds() - (1-share)*end
					worst = max(worst, max(wrong, -wrong)/end)
				}
				if worst > test.within || estimated && known < 60 || known == 0 && test.segments > 1000 {
					t.Errorf("known at %d moments, wrong by %.0f %% of the run's time", known, 100*worst)
				}
			})
		}
	}
}

func TestTheTimeThatIsLeftIsNotInvented(t *testing.T) {
	t.Parallel()
	scan := func(units float64) run.Plan {
		return run.Plan{Scan: &run.ScanPlan{TotalSegments: 10}, Estimate: &run.Estimated{ReadUnits: units}}
	}
	some := sum{Totals: run.Totals{ReadUnits: 100, Scanned: 1000}, lists: 3, seconds: 30}
	paced := scan(1000)
	paced.Scan.ReadUnitsPerSecond = 5
	learning := run.Plan{Scan: &run.ScanPlan{}, Parquet: &run.ParquetPlan{Segments: 10}, Estimate: &run.Estimated{ReadUnits: 1000}}
	converting := learning
	converting.Parquet = &run.ParquetPlan{Segments: 10, Schema: "x", Staged: &run.Staged{Records: 2000}}
	units := some
	units.ended, units.whole = 5, run.Totals{ReadUnits: 70}
	third := some
	third.ended, third.whole = 5, run.Totals{Scanned: 900}
	for _, test := range []struct {
		name  string
		pass  pass
		left  time.Duration
		known bool
	}{
		{"nothing was read", pass{plan: scan(1000), atWork: 2, segments: 10}, 0, false},
		{"nothing is at work", pass{plan: scan(1000), sum: some, segments: 10}, 0, false},
		{"too few lists", pass{plan: scan(100_000), sum: sum{Totals: some.Totals, lists: 2, seconds: 30}, atWork: 2, segments: 10}, 0, false},
		{"more than was estimated", pass{plan: scan(100), sum: some, atWork: 2, segments: 10}, 0, false},
		{"more than was estimated, and half of the segments are done", pass{plan: scan(50), sum: units, atWork: 2, segments: 10}, 6 * time.Second, true},
		{"no estimate, and no segment is done", pass{plan: scan(0), sum: some, atWork: 2, segments: 10}, 0, false},
		// 900 units at 2 × 100/30 a second; what is at work has been there for 5 s.
		{"estimated", pass{plan: scan(1000), sum: some, atWork: 2, segments: 10, took: time.Hour}, 130 * time.Second, true},
		{"at the beginning", pass{plan: scan(1000), sum: some, atWork: 2, segments: 10, took: time.Second}, 134 * time.Second, true},
		{"paced", pass{plan: paced, sum: some, atWork: 2, segments: 10, took: time.Hour}, 175 * time.Second, true},
		{"learning, and no segment is done", pass{plan: learning, sum: some, atWork: 2, segments: 10, took: time.Hour}, 0, false},
		// 900 items in 5 segments make 1,800 in 10. 800 are left, at 2 × 1000/30 a second.
		{"learning, and half of the segments are done", pass{plan: learning, sum: third, atWork: 2, segments: 10, took: time.Hour}, 7 * time.Second, true},
		{"converting", pass{plan: converting, sum: some, atWork: 2, segments: 10, took: time.Hour}, 10 * time.Second, true},
	} {
		if left, known := test.pass.left(); known != test.known || (left-test.left).Abs() > time.Millisecond {
			t.Errorf("%s: got %s, %t, want %s, %t", test.name, left, known, test.left, test.known)
		}
	}
}
