// Package scale computes what a scan of a very large table takes, in executions, invocations, hours and dollars, and compares it with
// each quota. Inputs are measurements, assumptions and prices. `go test ./docs` keeps the tables of docs/scale.md up to date with it. It
// imports contract, request and run for their limits, and nothing else of this module.
package scale

import (
	"math"

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
	// an invocation.
	Rate, MemoryGB, UsefulSeconds float64

	// What finalize takes: seconds for each call that lists 1,000 keys, seconds of a vCPU for each object and list, and its share of a vCPU.
	ListSeconds, CPUPerObject, CPUPerList, VCPU float64

	Prices Prices
}

// Prices are those of us-east-1, as in docs/cost.md.
type Prices struct {
	ReadUnits, LambdaGBSecond, LambdaRequest, Transition, Put, Get float64
}

// partitionUnits is how many read units a second a partition gives. A segment reads one partition after the other, so this limits its
// function. The function's CPU could process three times as much (docs/performance.md).
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
const partitionUnits = 3000

// Usual returns the inputs for a table of tableBytes whose scan may use readUnitsPerSecond.
func Usual(tableBytes, readUnitsPerSecond float64) Inputs {
	return Inputs{
		TableBytes: tableBytes, Segments: request.MaxSegments, ReadUnitsPerSecond: readUnitsPerSecond,
		BytesPerReadUnit: 8 << 10, PagePerTableByte: 1.5, StorePerTableByte: 0.2, FileSizeBytes: request.DefaultFileSize, PartBytes: 8 << 20,
		Rate: partitionUnits * (8 << 10) * 1.5, MemoryGB: 1769.0 / 1024, UsefulSeconds: 890,
		ListSeconds: 0.1, CPUPerObject: 20e-6, CPUPerList: 500e-6, VCPU: 512.0 / 1769,
		Prices: Prices{
			ReadUnits: 0.125e-6, LambdaGBSecond: 0.0000133334, LambdaRequest: 0.20e-6, Transition: 0.025e-3, Put: 0.005e-3, Get: 0.0004e-3,
		},
	}
}

// Outcome is what a run takes.
type Outcome struct {
	Executions, Segments, Invocations, Transitions      float64
	ParentEvents, ChildEvents                           int64
	Concurrency                                         float64
	Objects, ObjectsOfSegment, Puts, Gets               float64
	ScanHours, FinalizeSeconds                          float64
	ReadUnits, ReadDollars, LambdaDollars, OtherDollars float64
	PutsPerSecond, LooksPerSecond, InvocationsOfSegment float64
	FinalizeMost                                        float64 // how many objects finalize has time for
}

// finalizeTime is the time of finalize's one invocation, in seconds.
const finalizeTime = 900

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
	o.Invocations = in.Segments*o.InvocationsOfSegment + 2 // plan, finalize
	o.Transitions = 6 + in.Segments*(2*o.InvocationsOfSegment+1)
	o.ParentEvents, o.ChildEvents = quota.ScanEvents(), quota.SegmentEvents(int64(o.InvocationsOfSegment), 0)

	stored := in.TableBytes * in.StorePerTableByte
	scans := o.Invocations - 2
	o.Objects = math.Ceil(stored/in.FileSizeBytes) + scans // the last object of each invocation is smaller
	o.ObjectsOfSegment = math.Ceil(o.Objects / in.Segments)
	o.Puts = stored/in.PartBytes + 3*o.Objects + scans // parts, starts and ends of uploads, lists
	o.PutsPerSecond = o.Puts / seconds
	o.Gets = scans
	o.LooksPerSecond = (2*scans - in.Segments) / seconds // after the last page of an invocation, and before the first if it continues a segment
	o.FinalizeSeconds = in.finalize(o.Objects, scans)
	o.FinalizeMost = finalizeTime / in.finalize(1, 0)

	gbSeconds := pages / rate * in.MemoryGB
	o.ReadDollars = o.ReadUnits * in.Prices.ReadUnits
	o.LambdaDollars = gbSeconds*in.Prices.LambdaGBSecond + o.Invocations*in.Prices.LambdaRequest
	o.OtherDollars = o.Transitions*in.Prices.Transition + (o.Puts+o.Objects/1000)*in.Prices.Put + o.Gets*in.Prices.Get
	return o
}

// finalize returns how long finalize takes, in seconds. It makes one listing after the other, and computes in between.
func (in Inputs) finalize(objects, lists float64) float64 {
	return (objects+lists)/1000*in.ListSeconds + (objects*in.CPUPerObject+lists*in.CPUPerList)/in.VCPU
}
