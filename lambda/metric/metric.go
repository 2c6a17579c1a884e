// Package metric writes the numbers that CloudWatch keeps of runs, as lines in its embedded metric format: Lambda's standard
// output is read for them, so that nothing is called, nothing waits, and no permission is needed. The names are exported,
// for the dashboard and the alarms ask for them.
//
// It may import contract, failure, request and run. A nil Writer writes nothing: local runs have none.
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

// Writer writes metrics of one deployment. It is safe for concurrent use.
type Writer struct {
	environment string

	mu  sync.Mutex
	out io.Writer
}

// nameless is the dimension Environment of functions that were not told of which deployment they are: it may not be empty.
const nameless = "none"

// New returns a Writer that writes each line with one call of out's Write, so that it stays whole beside a logger's lines; nil
// if out is nil.
func New(out io.Writer, environment string) *Writer {
	if out == nil {
		return nil
	}
	return &Writer{environment: cmp.Or(environment, nameless), out: out}
}

// Invocation is what one invocation of scan has done.
type Invocation struct {
	RunID      string
	Table      string
	Segment    int
	Invocation int
	// End says how it ended.
	End End
	// Totals are what it has read, and, unless it has failed, written.
	Totals run.Totals
	// Throttles counts the tries that were refused, Reasons those by DynamoDB's words for why.
	Throttles int64
	Reasons   map[string]int64
	// Flush is how long it took to close what was open; Unused is what was left of the invocation's time.
	Flush, Unused time.Duration
}

// End is how an invocation of scan ended.
type End int

// The ends of an invocation: with a failure, with the segment to be gone on with, or with the segment's own end.
const (
	Failed End = iota
	HandedOver
	Done
)

// Scanned writes what an invocation of scan has done: one line, and one more for each reason for which it was throttled.
func (w *Writer) Scanned(i Invocation) {
	if w == nil {
		return
	}
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
		directives: []directive{
			{sets: [][]string{byTable}, values: values},
			{sets: [][]string{{DimensionEnvironment}, byTable}, values: throttles},
		},
		dimensions: map[string]string{DimensionTable: i.Table}, properties: properties,
	})
	for _, reason := range slices.Sorted(maps.Keys(i.Reasons)) {
		w.write(document{
			directives: []directive{{
				sets:   [][]string{{DimensionEnvironment, DimensionTable, DimensionReason}},
				values: []value{{Throttles, inCount, float64(i.Reasons[reason])}},
			}},
			dimensions: map[string]string{DimensionTable: i.Table, DimensionReason: reason}, properties: properties,
		})
	}
}

// Planned writes how many segments a run is to scan.
func (w *Writer) Planned(plan run.Plan) {
	if w == nil || plan.Scan == nil {
		return
	}
	w.write(document{
		directives: []directive{{sets: [][]string{byTable}, values: []value{
			{SegmentsPlanned, inCount, float64(len(plan.Scan.Segments()))},
		}}},
		dimensions: map[string]string{DimensionTable: plan.Table}, properties: map[string]any{"runId": plan.RunID},
	})
}

// Succeeded writes the result of a run, at the time of its commit: a result that is told again later, to a retry or a redrive,
// makes no table fresh that is stale.
func (w *Writer) Succeeded(result run.Result) {
	if w == nil {
		return
	}
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
		at: result.EndTime, directives: []directive{{sets: [][]string{byTable}, values: values}},
		dimensions: map[string]string{DimensionTable: result.Table},
		properties: map[string]any{"runId": result.RunID, "mode": result.Mode},
	})
}

// Failed writes that an invocation of a function has failed, with properties that say which.
func (w *Writer) Failed(name failure.Name, properties map[string]any) {
	if w == nil {
		return
	}
	w.write(document{
		directives: []directive{{
			sets:   [][]string{{DimensionEnvironment, DimensionErrorName}},
			values: []value{{Failures, inCount, 1}},
		}},
		dimensions: map[string]string{DimensionErrorName: string(name)}, properties: properties,
	})
}

var byTable = []string{DimensionEnvironment, DimensionTable}

func (w *Writer) write(d document) {
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
	_, _ = w.out.Write(line) // there is no other place to say that it failed, and no run is to fail for it
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
