package function

import (
	"context"
	"log/slog"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// outcome tells what an invocation has come to: once, and here, where it leaves the engine. Below, an error is returned or
// logged, never both; Step Functions keeps an error with the execution, and this keeps it in the logs of the function.
//
// It tells who failed and why, in the words of the error, and never what is in a payload: that has key values.
type outcome struct {
	log      *slog.Logger
	metrics  *metric.Writer
	function contract.Function
}

func (o outcome) failed(ctx context.Context, in any, err messages.InvokeResponse_Error) {
	subject := append([]any{"function", o.function}, subjectOf(in)...)
	o.log.ErrorContext(ctx, "failed", append(subject, "error", err.Type, "cause", err.Message)...)
	properties := map[string]any{}
	for i := 0; i < len(subject); i += 2 {
		properties[subject[i].(string)] = subject[i+1]
	}
	o.metrics.Failed(failure.Name(err.Type), properties)
}

// succeeded tells of the ends of a run. What a scan has done it tells by itself, for its answer is of the segment so far.
func (o outcome) succeeded(ctx context.Context, out any) {
	switch out := out.(type) {
	case run.PlanOutput:
		if d := out.Duplicate; d != nil { // of this run its own execution tells
			o.log.InfoContext(ctx, "left to another execution", "runId", d.RunID, "execution", d.ExecutionID, "committed", d.Committed)
			return
		}
		o.log.InfoContext(ctx, "planned", "runId", out.Plan.RunID, "table", out.Plan.Table, "mode", out.Plan.Mode,
			"segments", len(out.Segments), "concurrency", out.Concurrency, "committed", out.Committed)
		if !out.Committed {
			o.metrics.Planned(out.Plan)
		}
	case run.FinalizeOutput:
		if out.More {
			return
		}
		r := out.Result
		o.log.InfoContext(ctx, "run committed", "runId", r.RunID, "table", r.Table, "mode", r.Mode, "items", r.Items,
			"objects", r.Objects, "bytes", r.Bytes, "readUnits", r.ReadUnits, "billedBytes", r.BilledBytes,
			"took", r.EndTime.Sub(r.StartTime).String())
		o.metrics.Succeeded(r)
	}
}

// subjectOf says what an invocation was about, in names and values: as far as the payload could be read.
func subjectOf(in any) []any {
	of := func(plan run.Plan) []any { return []any{"runId", plan.RunID, "table", plan.Table} }
	switch in := in.(type) {
	case run.PlanInput: // of which not even the table is known before it is parsed
		return []any{"execution", printable(in.Execution.Name, maxName)}
	case run.ScanInput:
		invocation := 0
		if in.Checkpoint != nil {
			invocation = in.Checkpoint.Invocation
		}
		return append(of(in.Plan), "segment", in.Segment, "invocation", invocation)
	case run.ExportInput:
		return of(in.Plan)
	case run.FinalizeInput:
		return of(in.Plan)
	default:
		return nil
	}
}

// maxName is how much of a name is shown that has not been checked; Step Functions gives executions names of at most 80 characters.
const maxName = 80
