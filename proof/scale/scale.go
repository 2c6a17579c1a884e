// Package scale computes what a scan of a very large table takes, in executions, invocations, hours and dollars, and compares it with
// each quota. Inputs are measurements, assumptions and prices. `go test ./docs` keeps the tables of docs/scale.md and docs/cost.md up to date
// with it. It imports finalize, quota, request and run for their limits, price for the prices, and nothing else of this module.
package scale

import (
	"math"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
)

// Inputs are what a run is computed from. Sizes are in bytes, prices in dollars.
type Inputs struct {
	TableBytes float64
	Segments   float64 // of one execution
	// ReadUnitsPerSecond is what the table and the account allow for the scan.
	ReadUnitsPerSecond float64

	BytesPerReadUnit  float64 // 8 KiB, eventually consistent
	PagePerTableByte  float64 // bytes of Scan answers for each byte of the table's size
	StorePerTableByte float64 // bytes of objects for each byte of the table's size
	FileSizeBytes     float64
	PartBytes         float64 // of an upload

	// Rate is how many bytes of Scan answers one function reads a second. MemoryGB is its memory. UsefulSeconds is the time for pages in
	// an invocation. FinalizeMemoryGB is the memory of finalize.
	Rate, MemoryGB, UsefulSeconds, FinalizeMemoryGB float64

	// What finalize takes: seconds for each call that lists 1,000 keys, how many of these it makes at the same time, seconds for the completion of
	// an upload, seconds of a vCPU for each object, list and completion, and its share of a vCPU.
	ListSeconds, ListsAtOnce, CompleteSeconds, CPUPerObject, CPUPerList, CPUPerComplete, VCPU float64

	Prices price.Prices
}

// scanRate is how many bytes of Scan answers a function with quota.ScanMemory reads a second, if a page takes 60 ms to arrive (docs/cost.md).
// A partition gives more: 3,000 read units a second are 36.9 MB.
const scanRate = 14.1e6

// Usual returns the inputs for a table of tableBytes whose scan may use readUnitsPerSecond.
func Usual(tableBytes, readUnitsPerSecond float64) Inputs {
	return Inputs{
		TableBytes: tableBytes, Segments: request.MaxSegments, ReadUnitsPerSecond: readUnitsPerSecond,
		BytesPerReadUnit: 8 << 10, PagePerTableByte: 1.5, StorePerTableByte: 0.2, FileSizeBytes: request.DefaultFileSize, PartBytes: 8 << 20,
		Rate: scanRate, MemoryGB: quota.ScanMemory / 1024.0, UsefulSeconds: 890, FinalizeMemoryGB: 1769.0 / 1024,
		ListSeconds: 0.1, ListsAtOnce: 16, CompleteSeconds: 0.1, CPUPerObject: 40e-6, CPUPerList: 800e-6, CPUPerComplete: 500e-6, VCPU: 1,
	}
}

// Outcome is what a run takes.
type Outcome struct {
	Executions, Segments, Invocations, Transitions      float64
	ParentEvents, ChildEvents                           int64
	Concurrency                                         float64
	Objects, ObjectsOfSegment, Puts, Gets               float64
	ScanHours, CheckSeconds, CompleteMinutes            float64
	Batches                                             float64 // 0 if finalize completes all objects itself
	ReadUnits, ReadDollars, LambdaDollars, OtherDollars float64
	StateDollars, RequestDollars                        float64 // the parts of OtherDollars: Step Functions, and requests to S3
	PutsPerSecond, LooksPerSecond, InvocationsOfSegment float64
	CheckMost                                           float64 // how many objects finalize has time to check
}

// invocationTime is the time of one invocation, in seconds.
const invocationTime = 900

// What the state machine and finalize complete at the same time: uploadBatches in infra/statemachine.go, mostUploads, partsOfUpload and inParallel
// in lambda/finalize.
const (
	batchesAtOnce, uploadsAtOnce    = 4, 32
	uploadsOfBatch, partsOfOneBatch = 10_000, 200_000
)

