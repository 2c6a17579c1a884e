package columns

import (
	"testing"

	"dynamodb-to-s3/lambda/run"
)

// The state machine converts as many segments at the same time as the plan says. For a Map of Step Functions, 0 would mean no limit.
func TestConcurrencyOfAConversion(t *testing.T) {
	t.Parallel()
	plan := run.Plan{Parquet: &run.ParquetPlan{Concurrency: 7}}
	for segments, want := range map[int]int{1: 1, 7: 7, 10_000: 7} {
		for _, out := range []run.ColumnsOutput{output(plan.Learning(segments)), output(plan.Converting(run.Schema{Segments: segments}, "d"))} {
			if out.Concurrency != want || len(out.Segments) != segments {
				t.Errorf("%d segments: got %d at the same time, want %d", segments, out.Concurrency, want)
			}
		}
	}
}
