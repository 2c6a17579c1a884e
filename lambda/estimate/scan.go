package estimate

import (
	"cmp"
	"math"
	"slices"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// work is what a scan does. Sizes are in bytes, of the whole run.
type work struct {
	segments, atOnce float64
	table, items     float64 // what is read of the table or index
	pages            float64 // of all segments
	units            float64
	answers          float64 // the answers of Scan
	kept, stored     float64 // the records, and the objects' bytes
	objects          float64

	segmentSeconds float64 // of one segment that nothing but its pages slows down
	paceSeconds    float64 // of the run, if only its pace limits it
	readSeconds    float64 // from the first page to the last one
	lambdaSeconds  float64 // of all invocations of scan
	invocations    float64
	waits          float64 // waits of the state machine
}

// Scan returns what a planned scan takes.
func (m Model) Scan(f Facts, plan run.Plan, concurrency int) run.Estimate {
	w := m.read(f, plan, concurrency)
	e := run.Estimate{
		Kind: run.KindScanOnDemand, Mode: request.ModeScan, Segments: int(w.segments), Concurrency: concurrency,
		Estimated: run.Estimated{ReadUnits: math.Round(w.units*2) / 2, Provisioned: f.Provisioned()},
	}
	if f.Provisioned() {
		e.Kind = run.KindScanProvisioned
	}
	e.Bounds = m.bounds(f, *plan.Scan, w)
	w.readSeconds, e.Bound = e.Bounds[0].Seconds, e.Bounds[0].Bound
	m.invoke(&w, e.Bound)
	w.objects = objects(w.stored, w.kept, w.invocations, float64(plan.Scan.FileSizeBytes))
	second := m.convert(plan, w.answers, w.stored, w.kept)
	e.Seconds = w.readSeconds + second.seconds + besideSeconds
	lines := m.billed(plan, consumed{
		units: e.ReadUnits, provisioned: f.Provisioned(), segments: w.segments, invocations: w.invocations, waits: w.waits, lambdaSeconds: w.lambdaSeconds,
		objects: w.objects, bytes: w.stored, second: second,
	})
	if f.Region {
		lines.add("data that leaves the region of the table", w.answers/4, "bytes", m.Prices.Of(price.Transfer, w.answers/4)) // docs/cost.md: gzip
	}
	e.Lines, e.Dollars = lines, lines.sum()
	if e.Objects, e.Bytes = int64(w.objects), int64(w.stored); second.segments > 0 {
		e.Objects, e.Bytes = int64(second.objects), int64(second.bytes)
	}
	return e
}

// read returns what the scan reads.
func (m Model) read(f Facts, plan run.Plan, concurrency int) work {
	scan := *plan.Scan
	w := work{segments: float64(len(scan.Segments())), table: float64(f.Bytes), items: float64(f.Items)}
	w.atOnce = math.Max(1, math.Min(float64(concurrency), w.segments))
	if scan.Request.Segment != nil {
		w.table, w.items = w.table/float64(scan.TotalSegments), w.items/float64(scan.TotalSegments)
	}
	step := 0.5 // a page is rounded up to it
	if aws.ToBool(scan.Request.ConsistentRead) {
		step = 1
	}
	full := w.table * step / unitBytes // without rounding
	if scan.Paced() {
		m.pace(f, scan, &w, full)
	} else {
		perPage := pageUnits(scan, w, step, full)
		w.pages = w.segments * math.Max(1, math.Ceil(full/w.segments/perPage))
		// On average, rounding up adds half a step to a page. An empty page costs a step.
		w.units = math.Max(w.pages*step, full+w.pages*step/2)
	}
	w.answers, w.kept, w.stored = m.ratios(f, plan, w)
	cpu := w.answers / w.pages * cpuPerGB(scan, plan.Learns()) / 1e9 * lambdaMiB / m.memory()
	w.segmentSeconds = w.pages / w.segments * math.Max(cpu, latency(f, w.table/w.pages))
	return w
}

// pageUnits returns how many units a page costs, at most.
func pageUnits(scan run.ScanPlan, w work, step, full float64) float64 {
	units := fullPage * step / unitBytes
	each := step
	if w.items > 0 {
		each = full / w.items
	}
	if limit := aws.ToInt64(scan.Request.Limit); limit > 0 {
		units = math.Min(units, float64(limit)*each)
	}
	return math.Max(units, math.Max(each, step/2)) // a page has an item
}

// ratios returns the bytes of the answers, the records, and the bytes that are stored.
func (m Model) ratios(f Facts, plan run.Plan, w work) (answers, kept, stored float64) {
	if s := f.Sample; s != nil && s.TableBytes > 0 && s.Scanned > 0 {
		read := w.table / s.TableBytes
		return float64(s.PageBytes) * read, float64(s.Records) * w.items / float64(s.Scanned), float64(s.Bytes) * read
	}
	ratio := compressed
	if plan.Scan.Compression == request.CompressionNone {
		ratio = uncompressed
	}
	answers = w.table * pagePerByte
	return answers, w.items, answers * ratio
}

// latency returns how long a page with so many bytes of the table takes to arrive.
func latency(f Facts, bytes float64) float64 {
	full := fullPageSeconds
	if f.Sample != nil && f.Sample.PageSeconds > 0 {
		full = math.Max(leastPageSeconds, f.Sample.PageSeconds)
	}
	return leastPageSeconds + (full-leastPageSeconds)*math.Min(1, bytes/fullPage)
}

// bounds returns what limits the speed of the scan, the slowest first.
func (m Model) bounds(f Facts, scan run.ScanPlan, w work) []run.BoundTime {
	var all []run.BoundTime
	add := func(bound run.Bound, seconds float64) {
		all = append(all, run.BoundTime{Bound: bound, Seconds: math.Round(seconds*10) / 10})
	}
	rounds := math.Ceil(w.segments / w.atOnce)
	skewed := 0.0 // a segment that has what the sample misses
	if s := f.Sample; s != nil && f.Items > 0 && s.TotalItems < 0.7*float64(f.Items) {
		skewed = (1 - s.TotalItems/float64(f.Items)) * w.pages
	}
	perPage := w.segmentSeconds / (w.pages / w.segments)
	slowest := math.Max(rounds*w.segmentSeconds, skewed*perPage)
	waiting := latency(f, w.table/w.pages)
	if perPage > waiting*1.001 {
		add(run.BoundFunctions, slowest)
		add(run.BoundLatency, slowest*waiting/perPage)
	} else {
		add(run.BoundLatency, slowest)
	}
	if capacity := available(f); capacity > 0 {
		add(run.BoundTable, w.units/capacity)
	}
	if f.ReadUnitsPerSecond > 0 {
		table := math.Max(float64(f.Bytes), float64(f.TableBytes))
		partitions := math.Max(1, math.Max(math.Ceil(table/partitionBytes), math.Ceil(f.ReadUnitsPerSecond/partitionUnits)))
		busy := math.Min(partitions, w.atOnce)
		add(run.BoundPartition, math.Max(w.units/busy, w.units*skewed/w.pages)/partitionUnits)
	}
	if scan.Paced() {
		add(run.BoundPace, w.paceSeconds)
	}
	slices.SortStableFunc(all, func(a, b run.BoundTime) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return all
}

// leastOfCapacity is the part of the capacity that a scan gets if others consume all of it: they then share it.
const leastOfCapacity = 0.1

// available returns the units a second that others leave.
func available(f Facts) float64 {
	return math.Max(f.ReadUnitsPerSecond-f.ConsumedPerSecond, f.ReadUnitsPerSecond*leastOfCapacity)
}

// invoke computes the invocations of scan.
func (m Model) invoke(w *work, bound run.Bound) {
	w.lambdaSeconds = w.segments * w.segmentSeconds
	if bound != run.BoundLatency && bound != run.BoundFunctions { // the functions wait
		w.lambdaSeconds = math.Max(w.lambdaSeconds, w.atOnce*w.readSeconds)
	}
	perSegment := w.lambdaSeconds / w.segments
	w.invocations = w.segments * math.Ceil(math.Max(perSegment, 0.001)/m.invocationSeconds())
	if w.waits > w.pages/2 { // the state machine waits, and the functions do not
		w.lambdaSeconds = w.segments * w.segmentSeconds
	}
	w.invocations += w.waits
	w.lambdaSeconds += w.invocations / 2 // to start, to close the object and to write the list
}

// objects returns how many objects there are. Each invocation that has records ends with an object that is not full.
func objects(stored, kept, invocations, fileSize float64) float64 {
	if stored <= 0 || invocations == 0 {
		return 0
	}
	with := invocations * (1 - math.Exp(-kept/invocations))
	return math.Max(1, math.Round(with*math.Max(1, math.Ceil(stored/with/fileSize))))
}
