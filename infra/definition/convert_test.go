package definition

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/finalize"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// converted simulates a run that makes Parquet files. Its functions answer with the plans that the real ones make.
type converted struct {
	plan     run.Plan
	segments int // of the second pass
	calls    int // of convert for each segment
	batches  int // that the second pass is completed in

	states []string // the tasks, in their order; those of a Map count once
	output any
}

func (c *converted) run(t *testing.T) (s *simulation, events int, failed string) {
	t.Helper()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{contract.StateScanSegments, contract.StateConvertSegments, contract.StateCompleteUploads} {
		each := m.States[name]
		each.ResultPath = new("$.discarded") // like a ResultPath of null, this keeps the input
		m.States[name] = each
	}
	calls := map[string]int{}
	s = &simulation{t: t, call: func(state string, payload any) (any, string) {
		if len(c.states) == 0 || c.states[len(c.states)-1] != state {
			c.states = append(c.states, state)
		}
		switch state {
		case contract.StatePlan:
			return asJSON(run.PlanOutput{Plan: c.plan, Segments: []int{0, 1}, Concurrency: 2, Export: run.ExportProgress{Exports: []run.FollowedExport{}}}), ""
		case contract.StateScanSegment:
			return asJSON(run.Checkpoint{Done: true}), ""
		case contract.StateStartExport:
			return asJSON(run.ExportProgress{Exports: []run.FollowedExport{}}), ""
		case contract.StateColumns:
			return asJSON(c.columns(t, payload)), ""
		case contract.StateConvertSegment:
			var in run.ConvertInput
			decode(t, payload, &in)
			at := fmt.Sprint(in.Plan.Parquet.Schema, in.Segment)
			if n := calls[at]; n > 0 && in.Checkpoint.Invocation != n {
				t.Errorf("segment %d: call %d got the checkpoint %+v", in.Segment, n+1, in.Checkpoint)
			}
			calls[at]++
			return asJSON(run.Checkpoint{Invocation: calls[at], Done: calls[at] == c.calls}), ""
		case contract.StateCompleteBatch:
			return asJSON(run.FinalizeOutput{Done: true}), ""
		case contract.StateFinalize:
			return c.finalize(t, payload), ""
		default:
			t.Fatalf("the state %s was not expected", state)
			return nil, ""
		}
	}}
	c.output, events, failed = s.execution(m, map[string]any{"table": "orders"})
	return s, events, failed
}

// columns answers as the function columns does.
func (c *converted) columns(t *testing.T, payload any) run.ColumnsOutput {
	t.Helper()
	var in run.ColumnsInput
	decode(t, payload, &in)
	plan := in.Plan.Learning(c.segments)
	if in.Plan.Export == nil {
		plan = in.Plan.Converting(run.Schema{Segments: c.segments}, strings.Repeat("5", 16))
	}
	return run.ColumnsOutput{Plan: plan, Segments: plan.Scan.Segments(), Concurrency: 2, Export: run.ExportProgress{Exports: []run.FollowedExport{}}}
}

// finalize answers as the function finalize does.
func (c *converted) finalize(t *testing.T, payload any) any {
	t.Helper()
	var in run.FinalizeInput
	decode(t, payload, &in)
	switch {
	case in.Plan.FirstPass():
		return asJSON(run.FinalizeOutput{Convert: true})
	case c.batches > 0:
		out := run.FinalizeOutput{Batches: make([]run.Batch, c.batches)}
		c.batches = 0
		return asJSON(out)
	default:
		return asJSON(run.FinalizeOutput{Result: run.Result{RunID: "run"}})
	}
}

