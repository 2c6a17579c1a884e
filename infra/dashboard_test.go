//go:build !race

package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/metric"

	"github.com/google/go-cmp/cmp"
)

type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, View, Start string
		Metrics            [][]any
	}
}

// expression returns the expression of the n-th metric, or "".
func (w widget) expression(n int) string {
	options, _ := w.Properties.Metrics[n][len(w.Properties.Metrics[n])-1].(map[string]any)
	text, _ := options["expression"].(string)
	return text
}

func widgetsOf(t *testing.T, made template) map[string]widget {
	t.Helper()
	boards := made.of(t, "AWS::CloudWatch::Dashboard")
	text, _ := boards["Dashboard"].Properties["DashboardBody"].(string)
	var body struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	all := map[string]widget{}
	for _, w := range body.Widgets {
		all[w.Properties.Title] = w
	}
	if len(all) != len(body.Widgets) {
		t.Errorf("%d widgets have %d titles", len(body.Widgets), len(all))
	}
	return all
}

var searched = regexp.MustCompile(`SEARCH\('\{"dynamodb-to-s3",([A-Za-z,]+)\} MetricName="([A-Za-z]+)" Environment="full"', '([A-Za-z]+)', (\d+)\)`)

// The searches use exactly the metrics and the sets of dimensions that the functions write. Any other search finds nothing.
func TestDashboardSearchesForWhatIsWritten(t *testing.T) {
	got := map[string][]string{}
	for title, w := range widgetsOf(t, synthFull(t)) {
		for n := range w.Properties.Metrics {
			text := w.expression(n)
			found := searched.FindAllStringSubmatch(text, -1)
			if len(found) != strings.Count(text, "SEARCH") || len(text) > 1024 {
				t.Errorf("%s: CloudWatch does not accept this search: %s", title, text)
			}
			for _, parts := range found {
				got[parts[1]] = append(got[parts[1]], parts[2])
				if parts[4] != "300" {
					t.Errorf("%s: a point of %s s", title, parts[4])
				}
			}
		}
	}
	for by := range got {
		slices.Sort(got[by])
		got[by] = slices.Compact(got[by])
	}
	var byTable []string
	for _, name := range []metric.Name{
		metric.RunsSucceeded, metric.BilledBytes, metric.BudgetUnused, metric.Bytes, metric.FlushSeconds, metric.HandOvers, metric.Invocations, metric.Items,
		metric.LastSuccess, metric.PageBytes, metric.ReadUnits, metric.RunSeconds, metric.Segments, metric.SegmentsPlanned,
	} {
		byTable = append(byTable, string(name))
	}
	slices.Sort(byTable)
	want := map[string][]string{
		"Environment,Table":        byTable,
		"Environment,Table,Reason": {string(metric.Throttles)},
		"Environment,ErrorName":    {string(metric.Failures)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDashboardShowsTheStateMachineAndEveryFunction(t *testing.T) {
	got := map[string]bool{}
	for _, w := range widgetsOf(t, synthFull(t)) {
		for _, m := range w.Properties.Metrics {
			if len(m) < 4 {
				continue
			}
			options, _ := m[len(m)-1].(map[string]any)
			statistic, _ := options["stat"].(string)
			got[strings.Join([]string{m[0].(string), m[1].(string), m[3].(string), statistic}, " ")] = true
		}
	}
	var want []string
	for _, end := range []string{"Started", "Succeeded", "Failed", "TimedOut", "Aborted"} {
		want = append(want, "AWS/States Executions"+end+" "+testMachine+" Sum")
	}
	for _, function := range contract.Functions() {
		for _, m := range []string{"Duration p50", "Duration p99", "Duration Sum", "Errors Sum", "ConcurrentExecutions Maximum"} {
			name, statistic, _ := strings.Cut(m, " ")
			want = append(want, "AWS/Lambda "+name+" "+string(function)+"/Function "+statistic)
		}
	}
	for _, function := range []contract.Function{contract.FunctionColumns, contract.FunctionConvert} { // the cost of the second pass
		want = append(want, "AWS/Lambda Invocations "+string(function)+"/Function Sum")
	}
	for _, each := range want {
		if !got[each] {
			t.Errorf("no %s", each)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d metrics, want %d: %v", len(got), len(want), got)
	}
}

func TestDashboardFitsOntoItsGrid(t *testing.T) {
	for title, w := range widgetsOf(t, synthFull(t)) {
		if w.Type != "metric" || w.X+w.Width > 24 || w.X%8 != 0 || w.Width != 8 || w.Height != 6 {
			t.Errorf("%s lies at %d,%d and is %d wide, %d high", title, w.X, w.Y, w.Width, w.Height)
		}
	}
}

// The widget looks back two weeks, for any period of the dashboard.
func TestDashboardTellsHowOldTheLastRunIs(t *testing.T) {
	w := widgetsOf(t, synthFull(t))["Hours since the last successful run (two weeks)"]
	if w.Properties.View != "singleValue" || w.Properties.Start != "-P14D" || w.expression(0) != "(EPOCH(FIRST(last)) + 300 - FILL(last, REPEAT)) / 3600" {
		t.Errorf("got %+v", w)
	}
}

// The cost follows from the memory and the architecture of the environment's functions, and from its prices.
func TestCostIsOfTheEnvironment(t *testing.T) {
	cost := widgetsOf(t, synthFull(t))["Estimated cost in this period (US$)"]
	var all []string
	for n := range cost.Properties.Metrics {
		text := cost.expression(n)
		if strings.ContainsAny(text, "eE") && regexp.MustCompile(`[0-9][eE][-+]?[0-9]`).MatchString(text) {
			t.Errorf("an exponent: %s", text)
		}
		all = append(all, text)
	}
	for _, want := range []string{
		"FILL(scan, 0) * " + decimal(3008.0/1024/1000*0.00002), // the environment's price
		", 0) * " + decimal(0.25/1e6),                          // read units: as well
		", 0) * " + decimal(0.10/1e9),                          // exports, which the environment leaves alone
		") * " + decimal(0.025/1000),
	} {
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("want %s in %q", want, all)
		}
	}
}