// Compute computes the outcome of one execution.
func Compute(in Inputs) Outcome {
	o := Outcome{Executions: 1, Segments: in.Segments}
	o.ReadUnits = in.TableBytes / in.BytesPerReadUnit
	pages := in.TableBytes * in.PagePerTableByte
	o.Concurrency = math.Min(in.Segments, math.Ceil(in.ReadUnitsPerSecond*in.BytesPerReadUnit*in.PagePerTableByte/in.Rate))
	seconds := math.Max(o.ReadUnits/in.ReadUnitsPerSecond, pages/(o.Concurrency*in.Rate))
	o.ScanHours = seconds / 3600
	rate := pages / seconds / o.Concurrency // of each function, at most Rate
	o.InvocationsOfSegment = math.Ceil(pages / in.Segments / rate / in.UsefulSeconds)
	o.Transitions = 8 + in.Segments*(2*o.InvocationsOfSegment+1)
	o.ParentEvents, o.ChildEvents = quota.ScanEvents(), quota.SegmentEvents(int64(o.InvocationsOfSegment), 0)

	stored := in.TableBytes * in.StorePerTableByte
	scans := in.Segments * o.InvocationsOfSegment
	o.Objects = math.Ceil(stored/in.FileSizeBytes) + scans // the last object of each invocation is smaller
	o.ObjectsOfSegment = math.Ceil(o.Objects / in.Segments)
	o.Puts = stored/in.PartBytes + 3*o.Objects + scans // parts, starts and ends of uploads, lists
	o.PutsPerSecond = (o.Puts - o.Objects) / seconds   // uploads end after the scan
	o.Gets = scans
	o.LooksPerSecond = (2*scans - in.Segments) / seconds // after the last page of an invocation, and before the first if it continues a segment
	o.CheckSeconds = in.check(o.Objects, scans)
	o.CheckMost = invocationTime / in.check(1, 0)
	invocations := 2.0 // of Plan and Finalize
	o.CompleteMinutes = in.complete(o.Objects, 1) / 60
	if parts := stored / in.PartBytes; o.Objects > uploadsOfBatch || parts > partsOfOneBatch {
		o.Batches = math.Ceil(math.Max(o.Objects/uploadsOfBatch, parts/partsOfOneBatch))
		o.CompleteMinutes = in.complete(o.Objects, batchesAtOnce) / 60
		invocations += 1 + o.Batches
		o.Transitions += 3 + 3*o.Batches // CompleteUploads, Finalize and its choice again; each child has three states
		o.ParentEvents += quota.BatchEvents()
		o.Gets += 2 * scans // by the batches, and by Finalize again
	}
	o.Invocations = scans + invocations

	gbSeconds := pages/rate*in.MemoryGB + (2*o.CheckSeconds+60*o.CompleteMinutes*batchesAtOnce)*in.FinalizeMemoryGB
	o.ReadDollars = in.Prices.Of(price.ReadUnits, o.ReadUnits)
	o.LambdaDollars = in.Prices.Of(price.LambdaARM, gbSeconds) + in.Prices.Of(price.LambdaRequests, o.Invocations)
	o.StateDollars = in.Prices.Of(price.Transitions, o.Transitions)
	o.RequestDollars = in.Prices.Of(price.S3Put, o.Puts+o.Objects/1000) + in.Prices.Of(price.S3Get, o.Gets)
	o.OtherDollars = o.StateDollars + o.RequestDollars
	return o
}

// check returns how long finalize takes to check a run, in seconds. It waits for listings, and computes in between.
func (in Inputs) check(objects, lists float64) float64 {
	return (objects+lists)/1000*in.ListSeconds/in.ListsAtOnce + (objects*in.CPUPerObject+lists*in.CPUPerList)/in.VCPU
}

// complete returns how long so many invocations take to complete uploads, in seconds. It depends on S3's answers, on the CPU of the invocations,
// or on the requests that S3 takes.
func (in Inputs) complete(objects, invocations float64) float64 {
	waiting := in.CompleteSeconds / uploadsAtOnce / invocations
	computing := in.CPUPerComplete / in.VCPU / invocations
	return objects * max(waiting, computing, 1.0/putsPerSecond)
}
