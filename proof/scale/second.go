package scale

import (
	"fmt"
	"math"
	"strings"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Conversion is what the second pass of a run with Parquet files is computed from, beside the Inputs of the run.
type Conversion struct {
	// Concurrency is how many functions convert at the same time.
	Concurrency float64
	// Export says that the staged files are those of a native export, which are first read to learn.
	Export bool

	// Rate is how many bytes of Scan answers one function converts a second, and MemoryGB its memory. To learn takes LearnShare of the time.
	Rate, MemoryGB, LearnShare float64
	SegmentBytes               float64 // staged bytes of a segment, if there are not too many segments
	Ratio                      float64 // bytes of Parquet files for each staged byte
	// CPUPerTree is how long columns takes for what one segment has learned, in seconds of a vCPU. LineBytes is the length of a line of a manifest.
	CPUPerTree, LineBytes float64
	// RemoveSeconds is how long it takes to list and remove 1,000 staged objects, and SkipRate how many bytes of answers a second a function
	// reads again to continue in the middle of a file.
	RemoveSeconds, SkipRate float64
}

// UsualConversion returns the inputs of a conversion.
func UsualConversion(concurrency float64, export bool) Conversion {
	return Conversion{
		Concurrency: concurrency, Export: export, Rate: 21.4e6, MemoryGB: 0.5, LearnShare: estimate.LearnShare, SegmentBytes: run.UsualSegmentBytes, Ratio: estimate.ParquetRatio,
		CPUPerTree: 6e-3, LineBytes: 220, RemoveSeconds: 0.5, SkipRate: 90e6,
	}
}

// Second is what the second pass adds to a run.
type Second struct {
	Segments, Staged, StagedOfSegment, Concurrency       float64 // Staged counts files, StagedOfSegment bytes
	InvocationsOfSegment, Invocations, Transitions       float64
	ParentEvents, ChildEvents                            int64
	Hours, ColumnsSeconds, ColumnsMB, RemoveMinutes      float64
	Objects, CheckSeconds, CompleteMinutes, Batches      float64
	Puts, Gets, GetsPerSecond                            float64
	LambdaDollars, StateDollars, RequestDollars, Storage float64
}

// Dollars returns what the second pass costs.
func (s Second) Dollars() float64 {
	return s.LambdaDollars + s.StateDollars + s.RequestDollars + s.Storage
}

// Convert computes the second pass of a run whose first pass has staged its files.
func Convert(in Inputs, first Outcome, c Conversion) Second {
	stored, pages := in.TableBytes*in.StorePerTableByte, in.TableBytes*in.PagePerTableByte
	s := Second{Staged: first.Objects}
	if c.Export { // how large the files of an export are is not documented
		s.Staged = math.Ceil(stored / in.FileSizeBytes)
	}
	s.Segments = math.Min(math.Max(1, math.Ceil(stored/c.SegmentBytes)), request.MaxSegments)
	s.StagedOfSegment = stored / s.Segments
	s.Concurrency = math.Min(s.Segments, c.Concurrency)
	// An invocation that continues in the middle of a file reads half of a file again, on average.
	skip := in.FileSizeBytes / stored * pages / 2 / c.SkipRate
	seconds := pages / s.Segments / c.Rate // of a segment
	s.InvocationsOfSegment = math.Ceil(seconds / (in.UsefulSeconds - skip))
	seconds += (s.InvocationsOfSegment - 1) * skip
	passes := 1.0
	s.ParentEvents, s.ChildEvents = quota.ConvertEvents(c.Export), quota.SegmentEvents(int64(s.InvocationsOfSegment), 0)
	s.Transitions = price.TransitionsOfColumns
	if c.Export {
		passes = 1 + c.LearnShare
		s.Transitions += price.TransitionsOfLearn
	}
	rounds := math.Max(1, s.Segments/s.Concurrency)
	s.Hours = rounds * seconds * passes / 3600
	reads := math.Ceil(passes) // how often each staged file is read
	scans := s.Segments * s.InvocationsOfSegment
	s.Transitions += reads * (price.TransitionsOfConvert*s.Segments + price.TransitionsOfScan*(scans-s.Segments))

	trees := first.Segments
	if c.Export {
		trees = s.Segments
	}
	s.ColumnsSeconds = trees * c.CPUPerTree / in.VCPU
	s.ColumnsMB = 2 * s.Staged * c.LineBytes / 1e6 // Go's collector lets the heap grow to twice of what is in use

	parquet := stored * c.Ratio
	s.Objects = math.Ceil(parquet/in.FileSizeBytes) + scans
	s.CheckSeconds = in.check(s.Objects, scans)
	s.CompleteMinutes = in.complete(s.Objects, 1) / 60
	more := 1 + reads // Finalize and Columns
	if parts := parquet / in.PartBytes; s.Objects > uploadsOfBatch || parts > partsOfOneBatch {
		s.Batches = math.Ceil(math.Max(s.Objects/uploadsOfBatch, parts/partsOfOneBatch))
		s.CompleteMinutes = in.complete(s.Objects, batchesAtOnce) / 60
		more += 1 + s.Batches
		s.Transitions += 3 + 3*s.Batches
		s.ParentEvents += quota.BatchEvents()
		s.Gets += 2 * scans
	}
	s.Invocations = reads*scans + more
	s.RemoveMinutes = (s.Staged + trees) / 1000 * c.RemoveSeconds / 60

	s.Puts = parquet/in.PartBytes + 3*s.Objects + reads*scans + s.Segments               // parts, starts and ends of uploads, lists, lists of files
	s.Gets += reads*(s.Staged+3*scans) + trees + 2*(s.InvocationsOfSegment-1)*s.Segments // files; claims, schemas, lists of files; trees; continued files and their lists
	s.GetsPerSecond = s.Gets / (s.Hours * 3600)
	gbSeconds := s.Segments*seconds*passes*c.MemoryGB + (reads*s.ColumnsSeconds+2*s.CheckSeconds+60*s.CompleteMinutes*batchesAtOnce+60*s.RemoveMinutes)*in.FinalizeMemoryGB
	s.LambdaDollars = in.Prices.Of(price.LambdaARM, gbSeconds) + in.Prices.Of(price.LambdaRequests, s.Invocations)
	s.StateDollars = in.Prices.Of(price.Transitions, s.Transitions)
	s.RequestDollars = in.Prices.Of(price.S3Put, s.Puts+(s.Objects+s.Staged)/1000) + in.Prices.Of(price.S3Get, s.Gets)
	const hoursOfMonth = 730
	s.Storage = in.Prices.Of(price.S3Storage, stored) * (first.ScanHours/2 + s.Hours) / hoursOfMonth // the staged files grow while the table is read
	if c.Export {
		s.Storage = in.Prices.Of(price.S3Storage, stored) * s.Hours / hoursOfMonth
	}
	return s
}

// Passes returns what the second pass costs for the example of docs/cost.md, in Markdown.
func Passes() string {
	in := Usual(monthTable, usualUnits)
	in.Segments = monthSegments
	first := Compute(in)
	scan, export := Convert(in, first, UsualConversion(100, false)), Convert(in, first, UsualConversion(100, true))
	var b strings.Builder
	b.WriteString("| | after a scan | after a native export |\n|---|---:|---:|\n")
	row := func(name string, cell func(Second) string) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, cell(scan), cell(export))
	}
	row("segments of 512 MiB", func(s Second) string { return whole(s.Segments) })
	row("minutes", func(s Second) string { return fmt.Sprintf("%.0f", 60*s.Hours) })
	row("Lambda", func(s Second) string { return fmt.Sprintf("$%.3f", s.LambdaDollars) })
	row("state transitions", func(s Second) string { return fmt.Sprintf("%s: $%.3f", whole(s.Transitions), s.StateDollars) })
	row("requests to S3 that write", func(s Second) string {
		return fmt.Sprintf("%s: $%.3f", whole(s.Puts), in.Prices.Of(price.S3Put, s.Puts))
	})
	row("requests to S3 that read", func(s Second) string {
		return fmt.Sprintf("%s: $%.4f", whole(s.Gets), in.Prices.Of(price.S3Get, s.Gets))
	})
	row("staged files, 20 GB", func(s Second) string { return fmt.Sprintf("$%.4f", s.Storage) })
	row("**total**", func(s Second) string { return fmt.Sprintf("**$%.3f**", s.Dollars()) })
	return b.String()
}

