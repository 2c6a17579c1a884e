package function_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// sums adds up every metric by name, over the lines of one table.
func sums(t *testing.T, lines, table string) map[metric.Name]float64 {
	t.Helper()
	totals := map[metric.Name]float64{}
	for _, line := range decoded(t, lines) {
		about, _ := line["_aws"].(map[string]any)
		if about == nil {
			t.Fatalf("no metrics: %v", line)
		}
		if line["Table"] != table {
			continue
		}
		for name, value := range line {
			if number, is := value.(float64); is && name[0] >= 'A' && name[0] <= 'Z' {
				totals[metric.Name(name)] += number
			}
		}
	}
	return totals
}

func decoded(t *testing.T, lines string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(lines) {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, fields)
	}
	return all
}

// The sums that CloudWatch makes of a run's invocations are those in the run's result.
func TestMetricsAddUpToTheResult(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, many)
	var metrics, log bytes.Buffer
	e := execution{
		t: t, name: "run-1", hurry: 5 * time.Minute, metrics: &metrics, log: &log,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 12}}`, table, testservers.Bucket(t)),
	}
	result, err := e.run()
	if err != nil {
		t.Fatal(err)
	}
	got := sums(t, metrics.String(), table)
	want := map[metric.Name]float64{
		metric.Items: many, metric.Bytes: float64(result.Bytes), metric.ReadUnits: result.ReadUnits,
		metric.Segments: 2, metric.SegmentsPlanned: 2, metric.Throttles: 0,
		metric.Invocations:   got[metric.HandOvers] + 2,
		metric.RunsSucceeded: 1, metric.LastSuccess: float64(result.EndTime.Unix()), metric.RunSeconds: result.EndTime.Sub(result.StartTime).Seconds(),
		metric.RunItems: many, metric.RunBytes: float64(result.Bytes), metric.RunObjects: float64(result.Objects),
	}
	// These depend on the clock, and on how DynamoDB writes its answers.
	for _, some := range []metric.Name{metric.HandOvers, metric.PageBytes, metric.FlushSeconds, metric.BudgetUnused} {
		if got[some] == 0 {
			t.Errorf("%s: got %v", some, got[some])
		}
		delete(got, some)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	ends := 0
	for _, line := range decoded(t, log.String()) {
		if line["runId"] != "run-1" || line["table"] != table {
			t.Errorf("no run in %v", line)
		}
		if line["msg"] == "segment handed over" {
			ends++
			if line["segment"] == nil || line["invocation"] == nil {
				t.Errorf("no invocation in %v", line)
			}
		}
	}
	if float64(ends) != want[metric.Invocations] {
		t.Errorf("%d lines of %v invocations", ends, want[metric.Invocations])
	}
}

// The second pass counts no item, byte or segment again: the metrics are those of the read, and of the committed run.
func TestMetricsOfParquetCountItemsOnce(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 500)
	var metrics, log bytes.Buffer
	e := execution{
		t: t, name: "run-1", metrics: &metrics, log: &log,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET", "segments": 2}`, table, testservers.Bucket(t)),
	}
	result, err := e.run()
	if err != nil {
		t.Fatal(err)
	}
	got := sums(t, metrics.String(), table)
	want := map[metric.Name]float64{
		metric.Items: 500, metric.ReadUnits: result.ReadUnits, metric.Segments: 2, metric.SegmentsPlanned: 2, metric.Invocations: 2, metric.HandOvers: 0,
		metric.RunsSucceeded: 1, metric.RunItems: 500, metric.RunBytes: float64(result.Bytes), metric.RunObjects: float64(result.Objects),
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %v, want %v", name, got[name], value)
		}
	}
	ends := map[any]int{}
	for _, line := range decoded(t, log.String()) {
		if line["msg"] == "segment handed over" {
			ends[line["function"]]++
		}
	}
	if diff := cmp.Diff(map[any]int{nil: 2, "convert": 1}, ends); diff != "" {
		t.Errorf("lines by function (-want +got):\n%s", diff)
	}
}

// A failure is logged once, under its name. Of the payload, the line has only what identifies the invocation.
func TestFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	const secret = `{"orderId":{"S":"secret-7"}}`
	scan := run.ScanInput{
		Plan:    run.Plan{Version: run.Version, Mode: request.ModeScan, RunID: "run-1", Table: "nowhere", Bucket: "b", Scan: &run.ScanPlan{Format: "PARQUET", Compression: request.CompressionGZIP, FileSizeBytes: 1 << 20, TotalSegments: 1}},
		Segment: 3, Checkpoint: &run.Checkpoint{Invocation: 4, Position: secret},
	}
	for _, test := range []struct {
		name     string
		function contract.Function
		in       any
		want     map[string]any
	}{
		{"a scan", contract.FunctionScan, scan, map[string]any{"function": "scan", "runId": "run-1", "table": "nowhere", "segment": 3.0, "invocation": 4.0, "error": "BucketNotFound"}},
		{"a plan", contract.FunctionPlan, run.PlanInput{Request: json.RawMessage(`{"table": 7}`), Execution: run.Execution{Name: "run-1"}}, map[string]any{"function": "plan", "execution": "run-1", "error": "InvalidRequest"}},
		{"a payload of another version", contract.FunctionFinalize, map[string]any{"paln": 1}, map[string]any{"function": "finalize", "runId": "", "table": "", "error": "InvalidRequest"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var metrics, log bytes.Buffer
			_, err := call[any](execution{t: t, metrics: &metrics, log: &log}, test.function, test.in)
			if err == nil {
				t.Fatal("it went well")
			}
			if strings.Contains(log.String()+metrics.String(), "secret") {
				t.Errorf("a key's value is logged:\n%s%s", log.String(), metrics.String())
			}
			lines := decoded(t, log.String())
			if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["msg"] != "failed" || lines[0]["cause"] == "" {
				t.Fatalf("got %v", lines)
			}
			maps.DeleteFunc(lines[0], func(name string, _ any) bool {
				return name == "time" || name == "level" || name == "msg" || name == "cause"
			})
			if diff := cmp.Diff(test.want, lines[0]); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
			count := 0
			for _, line := range decoded(t, metrics.String()) {
				if line["Failures"] == 1.0 && line["ErrorName"] == test.want["error"] {
					count++
				}
			}
			if count != 1 {
				t.Errorf("logged %d times:\n%s", count, metrics.String())
			}
		})
	}
}
