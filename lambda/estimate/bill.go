package estimate

import (
	"math"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// consumed is what a run consumes, or has consumed.
type consumed struct {
	units         float64
	provisioned   bool
	exported      float64 // bytes that DynamoDB bills for exports
	incremental   bool    // that they are incremental ones
	segments      float64
	invocations   float64 // of scan
	waits         float64 // of the state machine
	lambdaSeconds float64 // of scan
	objects       float64
	bytes         float64
	checks        float64 // of exports
	second        second
}

const (
	// What finalize takes: seconds of a core for each object and for each list, twice, and seconds to complete an object (docs/scale.md).
	objectCPU, listCPU, completeSeconds = 40e-6, 800e-6, 0.1 / 32
	// batchObjects is how many uploads one batch completes.
	batchObjects = 10_000
)

// billed returns the lines of what a run consumes.
func (m Model) billed(plan run.Plan, c consumed) (lines bill) {
	if c.provisioned {
		lines.add("read units of the provisioned capacity, which is paid anyway", c.units, "read units", 0)
	} else {
		lines.add("read units, on demand", c.units, "read units", m.Prices.Of(price.ReadUnits, c.units))
	}
	export, words := price.FullExport, "full export"
	if c.incremental {
		export, words = price.IncrementalExport, "incremental export"
	}
	lines.add(words, c.exported, "bytes", m.Prices.Of(export, c.exported))

	lists := c.invocations + c.second.lists()
	finalize := 1 + 2*(c.objects*objectCPU+lists*listCPU) + (c.objects+c.second.objects)*completeSeconds
	if c.second.segments > 0 {
		finalize += columnsSeconds
	}
	gbSeconds := (c.lambdaSeconds*m.memory() + c.second.lambdaSeconds*convertMiB + finalize*finalizeMiB + planMiB/2) / gigabyte
	lines.add("Lambda", gbSeconds, "GB-seconds", m.lambda(gbSeconds, lists+3))

	transitions := price.TransitionsOfRun + price.TransitionsOfScan*c.invocations + c.segments + c.waits + price.TransitionsOfCheck*c.checks + c.second.transitions()
	if c.objects > batchObjects {
		transitions += 3 + 3*math.Ceil(c.objects/batchObjects)
	}
	lines.add("Step Functions", transitions, "transitions", m.Prices.Of(price.Transitions, transitions))

	puts, gets := requests(c.objects, c.bytes, c.segments, c.invocations)
	morePuts, moreGets := c.second.requests(c.segments)
	if plan.Scan != nil && plan.Scan.Paced() {
		puts += c.segments // markers
	}
	lines.add("S3 requests that write or list", 5+puts+morePuts, "requests", m.Prices.Of(price.S3Put, 5+puts+morePuts))
	lines.add("S3 requests that read", 1+gets+moreGets, "requests", m.Prices.Of(price.S3Get, 1+gets+moreGets))
	if plan.Catalog != nil && plan.Catalog.Database != "" {
		const calls = 6
		lines.add("Glue, after the first million requests of a month", calls, "requests", 0)
	}
	return lines
}

// requests returns how many requests to S3 the objects and the lists of a pass need (docs/cost.md, "S3 requests").
func requests(objects, bytes, segments, lists float64) (puts, gets float64) {
	if lists == 0 {
		return 0, 0
	}
	if objects > 0 {
		puts = objects * (2 + math.Max(1, math.Ceil(bytes/objects/partBytes)))
	}
	listings := 2.0
	if objects > 1000 || lists > 1000 {
		listings = 192 + (objects+lists)/1000 // finalize divides a large run
	}
	return puts + lists + listings, 2*lists + math.Max(0, lists-segments) // to continue, an invocation reads the list before
}

// Dollars returns what a run has cost: the sum of Cost.
func (m Model) Dollars(plan run.Plan, result run.Result) float64 {
	return bill(m.Cost(plan, result)).sum()
}

// Cost returns the lines of what a run has cost, by what its result says that it consumed. The rest is small and estimated: the functions plan,
// finalize and columns, what DynamoDB writes for an export, and retries.
func (m Model) Cost(plan run.Plan, result run.Result) []run.CostLine {
	c := consumed{
		units: result.ReadUnits, provisioned: plan.Estimate != nil && plan.Estimate.Provisioned, exported: float64(result.BilledBytes),
		objects: float64(result.Objects), bytes: float64(result.Bytes),
	}
	if result.Mode != request.ModeExport {
		c.segments, c.invocations = float64(result.Segments), float64(result.Segments)
	}
	if work := result.Work; work != nil && result.Mode != request.ModeExport {
		c.invocations, c.lambdaSeconds = float64(work.Invocations), work.Seconds
	}
	if work := result.Conversion; work != nil {
		n := float64(work.Invocations) // most segments have one
		c.second = second{segments: n, invocations: n, lambdaSeconds: work.Seconds, objects: c.objects, bytes: c.bytes, learns: result.Mode == request.ModeExport}
		c.bytes /= ParquetRatio // about what was staged
		c.objects = math.Max(c.invocations, math.Ceil(c.bytes/request.DefaultFileSize))
		if c.second.files = math.Max(n, c.objects); c.second.learns {
			c.second.lambdaSeconds *= 1 + LearnShare // the result does not count the pass that learns
		}
	}
	for _, export := range result.Exports {
		c.incremental = export.To != nil
		c.checks += math.Ceil(export.EndTime.Sub(export.StartTime).Seconds() / float64(interval(plan)))
	}
	return m.billed(plan, c)
}

// interval returns how many seconds are between two checks of an export.
func interval(plan run.Plan) int64 {
	const usual = 30
	if plan.Export == nil || aws.ToInt64(plan.Export.Request.CheckInterval) == 0 {
		return usual
	}
	return *plan.Export.Request.CheckInterval
}
