package chaos_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"
)

// followsModel fails if the model does not allow what a run did. It returns how many steps of each kind it has checked. If the run makes Parquet files,
// each of its passes must follow the model: the plan of the second one is another, its folder is another, and convert does what scan does.
func followsModel(report chaos.Report) (checked map[model.Kind]int, err error) {
	scenario := report.Scenario
	if !scenario.Modelled() || report.Hidden() {
		return nil, nil
	}
	if !scenario.Parquet {
		return followsTrace(report.Trace, scenario.Segments, scenario.Concurrency)
	}
	first, second, segments := passes(report.Trace)
	checked, err = followsTrace(first, scenario.Segments, scenario.Concurrency)
	if err != nil || segments == 0 || segments > model.Segments {
		return checked, err
	}
	more, err := followsTrace(second, segments, segments)
	all := maps.Clone(checked)
	if all == nil {
		all = map[model.Kind]int{}
	}
	for kind, times := range more {
		all[kind] += times
	}
	return all, err
}

// passes divides a trace into those of the two passes. The calls of plan, and what happens to executions, are in both. segments is how many segments the
// second pass has, 0 if there was none. The trace of the first pass ends with its commit: an execution can take the run over after that, for the second
// pass.
func passes(events []chaos.Event) (first, second []chaos.Event, segments int) {
	const (
		both = iota
		ofFirst
		ofSecond
		neither
	)
	pass, over := map[string]int{}, false
	for _, e := range events {
		of := both
		if e.Kind == chaos.Called {
			var in run.ScanInput
			_ = json.Unmarshal(e.Body, &in) // the members of all payloads that are wanted here
			switch {
			case e.Function == contract.FunctionPlan:
			case e.Function == contract.FunctionColumns:
				of = neither
			case e.Function == contract.FunctionConvert:
				of, segments, e.Function = ofSecond, in.Plan.Scan.TotalSegments, contract.FunctionScan
			case in.Plan.SecondPass():
				of = ofSecond
			default:
				of = ofFirst
			}
			for _, name := range e.Invocations {
				pass[name] = of
			}
		} else if len(e.Invocations) > 0 {
			of = pass[e.Invocations[0]]
		}
		if !over && (of == both || of == ofFirst) {
			first = append(first, e)
		}
		if (of == both || of == ofSecond) && (e.Kind != chaos.Requested || !strings.Contains(keyOf(e)+e.URL.Query().Get("prefix"), "/_staging/")) {
			second = append(second, e)
		}
		over = over || of == ofFirst && e.Kind == chaos.Requested && puts(e) && e.Status == http.StatusOK && strings.HasSuffix(keyOf(e), "/_staging"+commitKey)
	}
	return first, second, segments
}
