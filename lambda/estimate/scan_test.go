package estimate_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// near fails unless a number is within a tenth of another.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > want/10 {
		t.Errorf("%s: got %g, want about %g", what, got, want)
	}
}

// of returns facts about a table.
func of(bytes, items, capacity float64, mode string) estimate.Facts {
	return estimate.Facts{SourceFacts: run.SourceFacts{Bytes: int64(bytes), TableBytes: int64(bytes), Items: int64(items), ReadUnitsPerSecond: capacity, BillingMode: mode}}
}

const onDemand = "PAY_PER_REQUEST"

// scanPlan returns the plan of a scan with so many segments.
func scanPlan(segments int, change func(*run.Plan)) run.Plan {
	plan := run.Plan{Mode: request.ModeScan, Scan: &run.ScanPlan{
		TotalSegments: segments, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP, FileSizeBytes: request.DefaultFileSize,
	}}
	if change != nil {
		change(&plan)
	}
	return plan
}

// line returns the dollars of a line.
func line(e run.Estimate, what string) float64 {
	for _, each := range e.Lines {
		if strings.HasPrefix(each.What, what) {
			return each.Dollars
		}
	}
	return 0
}

// The example of docs/cost.md: a table of 100 GB, in 94 segments, once a night.
func TestExampleOfCost(t *testing.T) {
	t.Parallel()
	f := of(100e9, 50e6, 12_000, onDemand)
	e := estimate.Model{}.Scan(f, scanPlan(94, nil), 12)
	near(t, "read units", e.ReadUnits, 12.2e6)
	near(t, "read units, $", line(e, "read units"), 1.53)
	near(t, "all, $", e.Dollars, 1.59)
	near(t, "objects", float64(e.Objects), 188)
	near(t, "bytes", float64(e.Bytes), 20e9)
	if lambda := line(e, "Lambda"); lambda < 0.03 || lambda > 0.06 {
		t.Errorf("Lambda: got $%g, want about $0.04", lambda)
	}
	export := run.Plan{Mode: request.ModeExport, Export: &run.ExportPlan{}}
	full := estimate.Model{}.Export(f, export)
	near(t, "full export, $", full.Dollars, 10.01)
	if !strings.Contains(full.Note, "$20.00 each month") || math.Abs(full.Dollars-10.01) > 0.02 {
		t.Errorf("got %q and $%g: recovery is named and not added", full.Note, full.Dollars)
	}
	f.WrittenPerDay = 5e9
	near(t, "chain, $", estimate.Model{}.Chain(f, export).Dollars, 0.51)
	parquet := estimate.Model{}.Scan(f, scanPlan(94, func(p *run.Plan) {
		p.Parquet, p.Scan.Compression = &run.ParquetPlan{FileSizeBytes: request.DefaultFileSize, Concurrency: 100}, request.CompressionZSTD
	}), 12)
	near(t, "PARQUET, both passes, $", parquet.Dollars, 1.59+0.07)
}

// Every limit of the speed decides once, and the time is that of the slowest.
func TestWhatLimitsTheSpeed(t *testing.T) {
	t.Parallel()
	const gb = 1e9 // costs 122,070 read units
	for _, test := range []struct {
		name       string
		facts      estimate.Facts
		plan       run.Plan
		concurrent int
		memory     int
		want       run.Bound
		seconds    float64
	}{
		{"little capacity", of(gb, 1e6, 100, estimate.Provisioned), scanPlan(10, nil), 10, 0, run.BoundTable, 122_070 / 100},
		{"others consume half of it", with(of(gb, 1e6, 100, estimate.Provisioned), func(f *estimate.Facts) { f.ConsumedPerSecond = 50 }), scanPlan(10, nil), 10, 0, run.BoundTable, 122_070 / 50},
		{"others consume all of it", with(of(gb, 1e6, 100, estimate.Provisioned), func(f *estimate.Facts) { f.ConsumedPerSecond = 100 }), scanPlan(10, nil), 10, 0, run.BoundTable, 122_070 / 10},
		{"one partition after the other", with(of(gb, 1e6, 12_000, onDemand), func(f *estimate.Facts) {
			f.Sample = &run.Sample{Pages: 8, Scanned: 1000, Items: 1000, Records: 1000, TableBytes: 1e6, PageBytes: 1e6, Bytes: 1e5, TotalItems: 1e6, PageSeconds: 0.02}
		}), scanPlan(1, nil), 1, 3538, run.BoundPartition, 122_070 / 3000.0},
		{"one segment after the other", of(gb, 1e6, 40_000, onDemand), scanPlan(1, nil), 1, 512, run.BoundLatency, 954 * 0.095},
		{"rounds of segments", of(gb, 1e6, 40_000, onDemand), scanPlan(11, nil), 10, 1024, run.BoundLatency, 3 + 2*954/11.0*0.095},
		{"a pace", of(gb, 1e6, 40_000, onDemand), scanPlan(10, func(p *run.Plan) { p.Scan.ReadUnitsPerSecond = 500 }), 10, 0, run.BoundPace, 122_070 / 500.0},
		{"little memory", of(gb, 1e6, 40_000, onDemand), scanPlan(1, func(p *run.Plan) { p.Scan.Transform = "." }), 1, 128, run.BoundFunctions, 1.5 * 20.2 * 1769 / 128},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := estimate.Model{ScanMemory: test.memory}.Scan(test.facts, test.plan, test.concurrent)
			if e.Bound != test.want || e.Bounds[0].Bound != test.want || !slices.IsSortedFunc(e.Bounds, func(a, b run.BoundTime) int { return int(b.Seconds - a.Seconds) }) {
				t.Errorf("got %s of %v, want %s", e.Bound, e.Bounds, test.want)
			}
			near(t, "seconds", e.Seconds, test.seconds)
		})
	}
}

