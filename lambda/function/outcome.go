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

// outcome logs how an invocation ended. It does so once, where the invocation leaves the engine: other code either returns or logs
// an error, never both. Step Functions keeps an error with the execution, and this keeps it in the function's log.
//
// It logs which invocation failed and the error's message. It never logs a payload, which has values of keys.
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

// succeeded logs the beginning and the end of a run. A scan logs its own invocations, because its answer counts the segment so far.
func (o outcome) succeeded(ctx context.Context, out any) {
	switch out := out.(type) {
	case run.PlanOutput:
		if d := out.Duplicate; d != nil { // the run's own execution logs the run
			o.log.InfoContext(ctx, "left to another execution", "runId", d.RunID, "execution", d.ExecutionID, "committed", d.Committed)
			return
		}
		if out.Explained != nil { // there is no run
			o.log.InfoContext(ctx, "explained", "table", out.Plan.Table, "mode", out.Plan.Mode, "readUnits", out.Explained.Run.ReadUnits, "seconds", out.Explained.Run.Seconds)
			return
		}
		o.log.InfoContext(ctx, "planned", "runId", out.Plan.RunID, "table", out.Plan.Table, "mode", out.Plan.Mode,
			"segments", len(out.Segments), "concurrency", out.Concurrency, "committed", out.Committed)
		if !out.Committed {
			o.metrics.Planned(out.Plan)
		}
	case run.FinalizeOutput:
		r := out.Result
		if r.RunID == "" { // the run is not committed yet
			return
		}
		o.log.InfoContext(ctx, "run committed", "runId", r.RunID, "table", r.Table, "mode", r.Mode, "items", r.Items,
			"objects", r.Objects, "bytes", r.Bytes, "readUnits", r.ReadUnits, "billedBytes", r.BilledBytes,
			"took", r.EndTime.Sub(r.StartTime).String())
		o.metrics.Succeeded(r)
	}
}

// subjectOf returns names and values that identify an invocation, as far as the payload could be read.
func subjectOf(in any) []any {
	of := func(plan run.Plan) []any { return []any{"runId", plan.RunID, "table", plan.Table} }
	switch in := in.(type) {
	case run.PlanInput: // not even the table is known before the request is parsed
		return []any{"execution", printable(in.Execution.Name, maxName)}
	case run.ScanInput:
		invocation := 0
		if in.Checkpoint != nil {
			invocation = in.Checkpoint.Invocation
		}
		return append(of(in.Plan), "segment", in.Segment, "invocation", invocation)
	case run.ExportInput:
		return of(in.Plan)
	case run.ColumnsInput:
		return of(in.Plan)
	case run.CatalogInput:
		return of(in.Plan)
	case run.FinalizeInput:
		return of(in.Plan)
	default:
		return nil
	}
}

// maxName is how much of an unchecked name is shown. Names of executions have at most 80 characters.
const maxName = 80
