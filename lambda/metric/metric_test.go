package metric_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// units are the units of the specification's schema that are used here.
var units = []string{"Count", "Bytes", "Seconds"}

// extracted is what CloudWatch reads from a line, as text: time, name, unit, dimensions and value.
type extracted []string

// extract reads lines as CloudWatch Logs does, and checks each against the specification.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func extract(t *testing.T, lines string) (all extracted, properties []map[string]any) {
	t.Helper()
	if lines != "" && !strings.HasSuffix(lines, "\n") {
		t.Errorf("the last line is open: %q", lines)
	}
	for line := range strings.Lines(lines) {
		var about struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &about); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		root := map[string]any{}
		if err := json.Unmarshal([]byte(line), &root); err != nil {
			t.Fatal(err)
		}
		if about.AWS.Timestamp < 1e12 || len(about.AWS.CloudWatchMetrics) == 0 || len(line) > 256<<10 {
			t.Errorf("no milliseconds, no metrics, or too long: %s", line)
		}
		used := map[string]bool{}
		for _, directive := range about.AWS.CloudWatchMetrics {
			if directive.Namespace != "dynamodb-to-s3" || len(directive.Dimensions) == 0 || len(directive.Metrics) == 0 || len(directive.Metrics) > 100 {
				t.Errorf("not as specified: %+v", directive)
			}
			for _, set := range directive.Dimensions {
				if len(set) > 30 {
					t.Errorf("%d dimensions", len(set))
				}
				var at []string
				for _, name := range set {
					value, _ := root[name].(string)
					if value == "" || len(value) > 1024 {
						t.Errorf("dimension %s has no value: %s", name, line)
					}
					at = append(at, name+"="+value)
					used[name] = true
				}
				for _, m := range directive.Metrics {
					value, is := root[m.Name].(float64)
					if !is || !slices.Contains(units, m.Unit) {
						t.Errorf("%s in %s has no number: %s", m.Name, m.Unit, line)
					}
					all = append(all, fmt.Sprintf("%s %v %s {%s}", m.Name, value, m.Unit, strings.Join(at, ",")))
					used[m.Name] = true
				}
			}
		}
		maps.DeleteFunc(root, func(name string, _ any) bool { return used[name] || name == "_aws" })
		root["at"] = about.AWS.Timestamp
		properties = append(properties, root)
	}
	slices.Sort(all)
	return all, properties
}

