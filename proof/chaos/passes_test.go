package chaos_test

import (
	"encoding/json"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"
)

// followsModel fails if the model does not allow what a run did. It returns how many steps of each kind it has checked.
func followsModel(report chaos.Report) (checked map[model.Kind]int, err error) {
	scenario := report.Scenario
	if !scenario.Modelled() || report.Hidden() {
		return nil, nil
	}
	bounds := model.Bounds{Concurrency: uint8(scenario.Concurrency)}
	segments := scenario.Segments
	if scenario.Parquet {
		bounds.Staged = uint8(segments)
		segments += secondPass(report.Trace, &bounds)
	}
	return followsTrace(report.Trace, segments, bounds)
}

// secondPass returns how many segments the second pass has, 1 if none was called.
func secondPass(events []chaos.Event, bounds *model.Bounds) (segments int) {
	for _, e := range events {
		if in := inputOf(e); e.Function == contract.FunctionConvert {
			bounds.KeepsStaged = in.Plan.Parquet.KeepStaging
			segments = in.Plan.Scan.TotalSegments
		}
	}
	return max(1, segments)
}

// inputOf returns the members of all payloads that are wanted here.
func inputOf(e chaos.Event) (in run.ScanInput) {
	if e.Kind == chaos.Called && e.Function != contract.FunctionPlan {
		_ = json.Unmarshal(e.Body, &in) // the function says so if it cannot be read
	}
	return in
}

const (
	schemaKey     = "/_schema.json"
	stagingFolder = "/_staging/"
)

// decided keeps a schema that the run has. Its number is that of its first write.
func (t *translation) decided(body []byte) {
	digest := run.Digest(json.RawMessage(body))
	if t.schemas[digest] == 0 {
		t.schemas[digest] = uint8(1 + len(t.schemas))
	}
}

// schemaOf returns the number of the schema in a plan: 0 for a plan of the first pass, and unknown for a schema that the run never had.
func (t *translation) schemaOf(plan run.Plan) uint8 {
	if !plan.SecondPass() {
		return 0
	}
	if number := t.schemas[plan.Parquet.Schema]; number > 0 {
		return number
	}
	return most
}

// numberOf returns the number that a segment of a pass has in the model.
func (t *translation) numberOf(segment int, staged bool) int {
	if staged {
		return segment
	}
	return segment + t.staged
}

// ofStaging tells whether a request is about the staged files.
func ofStaging(e chaos.Event) bool {
	return strings.Contains("/"+keyOf(e)+e.URL.Query().Get("prefix"), stagingFolder)
}
