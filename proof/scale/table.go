package scale

import (
	"fmt"
	"math"
	"strings"

	"dynamodb-to-s3/lambda/finalize"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// The sizes of the two tables, and two read capacities: the quota of a new account for an on-demand table, and a raised one. The quotas
// are those that docs/scale.md cites.
const (
	hundredTB, onePB      = 1e14, 1e15
	usualUnits, moreUnits = 40_000, 1_000_000
	lambdaConcurrency     = 1_000
	mapConcurrency        = 10_000
	putsPerSecond         = 3_500
	transitionsPerSecond  = 800
	describesPerSecond    = 2_500
	historyEvents         = quota.MaxHistoryEvents
)

// Tables returns the tables of docs/scale.md, in Markdown.
func Tables() string {
	var b strings.Builder
	columns := []Outcome{
		Compute(Usual(hundredTB, usualUnits)), Compute(Usual(hundredTB, moreUnits)), Compute(Usual(onePB, usualUnits)), Compute(Usual(onePB, moreUnits)),
	}
	fmt.Fprintf(&b, "| | 100 TB, %s units/s | 100 TB, %s units/s | 1 PB, %s units/s | 1 PB, %s units/s |\n|---|---:|---:|---:|---:|\n",
		whole(usualUnits), whole(moreUnits), whole(usualUnits), whole(moreUnits))
	row := func(name string, cell func(Outcome) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, o := range columns {
			fmt.Fprintf(&b, " %s |", cell(o))
		}
		b.WriteByte('\n')
	}
	number := func(of func(Outcome) float64) func(Outcome) string {
		return func(o Outcome) string { return whole(of(o)) }
	}
	row("executions", number(func(o Outcome) float64 { return o.Executions }))
	row("segments", number(func(o Outcome) float64 { return o.Segments }))
	row("concurrent functions", number(func(o Outcome) float64 { return o.Concurrency }))
	row("invocations per segment", number(func(o Outcome) float64 { return o.InvocationsOfSegment }))
	row("invocations", number(func(o Outcome) float64 { return o.Invocations }))
	row("history events of the execution", number(func(o Outcome) float64 { return float64(o.ParentEvents) }))
	row("history events of a segment's child", number(func(o Outcome) float64 { return float64(o.ChildEvents) }))
	row("state transitions", number(func(o Outcome) float64 { return o.Transitions }))
	row("objects", number(func(o Outcome) float64 { return o.Objects }))
	row("hours of the scan", func(o Outcome) string { return fmt.Sprintf("%.1f", o.ScanHours) })
	row("seconds of a check in `finalize`", number(func(o Outcome) float64 { return o.CheckSeconds }))
	row("batches of uploads", number(func(o Outcome) float64 { return o.Batches }))
	row("minutes to complete the uploads", number(func(o Outcome) float64 { return o.CompleteMinutes }))
	row("read units, millions", number(func(o Outcome) float64 { return o.ReadUnits / 1e6 }))
	row("read units, $", number(func(o Outcome) float64 { return o.ReadDollars }))
	row("Lambda, $", number(func(o Outcome) float64 { return o.LambdaDollars }))
	row("Step Functions and S3 requests, $", number(func(o Outcome) float64 { return o.OtherDollars }))
	row("**total, $**", func(o Outcome) string { return "**" + whole(o.ReadDollars+o.LambdaDollars+o.OtherDollars) + "**" })

	// The largest of the four columns, for each quota.
	most := func(of func(Outcome) float64) float64 {
		largest := 0.0
		for _, o := range columns {
			largest = math.Max(largest, of(o))
		}
		return largest
	}
	fmt.Fprintf(&b, "\n| quota | value | largest value above | source |\n|---|---:|---:|---|\n")
	limit := func(name string, value float64, of func(Outcome) float64, source string) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, whole(value), whole(most(of)), source)
	}
	const states, lambda = "[Step Functions](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)", "[Lambda](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)"
	limit("read units a second of an on-demand table (can be raised)", usualUnits, func(Outcome) float64 { return moreUnits }, "[DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)")
	limit("concurrent functions of an account (can be raised)", lambdaConcurrency, func(o Outcome) float64 { return o.Concurrency }, lambda)
	limit("seconds of one invocation, for a check in `finalize`", invocationTime, func(o Outcome) float64 { return o.CheckSeconds }, lambda)
	limit("concurrent children of a distributed Map", mapConcurrency, func(o Outcome) float64 { return o.Concurrency }, states)
	limit("history events of an execution (each child is an execution)", historyEvents, func(o Outcome) float64 { return math.Max(float64(o.ParentEvents), float64(o.ChildEvents)) }, states)
	limit("state transitions a second, on average over the scan", transitionsPerSecond, func(o Outcome) float64 { return o.Transitions / (o.ScanHours * 3600) }, states)
	limit("looks at the table a second (DescribeTable), on average over the scan", describesPerSecond, func(o Outcome) float64 { return math.Ceil(o.LooksPerSecond) }, "[DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-control-plane.html)")
	limit("hours of an execution", quota.MaxDuration.Hours(), func(o Outcome) float64 { return o.ScanHours }, states)
	limit("writes a second to a prefix, on average over the scan", putsPerSecond, func(o Outcome) float64 { return o.PutsPerSecond }, "[S3](https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html)")
	limit("writes a second to a prefix, while uploads are completed", putsPerSecond, func(o Outcome) float64 { return o.Objects / (60 * o.CompleteMinutes) }, "[S3](https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html)")
	limit("batches of uploads (they are in the payload)", finalize.MostBatches, func(o Outcome) float64 { return o.Batches }, "`finalize.MostBatches`")
	limit("objects of one segment (a key has six digits for the number)", run.MaxParts, func(o Outcome) float64 { return o.ObjectsOfSegment }, "`run.MaxParts`")
	limit("objects that `finalize` can check in one invocation", columns[0].CheckMost, func(o Outcome) float64 { return o.Objects }, "computed as above")
	return b.String()
}

