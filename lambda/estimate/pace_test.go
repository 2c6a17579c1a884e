package estimate_test

import (
	"testing"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/run"
)

// A pace makes small pages, and each is rounded up. lambda/scan compares such runs with their forecasts.
func TestPaceDecidesThePages(t *testing.T) {
	t.Parallel()
	paced := func(rate float64, change func(*run.Plan)) func(*run.Plan) {
		return func(p *run.Plan) {
			if p.Scan.ReadUnitsPerSecond = rate; change != nil {
				change(p)
			}
		}
	}
	consistent := func(p *run.Plan) { p.Scan.Request.ConsistentRead = new(true) }
	equal := func(f *estimate.Facts) { // as a sample can find
		f.Sample = &run.Sample{Pages: 1, Scanned: 10, Items: 10, Records: 10, ReadUnits: 10, TableBytes: 80 << 10, PageBytes: 80 << 10, Bytes: 8 << 10, TotalItems: 300}
	}
	for _, test := range []struct {
		name           string
		facts          estimate.Facts
		segments       int
		change         func(*run.Plan)
		units, seconds float64
		waits          bool
	}{
		{"pages of one small item cost half a unit each", of(600*410, 600, 0, onDemand), 1, paced(0.5, nil), 300, 754, false},
		{"one segment of four", of(2400*410, 2400, 0, onDemand), 4, paced(0.5, func(p *run.Plan) { p.Scan.Request.Segment = new(int64(2)) }), 300, 754, false},
		{"a few small items in a page", of(12_000*410, 12_000, 0, onDemand), 1, paced(10, nil), 656, 70, false},
		{"items of the same size", with(of(300*8192, 300, 0, onDemand), equal), 1, paced(2, nil), 300, 170, false},
		{"items of any size around it", of(300*8192, 300, 0, onDemand), 1, paced(2, nil), 375, 215, false},
		{"consistent reads", with(of(300*8192, 300, 0, onDemand), equal), 1, paced(4, consistent), 600, 170, false},
		{"one item of 390 KB in five seconds", of(600*390<<10, 600, 0, onDemand), 3, paced(50, nil), 29_400, 1010, false},
		{"waits of the state machine", of(20*390<<10, 20, 0, onDemand), 1, paced(1, nil), 980, 1090, true},
		{"a number of items that is not known", of(8e6, 0, 0, onDemand), 1, paced(100, nil), 1000, 14, false},
		{"an empty table", of(0, 0, 0, onDemand), 4, paced(100, nil), 2, 4.4, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan := scanPlan(test.segments, test.change)
			e := estimate.Model{}.Scan(test.facts, plan, len(plan.Scan.Segments()))
			near(t, "read units", e.ReadUnits, test.units)
			near(t, "seconds", e.Seconds, test.seconds)
			transitions := 0.0
			for _, each := range e.Lines {
				if each.What == "Step Functions" {
					transitions = each.Amount
				}
			}
			if e.Bound != run.BoundPace || transitions > 50 != test.waits {
				t.Errorf("got %s and %g transitions", e.Bound, transitions)
			}
		})
	}
}
