// Package estimate computes what a run takes, before it begins and from what it has done: read units, seconds, objects and dollars. Start with
// Model. It makes no calls: package explain gathers the Facts. docs/explain.md says what the numbers rest on, and how exact they are.
//
// It may import pace, price, quota, request and run.
package estimate

import (
	"math"
	"time"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Model is the deployment for which estimates are made.
type Model struct {
	// Prices are the deployment's; nil for those of us-east-1.
	Prices price.Prices
	// ScanMemory is the memory of the function scan in MiB; 0 for the default. ScanTimeout is its timeout; 0 for the longest.
	ScanMemory  int
	ScanTimeout time.Duration
	// X86 says that the functions run on x86_64, not on arm64.
	X86 bool
}

// Facts are what is known about the table or index.
type Facts struct {
	run.SourceFacts
	// Region says that the table is in another region than the functions.
	Region bool
	// Index says that an index is scanned.
	Index bool
	// ExportSeconds is how long the last export took; 0 if it is not known.
	ExportSeconds float64
	// Billed is what the incremental exports of the chain have billed for each day; 0 if it is not known.
	Billed float64
}

// Provisioned reports whether the table has provisioned capacity.
func (f Facts) Provisioned() bool { return f.BillingMode == Provisioned }

// Provisioned is DynamoDB's name of the billing mode in which read units cost nothing extra.
const Provisioned = "PROVISIONED"

const (
	// A read unit pays for 4 KB, if the read is consistent. Otherwise it pays for twice as much. Each page is rounded up.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
	unitBytes = 4 << 10
	// fullPage is where DynamoDB ends a page.
	fullPage = 1 << 20
	// partitionUnits is how many read units a second one partition gives, and partitionBytes about how many bytes it has at most.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
	partitionUnits, partitionBytes = 3000, 10e9
	// A page of 1 MB takes 60 to 130 ms to arrive (docs/pace.md). A part of that is the same for the smallest page.
	fullPageSeconds, leastPageSeconds = 0.095, 0.015
	// betweenSeconds is how long it takes to end an invocation of scan and to start the next one.
	betweenSeconds = 0.5
	// usualSpread is the standard deviation of the size of an item, as a part of the mean, and usualItem the mean, if neither is known.
	usualSpread, usualItem = 0.3, 1 << 10
	// besideSeconds is what a run takes beside its segments: the start of the functions, the plan and the commit.
	besideSeconds = 3
	// partBytes is the size of a part of an upload.
	partBytes = 8 << 20
	// lambdaMiB is how much memory gives one core, and gigabyte how much memory a GB-second has.
	lambdaMiB, gigabyte = 1769, 1024
	// Memory of the functions that are not scan, in MiB, as a deployment has it by default.
	planMiB, finalizeMiB, convertMiB = 256, 1769, 512
)

// Without a sample, an answer of Scan has these bytes for each byte of the table, and an object these for each byte of the answer
// (docs/cost.md).
const pagePerByte, compressed, uncompressed = 1.5, 0.2 / 1.5, 1.0

// cpuPerGB returns the seconds of a core for a GB of answers (docs/cost.md, "Memory of scan").
func cpuPerGB(scan run.ScanPlan, learns bool) float64 {
	seconds := 9.4
	switch {
	case scan.Transform != "" || scan.Encoder != nil:
		seconds = 20.2
	case scan.Format == request.FormatJSON:
		seconds = 12.7
	case scan.Format == request.FormatION:
		seconds = 13.7
	}
	if learns {
		seconds += 3.3
	}
	if scan.Compression == request.CompressionNone {
		seconds -= 3.3
	}
	return seconds
}

// memory returns the memory of the function scan in MiB.
func (m Model) memory() float64 {
	if m.ScanMemory == 0 {
		return quota.ScanMemory
	}
	return float64(m.ScanMemory)
}

// invocationSeconds is how long an invocation of scan reads, before it closes its object.
func (m Model) invocationSeconds() float64 {
	timeout := m.ScanTimeout
	if timeout == 0 {
		timeout = quota.MaxScanTimeout
	}
	return math.Max(1, timeout.Seconds()-10)
}

// lambda returns the price of GB-seconds and of invocations.
func (m Model) lambda(gbSeconds, invocations float64) float64 {
	name := price.LambdaARM
	if m.X86 {
		name = price.LambdaX86
	}
	return m.Prices.Of(name, gbSeconds) + m.Prices.Of(price.LambdaRequests, invocations)
}

// UnitDollars returns the price of a read unit of a table.
func (m Model) UnitDollars(provisioned bool) float64 {
	if provisioned {
		return 0
	}
	return m.Prices.Of(price.ReadUnits, 1)
}

// UnitLimit returns how many read units a run may consume, by the limits of its request; 0 for no limit. What the run costs beside its read units
// comes from its estimate.
func (m Model) UnitLimit(req request.Request, of run.Estimated) float64 {
	limit, each := aws.ToFloat64(req.MaxReadUnits), m.UnitDollars(of.Provisioned)
	if req.MaxDollars == nil || each == 0 {
		return limit
	}
	byDollars := math.Max(1, (*req.MaxDollars-(of.Dollars-of.ReadUnits*each))/each)
	if limit == 0 || byDollars < limit {
		return byDollars
	}
	return limit
}

// bill adds up the lines of an estimate.
type bill []run.CostLine

func (b *bill) add(what string, amount float64, unit string, dollars float64) {
	if amount > 0 {
		*b = append(*b, run.CostLine{What: what, Amount: math.Round(amount*1000) / 1000, Unit: unit, Dollars: dollars})
	}
}

func (b bill) sum() (dollars float64) {
	for _, line := range b {
		dollars += line.Dollars
	}
	return dollars
}