// The second pass follows the first one. The files of a native export are read once more, because nothing has learned from them.
func TestSecondPassFollowsTheFirst(t *testing.T) {
	t.Parallel()
	parquet := &run.ParquetPlan{}
	ofScan := run.Plan{Mode: request.ModeScan, Parquet: parquet, Scan: &run.ScanPlan{TotalSegments: 2}}
	ofExport := run.Plan{Mode: request.ModeExport, Parquet: parquet, Export: &run.ExportPlan{}}
	for _, test := range []struct {
		name   string
		of     converted
		first  int64 // the events of the first pass
		states string
	}{
		{
			"a scan",
			converted{plan: ofScan, segments: 3, calls: 1},
			quota.ScanEvents(),
			"Plan ScanSegment Finalize Columns ConvertSegment Finalize",
		},
		{
			"a scan with several invocations for each segment",
			converted{plan: ofScan, segments: 2, calls: 4},
			quota.ScanEvents(),
			"Plan ScanSegment Finalize Columns ConvertSegment Finalize",
		},
		{
			"a scan with as many segments as there may be",
			converted{plan: ofScan, segments: request.MaxSegments, calls: 1},
			quota.ScanEvents(),
			"Plan ScanSegment Finalize Columns ConvertSegment Finalize",
		},
		{
			"a scan whose uploads are completed in batches",
			converted{plan: ofScan, segments: 3, calls: 1, batches: 2},
			quota.ScanEvents() + quota.BatchEvents(),
			"Plan ScanSegment Finalize Columns ConvertSegment Finalize CompleteBatch Finalize",
		},
		{
			"a native export",
			converted{plan: ofExport, segments: 3, calls: 2},
			quota.ExportEvents(0),
			"Plan StartExport Finalize Columns ConvertSegment Columns ConvertSegment Finalize",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := test.of
			s, events, failed := c.run(t)
			if diff := cmp.Diff(test.states, strings.Join(c.states, " ")); failed != "" || diff != "" {
				t.Errorf("failure %q, states (-want +got):\n%s", failed, diff)
			}
			if want := test.first + quota.ConvertEvents(c.plan.Export != nil); int64(events) != want {
				t.Errorf("got %d events, want %d", events, want)
			}
			if diff := cmp.Diff(asJSON(run.Result{RunID: "run"}), c.output); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			own := s.children[len(s.children)-1-test.of.batches]
			if want := quota.SegmentEvents(int64(c.calls), 0); int64(own) != want {
				t.Errorf("a child has %d events, want %d", own, want)
			}
		})
	}
}

// The state after Columns has the plan with its pins, the segments, and the batches or the result of Finalize.
func TestMostSegmentsOfTheSecondPassFitAPayload(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	plan := run.Plan{
		Version: run.Version, Mode: request.ModeExport, RunID: long(81), ExecutionID: long(240), StartTime: time.Date(2026, 1, 31, 23, 59, 59, 123_000_000, time.UTC),
		Table: long(255), TableARN: long(310), TableID: long(36), Bucket: long(63), BucketOwner: long(12), KMSKeyID: long(100), Root: long(900),
		Export:  &run.ExportPlan{},
		Parquet: &run.ParquetPlan{Columns: map[string]request.Column{}, LastSchema: long(1024)},
	}
	for pin := range 1000 { // together about as long as the function plan accepts
		plan.Parquet.Columns[fmt.Sprintf("attribute-%03d", pin)] = request.Column{Name: long(85), Type: "decimal(38, 10)"}
	}
	export := &run.ExportedWindow{ExportARN: long(300), Manifest: long(1100), Reason: long(200)}
	plan = plan.Learning(request.MaxSegments).Converting(run.Schema{Segments: request.MaxSegments, Staged: run.Staged{Export: export}}, run.Digest(nil))
	state := run.Marshal(run.ColumnsOutput{Plan: plan, Segments: plan.Scan.Segments(), Concurrency: request.MaxSegments})
	batches := run.Marshal(run.FinalizeOutput{Batches: make([]run.Batch, finalize.MostBatches)})
	if least := quota.MaxPayloadBytes - quota.MaxResultBytes - 5_000; len(state) < least {
		t.Errorf("the state has %d bytes, and the function plan accepts more than %d", len(state), least)
	}
	t.Logf("%d segments: %d bytes, and the batches %d, of %d", request.MaxSegments, len(state), len(batches), quota.MaxPayloadBytes)
	if len(state)+len(batches) > quota.MaxPayloadBytes {
		t.Errorf("the state has %d bytes and the batches %d, Step Functions carries %d", len(state), len(batches), quota.MaxPayloadBytes)
	}
}