func with(f estimate.Facts, change func(*estimate.Facts)) estimate.Facts {
	change(&f)
	return f
}

// A sample tells how much of the table is stored, and that some segments have most of it.
func TestSampleDecides(t *testing.T) {
	t.Parallel()
	f := of(100e9, 100e6, 40_000, onDemand)
	plain := estimate.Model{}.Scan(f, scanPlan(100, nil), 100)
	f.Sample = &run.Sample{Pages: 8, Scanned: 8000, Items: 800, Records: 80, ReadUnits: 1000, TableBytes: 8e6, PageBytes: 1e6, Bytes: 1e5, TotalItems: 100e6}
	filtered := estimate.Model{}.Scan(f, scanPlan(100, nil), 100)
	if filtered.ReadUnits != plain.ReadUnits {
		t.Errorf("a filter changes the read units from %g to %g", plain.ReadUnits, filtered.ReadUnits)
	}
	near(t, "bytes", float64(filtered.Bytes), 100e9/80)
	f.Sample.Items, f.Sample.Records, f.Sample.Bytes = 0, 0, 0
	if nothing := (estimate.Model{}).Scan(f, scanPlan(100, nil), 100); nothing.Objects != 0 || nothing.Bytes != 0 {
		t.Errorf("a filter that drops all leaves %d objects with %d bytes", nothing.Objects, nothing.Bytes)
	}
	f.Sample.TotalItems = 10e6 // nine tenths of the items are where the sample did not look
	if skewed := (estimate.Model{}).Scan(f, scanPlan(100, nil), 100); skewed.Seconds < 20*filtered.Seconds {
		t.Errorf("a table with one segment that has nearly all takes %g s, and an even one %g s", skewed.Seconds, filtered.Seconds)
	}
}

// Each page is rounded up, so many small pages cost more than few large ones.
func TestPagesAreRoundedUp(t *testing.T) {
	t.Parallel()
	f := of(8<<20, 8192, 0, onDemand)
	for _, test := range []struct {
		name string
		plan run.Plan
		want float64
	}{
		{"whole pages", scanPlan(1, nil), 1024 + 8*0.25},
		{"consistent reads", scanPlan(1, func(p *run.Plan) { p.Scan.Request.ConsistentRead = new(true) }), 2048 + 8*0.5},
		{"segments of half a page", scanPlan(16, nil), 1024 + 16*0.25},
		{"segments that are nearly empty", scanPlan(10_000, nil), 5000},
		{"pages of ten items", scanPlan(1, func(p *run.Plan) { p.Scan.Request.Limit = new(int64(10)) }), 1024 + 820*0.25},
		{"one segment of four", scanPlan(4, func(p *run.Plan) { p.Scan.Request.Segment = new(int64(3)) }), 256 + 2*0.25},
	} {
		if got := (estimate.Model{}).Scan(f, test.plan, 1).ReadUnits; math.Abs(got-test.want) > test.want/100 {
			t.Errorf("%s: got %g read units, want %g", test.name, got, test.want)
		}
	}
}

func TestLimitsOfARequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		units, dollars *float64
		provisioned    bool
		want           float64
	}{
		{nil, nil, false, 0},
		{new(100.0), nil, false, 100},
		{nil, new(1.0), false, 4e6}, // half of a dollar is for read units
		{new(100.0), new(1.0), false, 100},
		{new(1e9), new(1.0), false, 4e6},
		{nil, new(0.4), false, 1}, // it is 0 if there is no limit
		{nil, new(1.0), true, 0},
		{new(100.0), new(0.1), true, 100},
	} {
		expected := run.Estimated{ReadUnits: 8e6, Dollars: 1.5, Provisioned: test.provisioned}
		got := estimate.Model{}.UnitLimit(request.Request{MaxReadUnits: test.units, MaxDollars: test.dollars}, expected)
		if math.Abs(got-test.want) > 1e-6*test.want {
			t.Errorf("%v units and %v dollars: got %g, want %g", test.units, test.dollars, got, test.want)
		}
	}
}

// The recommendation is the cheapest way that is possible, unless it takes days.
func TestRecommendation(t *testing.T) {
	t.Parallel()
	recovers := func(f *estimate.Facts) { f.Recovery, f.WrittenPerDay = "ENABLED", 1e9 }
	for _, test := range []struct {
		name  string
		facts estimate.Facts
		want  run.Kind
		words []string
	}{
		{"on demand", with(of(100e9, 1e8, 12_000, onDemand), recovers), run.KindScanOnDemand, []string{"A scan on demand costs $1.59 and takes about", "A full export would cost $10.01", "a chain of incremental exports would cost about $0.11 a day"}},
		{"idle capacity", with(of(100e9, 1e8, 10_000, estimate.Provisioned), recovers), run.KindScanProvisioned, []string{"is paid anyway, and others leave 10000 of 10000"}},
		{"no capacity to speak of", with(of(100e9, 1e8, 10, estimate.Provisioned), recovers), run.KindFullExport, []string{"A full export costs $10.01", "A scan on provisioned capacity would cost", "days"}},
		{"no recovery", with(of(100e9, 1e8, 10, estimate.Provisioned), func(f *estimate.Facts) { f.Recovery = "DISABLED" }), run.KindScanProvisioned, []string{"14.2 days"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, plan := estimate.Model{}, scanPlan(94, nil)
			own := m.Scan(test.facts, plan, 12)
			others := m.Ways(test.facts, own.Kind, plan, 12, run.Plan{Export: &run.ExportPlan{}})
			if len(others) != 3 {
				t.Errorf("got %d other ways", len(others))
			}
			got, why := m.Recommend(test.facts, own, others)
			for _, words := range test.words {
				if !strings.Contains(why, words) {
					t.Errorf("got %q, want words like %q", why, words)
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s: %s", got, test.want, why)
			}
		})
	}
}

// What a run has consumed costs what was expected of it, if it consumes that.
func TestDollarsOfAResult(t *testing.T) {
	t.Parallel()
	plan := scanPlan(94, nil)
	m := estimate.Model{Prices: price.Prices{price.ReadUnits: 0.25}}
	e := m.Scan(of(100e9, 50e6, 12_000, onDemand), plan, 12)
	plan.Estimate = &e.Estimated
	lambda := 0.0
	for _, each := range e.Lines {
		if each.What == "Lambda" {
			lambda = each.Amount * 4 // seconds of 256 MiB
		}
	}
	result := run.Result{
		ReadUnits: e.ReadUnits, Segments: 94, Objects: e.Objects, Bytes: e.Bytes,
		Work: &run.WorkTotals{Invocations: 94 * 2, Seconds: lambda},
	}
	near(t, "dollars", m.Dollars(plan, result), e.Dollars)
	near(t, "dollars", e.Dollars, 3.12)
	plan.Estimate.Provisioned = true
	if free := m.Dollars(plan, result); free > 0.15 {
		t.Errorf("provisioned capacity costs %g", free)
	}
}

func TestAmountsForPeople(t *testing.T) {
	t.Parallel()
	var got []string
	for _, dollars := range []float64{0, 0.0000123, 0.04, 0.1, 1.525, 1577} {
		got = append(got, estimate.Dollars(dollars))
	}
	for _, seconds := range []float64{0.2, 60, 600, 7200, 259_200} {
		got = append(got, estimate.Duration(seconds))
	}
	want := "[$0.00 $0.000012 $0.040 $0.10 $1.52 $1577.00 1 s 60 s 10 minutes 2.0 hours 3.0 days]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
