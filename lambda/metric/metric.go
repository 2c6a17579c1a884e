// Package metric writes metrics of runs as lines in CloudWatch's embedded metric format. CloudWatch reads them from Lambda's
// standard output. So there is no call, no wait, and no permission. The dashboard and the alarms use the exported names.
//
// It may import failure, request and run. A nil Writer writes nothing: local runs have no metrics.
package metric

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Writer writes the metrics of one deployment. It is safe for concurrent use.
type Writer struct {
	environment string

	mu  sync.Mutex
	out io.Writer
}

// nameless is the dimension Environment if the functions do not know their deployment. The dimension may not be empty.
const nameless = "none"

// New returns a Writer. It writes each line with one call of out.Write, so that a logger's lines cannot split it. New returns nil
// if out is nil.
func New(out io.Writer, environment string) *Writer {
	if out == nil {
		return nil
	}
	return &Writer{environment: cmp.Or(environment, nameless), out: out}
}

// Invocation is what one invocation of scan did.
type Invocation struct {
	RunID      string
	Table      string
	Segment    int
	Invocation int
	// End says how it ended.
	End End
	// Totals counts what the invocation read and, unless it failed, what it wrote.
	Totals run.Totals
	// Throttles counts the refused tries, Reasons counts them by DynamoDB's reasons.
	Throttles int64
	Reasons   map[string]int64
	// Flush is how long closing took. Unused is the rest of the invocation's time.
	Flush, Unused time.Duration
}

// End is how an invocation of scan ended.
type End int

// How an invocation ended: it failed, it handed over a checkpoint, or it reached the segment's end.
const (
	Failed End = iota
	HandedOver
	Done
)

// Scanned writes what an invocation of scan did: one line, and one more for each reason for throttling.
func (w *Writer) Scanned(i Invocation) {
	values := []value{
		{Invocations, inCount, 1},
		{PageBytes, inBytes, float64(i.Totals.PageBytes)},
		{ReadUnits, inCount, i.Totals.ReadUnits},
	}
	if i.End != Failed {
		values = append(values,
			value{HandOvers, inCount, oneIf(i.End == HandedOver)},
			value{Segments, inCount, oneIf(i.End == Done)},
			value{Items, inCount, float64(i.Totals.Items)},
			value{Bytes, inBytes, float64(i.Totals.Bytes)},
			value{FlushSeconds, inSeconds, i.Flush.Seconds()},
		)
	}
	if i.End == HandedOver {
		values = append(values, value{BudgetUnused, inSeconds, i.Unused.Seconds()})
	}
	properties := map[string]any{"runId": i.RunID, "segment": i.Segment, "invocation": i.Invocation}
	throttles := []value{{Throttles, inCount, float64(i.Throttles)}}
	w.write(document{
		directives: []directive{by(values, byTable), by(throttles, []string{DimensionEnvironment}, byTable)},
		dimensions: map[string]string{DimensionTable: i.Table}, properties: properties,
	})
	for _, reason := range slices.Sorted(maps.Keys(i.Reasons)) {
		w.write(document{
			directives: []directive{by([]value{{Throttles, inCount, float64(i.Reasons[reason])}}, append(byTable, DimensionReason))},
			dimensions: map[string]string{DimensionTable: i.Table, DimensionReason: reason}, properties: properties,
		})
	}
}

// Planned writes how many segments a run scans.
func (w *Writer) Planned(plan run.Plan) {
	if plan.Scan == nil {
		return
	}
	w.write(document{
		directives: []directive{by([]value{{SegmentsPlanned, inCount, float64(len(plan.Scan.Segments()))}}, byTable)},
		dimensions: map[string]string{DimensionTable: plan.Table}, properties: map[string]any{"runId": plan.RunID},
	})
}

// Succeeded writes the result of a run with the time of its commit. So a result that a retry or a redrive returns later does not
// make a stale table look fresh.
func (w *Writer) Succeeded(result run.Result) {
	values := []value{
		{RunsSucceeded, inCount, 1},
		{LastSuccess, inSeconds, float64(result.EndTime.Unix())},
		{RunSeconds, inSeconds, result.EndTime.Sub(result.StartTime).Seconds()},
		{RunItems, inCount, float64(result.Items)},
		{RunBytes, inBytes, float64(result.Bytes)},
		{RunObjects, inCount, float64(result.Objects)},
	}
	if result.Mode == request.ModeExport {
		values = append(values, value{BilledBytes, inBytes, float64(result.BilledBytes)})
	}
	w.write(document{
		at: result.EndTime, directives: []directive{by(values, byTable)},
		dimensions: map[string]string{DimensionTable: result.Table},
		properties: map[string]any{"runId": result.RunID, "mode": result.Mode},
	})
}

// Failed writes that an invocation of a function failed. The properties say which one.
func (w *Writer) Failed(name failure.Name, properties map[string]any) {
	w.write(document{
		directives: []directive{by([]value{{Failures, inCount, 1}}, []string{DimensionEnvironment, DimensionErrorName})},
		dimensions: map[string]string{DimensionErrorName: string(name)}, properties: properties,
	})
}

var byTable = []string{DimensionEnvironment, DimensionTable}

func (w *Writer) write(d document) {
	if w == nil {
		return
	}
	if d.at.IsZero() {
		d.at = time.Now()
	}
	d.dimensions[DimensionEnvironment] = w.environment
	line, err := d.encode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.out.Write(line) // a failed write cannot be reported, and must not fail a run
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