func TestLinesAreWhatCloudWatchReads(t *testing.T) {
	t.Parallel()
	scanned := metric.Invocation{
		RunID: "nightly-1", Table: "orders", Segment: 7, Invocation: 2,
		Totals: run.Totals{Pages: 3, Scanned: 40, Items: 30, PageBytes: 3 << 20, Bytes: 1 << 20, ReadUnits: 384.5},
		Flush:  1500 * time.Millisecond, Unused: 6 * time.Second,
	}
	with := func(change func(*metric.Invocation)) metric.Invocation {
		changed := scanned
		change(&changed)
		return changed
	}
	const byTable = " {Environment=prod,Table=orders}"
	end := time.Date(2026, 1, 31, 6, 0, 12, 345e6, time.UTC)
	result := run.Result{
		RunID: "nightly-1", Mode: request.ModeScan, Table: "orders", Items: 30, Objects: 2, Bytes: 1 << 20, StartTime: end.Add(-90 * time.Second), EndTime: end,
	}
	for _, test := range []struct {
		name  string
		write func(*metric.Writer)
		want  extracted
	}{
		{"a scan that hands over", func(w *metric.Writer) { w.Scanned(with(func(i *metric.Invocation) { i.End = metric.HandedOver })) }, extracted{
			"BudgetUnusedSeconds 6 Seconds" + byTable, "Bytes 1.048576e+06 Bytes" + byTable, "FlushSeconds 1.5 Seconds" + byTable, "HandOvers 1 Count" + byTable,
			"Invocations 1 Count" + byTable, "Items 30 Count" + byTable, "PageBytes 3.145728e+06 Bytes" + byTable, "ReadUnits 384.5 Count" + byTable,
			"Segments 0 Count" + byTable, "Throttles 0 Count {Environment=prod}", "Throttles 0 Count" + byTable,
		}},
		{"a scan to the segment's end, throttled", func(w *metric.Writer) {
			w.Scanned(with(func(i *metric.Invocation) {
				i.End, i.Throttles = metric.Done, 5
				i.Reasons = map[string]int64{"TableReadAccountLimitExceeded": 2, "TableReadProvisionedThroughputExceeded": 4}
			}))
		}, extracted{
			"Bytes 1.048576e+06 Bytes" + byTable, "FlushSeconds 1.5 Seconds" + byTable, "HandOvers 0 Count" + byTable,
			"Invocations 1 Count" + byTable, "Items 30 Count" + byTable, "PageBytes 3.145728e+06 Bytes" + byTable, "ReadUnits 384.5 Count" + byTable,
			"Segments 1 Count" + byTable,
			"Throttles 2 Count {Environment=prod,Table=orders,Reason=TableReadAccountLimitExceeded}",
			"Throttles 4 Count {Environment=prod,Table=orders,Reason=TableReadProvisionedThroughputExceeded}",
			"Throttles 5 Count {Environment=prod}", "Throttles 5 Count" + byTable,
		}},
		{"a scan that failed has read and not written", func(w *metric.Writer) { w.Scanned(scanned) }, extracted{
			"Invocations 1 Count" + byTable, "PageBytes 3.145728e+06 Bytes" + byTable, "ReadUnits 384.5 Count" + byTable,
			"Throttles 0 Count {Environment=prod}", "Throttles 0 Count" + byTable,
		}},
		{"the plan of a scan", func(w *metric.Writer) {
			w.Planned(run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 94}})
		}, extracted{"SegmentsPlanned 94 Count" + byTable}},
		{"the plan of an export", func(w *metric.Writer) { w.Planned(run.Plan{Table: "orders", Export: &run.ExportPlan{}}) }, nil},
		{"the result of a scan", func(w *metric.Writer) { w.Succeeded(result) }, extracted{
			"LastSuccess 1.769839212e+09 Seconds" + byTable, "RunBytes 1.048576e+06 Bytes" + byTable, "RunItems 30 Count" + byTable, "RunObjects 2 Count" + byTable,
			"RunSeconds 90 Seconds" + byTable, "RunsSucceeded 1 Count" + byTable,
		}},
		{"the result of an export", func(w *metric.Writer) {
			result := result
			result.Mode, result.BilledBytes = request.ModeExport, 5e9
			w.Succeeded(result)
		}, extracted{
			"BilledBytes 5e+09 Bytes" + byTable, "LastSuccess 1.769839212e+09 Seconds" + byTable, "RunBytes 1.048576e+06 Bytes" + byTable, "RunItems 30 Count" + byTable,
			"RunObjects 2 Count" + byTable, "RunSeconds 90 Seconds" + byTable, "RunsSucceeded 1 Count" + byTable,
		}},
		{"a failure", func(w *metric.Writer) {
			w.Failed(failure.Throttled, map[string]any{"function": contract.FunctionScan, "segment": 7})
		}, extracted{
			"Failures 1 Count {Environment=prod,ErrorName=Throttled}",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			test.write(metric.New(&out, "prod"))
			got, _ := extract(t, out.String())
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Properties distinguish single lines and make no metrics.
func TestLinesIdentifyTheirInvocation(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := metric.New(&out, "")
	end := time.Date(2026, 1, 31, 6, 0, 12, 345e6, time.UTC)
	w.Succeeded(run.Result{RunID: "nightly-1", Mode: request.ModeScan, Table: "orders", StartTime: end, EndTime: end})
	w.Scanned(metric.Invocation{RunID: "nightly-1", Table: "orders", Segment: 7, Invocation: 2})
	got, properties := extract(t, out.String())
	if at := properties[1]["at"].(int64); time.Since(time.UnixMilli(at)).Abs() > time.Minute {
		t.Errorf("an invocation is at %d", at)
	}
	delete(properties[1], "at")
	want := []map[string]any{
		{"runId": "nightly-1", "mode": "SCAN", "at": end.UnixMilli()}, // the time of the commit, not of the call
		{"runId": "nightly-1", "segment": 7.0, "invocation": 2.0},
	}
	if diff := cmp.Diff(want, properties); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, each := range got {
		if !regexp.MustCompile(`\{Environment=none[,}]`).MatchString(each) {
			t.Errorf("%s: want an Environment, for an empty one is refused", each)
		}
	}
}

func TestNilWriterWritesNothing(t *testing.T) {
	t.Parallel()
	w := metric.New(nil, "prod")
	w.Scanned(metric.Invocation{})
	w.Planned(run.Plan{Scan: &run.ScanPlan{}})
	w.Succeeded(run.Result{})
	w.Failed(failure.Internal, nil)
}
