package report

import (
	"math"
	"time"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/run"
)

// actual is what a run has done: all of it, or so far.
type actual struct {
	items, records, objects, bytes int64
	scanned, read                  int64 // of the scan, or else of the conversion
	units, dollars                 float64
	seconds                        float64
	reading                        float64 // from the first invocation's begin to the last one's end
}

func (r *Run) actual() (a actual) {
	a.seconds = r.end().Sub(r.Plan.StartTime).Seconds()
	for i, p := range r.passes {
		var sum run.Totals
		var begin, end time.Time
		var objects int64
		for _, s := range p.segments {
			sum.Add(s.total())
			for _, list := range s.lists {
				objects += int64(len(list.Objects))
			}
			if begin.IsZero() || s.first().StartTime.Before(begin) {
				begin = s.first().StartTime
			}
			if at := s.last().EndTime; at.After(end) {
				end = at
			}
		}
		if i == 0 {
			a.items, a.scanned, a.read, a.units, a.reading = sum.Items, sum.Scanned, sum.PageBytes, sum.ReadUnits, end.Sub(begin).Seconds()
		}
		a.records, a.objects, a.bytes = a.items, objects, sum.Bytes
	}
	if result := r.Result; result != nil {
		a.items, a.records, a.objects, a.bytes, a.units, a.dollars = result.Items, result.Records, result.Objects, result.Bytes, result.ReadUnits, r.dollars()
	}
	return a
}

// figures returns the key figures.
func (r *Run) figures() []figure {
	a, all := r.actual(), []figure(nil)
	add := func(shown bool, name, value, note string) {
		if shown {
			all = append(all, figure{name, value, note})
		}
	}
	var expected run.Estimated
	if e := r.estimate(); e != nil && r.committed() {
		expected = *e
	}
	against := func(expected, actual float64, format func(float64) string) string {
		if expected <= 0 {
			return ""
		}
		return "estimate: " + format(expected) + ", " + difference(expected, actual)
	}
	add(true, "Items", count(a.items), "")
	add(a.records != a.items, "Records", count(a.records), "")
	add(true, "Objects", count(a.objects), "")
	add(true, "Stored", size(a.bytes), "")
	add(true, "Time", duration(a.seconds), against(expected.Seconds, a.seconds, duration))
	if a.reading > 0 {
		add(a.read > 0, "Read speed", size(int64(float64(a.read)/a.reading))+"/s", number(float64(a.scanned)/a.reading)+" items a second")
	}
	add(a.units > 0, "Read units", number(a.units), against(expected.ReadUnits, a.units, number))
	add(r.Result != nil && r.Result.BilledBytes > 0, "Exported size that AWS bills", size(r.billed()), "")
	add(a.dollars > 0, "Cost", estimate.Dollars(a.dollars), against(expected.Dollars, a.dollars, estimate.Dollars))
	return all
}

func (r *Run) billed() int64 {
	if r.Result == nil {
		return 0
	}
	return r.Result.BilledBytes
}

// against compares the run with its estimate; nil if there was none.
func (r *Run) against() *table {
	e := r.estimate()
	if e == nil {
		return nil
	}
	a := r.actual()
	t := &table{Head: []string{"", "Estimate", "This run", "Difference"}}
	add := func(name string, expected, actual float64, format func(float64) string) {
		row := []string{name, format(expected), format(actual), difference(expected, actual)}
		if actual == 0 {
			row[2], row[3] = "–", "–"
		}
		if !r.committed() {
			row[3] = "–"
		}
		if expected > 0 {
			t.Rows = append(t.Rows, row)
		}
	}
	add("Read units", e.ReadUnits, a.units, number)
	add("Time", e.Seconds, a.seconds, duration)
	add("Cost", e.Dollars, a.dollars, estimate.Dollars)
	if len(t.Rows) == 0 {
		return nil
	}
	if !r.committed() {
		t.Note = "The run is not committed: its numbers are those so far."
	}
	return t
}

// cost returns the lines of what the run has cost, by the prices that AWS lists.
func (r *Run) cost() []run.CostLine {
	plan := r.Plan
	plan.Estimate = r.estimate()
	return estimate.Model{}.Cost(plan, *r.Result)
}

// dollars returns what the run has cost. The result has it by the prices of the deployment.
func (r *Run) dollars() (sum float64) {
	if r.Result.Dollars > 0 {
		return r.Result.Dollars
	}
	for _, line := range r.cost() {
		sum += line.Dollars
	}
	return sum
}

// costTable returns the cost of a committed run by line; nil for another run.
func (r *Run) costTable() *table {
	if !r.committed() {
		return nil
	}
	t := &table{Head: []string{"Billed", "Amount", "Cost"}, Note: "By AWS's prices in us-east-1. Storage and logs are not in it. Nothing is billed for a run on your computer."}
	sum := 0.0
	for _, line := range r.cost() {
		t.Rows = append(t.Rows, []string{line.What, number(line.Amount) + " " + line.Unit, estimate.Dollars(line.Dollars)})
		sum += line.Dollars
	}
	if known := r.Result.Dollars; known > 0 && math.Abs(sum/known-1) > 0.005 {
		t.Note += " The deployment has prices of its own, by which the run has cost " + estimate.Dollars(known) + "."
	}
	t.Rows = append(t.Rows, []string{"Sum", "", estimate.Dollars(sum)})
	return t
}