// SecondTable returns the table of the second pass in docs/scale.md, in Markdown.
func SecondTable() string {
	const most = 872 // the concurrency of the scan with the higher capacity
	at := func(table, units, concurrency float64, export bool) Second {
		in := Usual(table, units)
		return Convert(in, Compute(in), UsualConversion(concurrency, export))
	}
	columns := []Second{
		at(hundredTB, usualUnits, 100, false), at(hundredTB, moreUnits, most, false), at(onePB, moreUnits, most, false),
		at(hundredTB, usualUnits, 100, true), at(hundredTB, moreUnits, most, true), at(onePB, moreUnits, most, true),
	}
	var b strings.Builder
	b.WriteString("| | scan, 100 TB, 100 functions | scan, 100 TB, 872 | scan, 1 PB, 872 | export, 100 TB, 100 | export, 100 TB, 872 | export, 1 PB, 872 |\n|---|---:|---:|---:|---:|---:|---:|\n")
	row := func(name, format string, cell func(Second) float64) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, s := range columns {
			if text := whole(cell(s)); format == "" {
				fmt.Fprintf(&b, " %s |", text)
			} else {
				fmt.Fprintf(&b, " "+format+" |", cell(s))
			}
		}
		b.WriteByte('\n')
	}
	row("segments", "", func(s Second) float64 { return s.Segments })
	row("staged bytes of a segment, GB", "%.1f", func(s Second) float64 { return s.StagedOfSegment / 1e9 })
	row("invocations per segment, in each reading", "", func(s Second) float64 { return s.InvocationsOfSegment })
	row("invocations", "", func(s Second) float64 { return s.Invocations })
	row("history events that the execution has more", "", func(s Second) float64 { return float64(s.ParentEvents) })
	row("history events of a segment's child", "", func(s Second) float64 { return float64(s.ChildEvents) })
	row("state transitions", "", func(s Second) float64 { return s.Transitions })
	row("hours to read the staged files", "%.1f", func(s Second) float64 { return s.Hours })
	row("seconds of `columns`", "", func(s Second) float64 { return s.ColumnsSeconds })
	row("memory of `columns` for the manifest, MB", "", func(s Second) float64 { return s.ColumnsMB })
	row("Parquet files", "", func(s Second) float64 { return s.Objects })
	row("seconds of a check in `finalize`", "", func(s Second) float64 { return s.CheckSeconds })
	row("minutes to complete the uploads", "", func(s Second) float64 { return s.CompleteMinutes })
	row("minutes to remove the staged files", "", func(s Second) float64 { return s.RemoveMinutes })
	row("reads a second of S3, on average", "", func(s Second) float64 { return math.Ceil(s.GetsPerSecond) })
	row("Lambda, $", "", func(s Second) float64 { return s.LambdaDollars })
	row("Step Functions and S3 requests, $", "", func(s Second) float64 { return s.StateDollars + s.RequestDollars })
	row("staged files in S3, $", "", func(s Second) float64 { return s.Storage })
	row("**total of the second pass, $**", "**%.0f**", Second.Dollars)
	return b.String()
}
