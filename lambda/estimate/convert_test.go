package estimate

import (
	"math"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// proof/load has counted each request and each transition of this run (docs/scale.md, "What was measured: two passes").
func TestCostOfARunThatWasCounted(t *testing.T) {
	t.Parallel()
	result := run.Result{
		Mode: request.ModeScan, Segments: 1000, Objects: 5000, Bytes: 5000 * 3000,
		Work: &run.WorkTotals{Invocations: 6000}, Conversion: &run.WorkTotals{Invocations: 5019},
	}
	counted := map[string]float64{
		"Step Functions": 28_052, "S3 requests that write or list": 16_030 + 10_000 + 20_000 + 273 + 129, "S3 requests that read": 43_127,
	}
	for _, line := range (Model{}).Cost(run.Plan{Scan: &run.ScanPlan{}}, result) {
		want, known := counted[line.What]
		if delete(counted, line.What); known && math.Abs(line.Amount/want-1) > 0.07 {
			t.Errorf("%s: got %.0f, and %.0f were counted", line.What, line.Amount, want)
		}
	}
	if len(counted) > 0 {
		t.Errorf("the cost does not have %v", counted)
	}
}

// The files of a native export are read twice. With more functions at the same time, a conversion takes less time and costs the same.
func TestConversionOfAnExport(t *testing.T) {
	t.Parallel()
	plan := run.Plan{Scan: &run.ScanPlan{}, Parquet: &run.ParquetPlan{FileSizeBytes: request.DefaultFileSize, Concurrency: 100}}
	scan := Model{}.convert(plan, 1.5e14, 2e13, 1e11)
	plan.Scan, plan.Export = nil, &run.ExportPlan{}
	export := Model{}.convert(plan, 1.5e14, 2e13, 1e11)
	plan.Parquet.Concurrency = 1000
	faster := Model{}.convert(plan, 1.5e14, 2e13, 1e11)
	if scan.segments != request.MaxSegments || scan.invocations != scan.segments || scan.transitions() != 5+3*scan.segments {
		t.Errorf("a scan: got %+v", scan)
	}
	if export.transitions() != 5+3+6*export.segments || export.lists() != 2*scan.lists() || math.Abs(export.lambdaSeconds/scan.lambdaSeconds-1.7) > 1e-9 {
		t.Errorf("an export: got %+v", export)
	}
	if ratio := export.seconds / faster.seconds; ratio < 9.9 || ratio > 10 || faster.lambdaSeconds != export.lambdaSeconds {
		t.Errorf("with 1,000 functions, it takes a %.2fth of the time: %+v", ratio, faster)
	}
}
