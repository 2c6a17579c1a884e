package estimate_test

import (
	"math"
	"testing"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/run"
)

// An empty table has an estimate, in every way to read it.
func TestEmptyTable(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]run.Plan{
		"plain":   scanPlan(4, nil),
		"paced":   scanPlan(4, func(p *run.Plan) { p.Scan.ReadUnitsPerSecond = 5 }),
		"Parquet": scanPlan(4, func(p *run.Plan) { p.Parquet = &run.ParquetPlan{FileSizeBytes: 1, Concurrency: 100} }),
		"limited": scanPlan(4, func(p *run.Plan) { p.Scan.Request.Limit = new(int64(1)) }),
	} {
		for _, f := range []estimate.Facts{of(0, 0, 0, onDemand), of(0, 0, 10, estimate.Provisioned), with(of(0, 0, 0, onDemand), func(f *estimate.Facts) { f.Sample = &run.Sample{Pages: 8, Whole: true} })} {
			e := estimate.Model{}.Scan(f, plan, 4)
			if bad := e.Seconds + e.Dollars + e.ReadUnits; math.IsNaN(bad) || math.IsInf(bad, 0) || e.ReadUnits > 4 || e.Bytes != 0 {
				t.Errorf("%s: got %+v", name, e)
			}
		}
	}
}