// Given returns the inputs, in Markdown.
func Given() string {
	in := Usual(hundredTB, usualUnits)
	var b strings.Builder
	b.WriteString("| input | value | source |\n|---|---:|---|\n")
	given := func(name string, value float64, unit, from string) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.TrimSpace(fmt.Sprintf("%.6g %s", value, unit)), from)
	}
	given("a read unit, eventually consistent", in.BytesPerReadUnit, "bytes", "DynamoDB")
	given("bytes of Scan answers per byte of the table", in.PagePerTableByte, "", "assumed: JSON names the types, and Base64 adds a third")
	given("stored bytes per byte of the table", in.StorePerTableByte, "", "assumed, as in [cost.md](cost.md); GZIP")
	given("size of an object", in.FileSizeBytes/(1<<20), "MiB", "the default of `fileSizeBytes`")
	given("read rate of one function", in.Rate/1e6, "MB/s", "Scan answers, if a page takes 60 ms; measured with the next value ([cost.md](cost.md#memory-of-scan))")
	given("memory of `scan`", in.MemoryGB*1024, "MiB", "the default")
	given("time for pages in one invocation", in.UsefulSeconds, "s", "of 900 s")
	given("time of one call that lists 1,000 keys", in.ListSeconds, "s", "assumed")
	given("time to complete one upload", in.CompleteSeconds, "s", "assumed")
	given("listings that `finalize` makes at the same time", in.ListsAtOnce, "", "`lambda/finalize`")
	given("uploads that one invocation completes at the same time", uploadsAtOnce, "", "`lambda/finalize`")
	given("batches that are completed at the same time", batchesAtOnce, "", "`infra/statemachine.go`")
	given("`finalize`, for each object", in.CPUPerObject*1e6, "µs of a vCPU", "measured, see below")
	given("`finalize`, for each segment list", in.CPUPerList*1e6, "µs of a vCPU", "measured, see below")
	given("`finalize`, to complete an upload", in.CPUPerComplete*1e6, "µs of a vCPU", "measured, see below")
	given("vCPUs of `finalize`", in.VCPU, "", "1,769 MiB (unverified)")
	c := UsualConversion(0, false)
	given("PARQUET: rate of one function that converts", c.Rate/1e6, "MB/s", "Scan answers, with 512 MiB; measured ([cost.md](cost.md#the-same-table-in-parquet))")
	given("PARQUET: time to learn from a file, for the time to convert it", c.LearnShare, "", "measured; only for native exports")
	given("PARQUET: bytes of Parquet files for each staged byte", c.Ratio, "", "measured ([performance.md](performance.md))")
	given("PARQUET: rate at which a file is read again to continue in it", c.SkipRate/1e6, "MB/s", "estimated; the files have 128 MiB")
	given("PARQUET: `columns`, for what one segment has learned", c.CPUPerTree*1e3, "ms of a vCPU", "measured, with 1,100 names of attributes and fields")
	given("PARQUET: line of a manifest", c.LineBytes, "bytes", "with a prefix of 50 bytes")
	given("PARQUET: time to list and remove 1,000 objects", c.RemoveSeconds, "s", "assumed")
	return b.String()
}

// whole formats a number without decimals and with commas between thousands.
func whole(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
