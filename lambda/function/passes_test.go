package function_test

import (
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
)

// end finalizes the pass of a plan.
func (e execution) end(planned run.PlanOutput) (run.FinalizeOutput, error) {
	return call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: planned.Export})
}

// commit finalizes a run whose segments are scanned, and plays the second pass of a run that makes Parquet files.
func (e execution) commit(planned run.PlanOutput) (run.Result, error) {
	out, err := e.end(planned)
	if err == nil && out.Convert {
		return e.secondPass(planned.Plan)
	}
	return out.Result, err
}

// secondPass plays the second pass of a run whose first pass is committed.
func (e execution) secondPass(first run.Plan) (run.Result, error) {
	second, err := e.converted(first)
	if err != nil {
		return run.Result{}, err
	}
	return e.finalize(second.Plan)
}

// converted decides the columns and converts every segment, so that only finalize is left.
func (e execution) converted(plan run.Plan) (out run.ColumnsOutput, err error) {
	out.Plan = plan
	for !out.Plan.SecondPass() { // a native export is first read to learn its schema
		if out, err = e.columns(out.Plan); err != nil {
			return out, err
		}
		for _, segment := range out.Segments {
			if _, err := e.convert(out.Plan, segment); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

func (e execution) columns(plan run.Plan) (run.ColumnsOutput, error) {
	return call[run.ColumnsOutput](e, contract.FunctionColumns, run.ColumnsInput{Plan: plan})
}

// convert converts one segment to its end, and returns the number of invocations.
func (e execution) convert(plan run.Plan, segment int) (int, error) {
	in := run.ConvertInput{Plan: plan, Segment: segment}
	for n := 1; ; n++ {
		if e.beforeConvert != nil && !e.beforeConvert(in) {
			return n, errCrashed
		}
		checkpoint, err := call[run.Checkpoint](e, contract.FunctionConvert, in)
		if err != nil || checkpoint.Done {
			return n, err
		}
		in.Checkpoint = &checkpoint
	}
}

// A machine is an execution of a run of Parquet files. It keeps its state, so that it can be redriven.
type machine struct {
	next    string // the state that comes next or has failed; "" at the end
	planned run.PlanOutput
	result  run.Result
}

// drive goes on until the execution ends or fails.
func (m *machine) drive(e execution) error {
	if m.next == "" {
		m.next = "Plan"
	}
	for m.next != "End" {
		next, err := m.step(e)
		if err != nil {
			return err
		}
		m.next = next
	}
	return nil
}

func (m *machine) step(e execution) (next string, err error) {
	switch m.next {
	case "Plan":
		m.planned, err = e.plan()
		switch {
		case m.planned.Duplicate != nil:
			return "End", err
		case m.planned.Committed:
			return "Finalize", err
		}
		return "ScanSegments", err
	case "ScanSegments":
		return "Finalize", e.scanAll(m.planned)
	case "Columns":
		out, err := e.columns(m.planned.Plan)
		if err == nil {
			m.planned.Plan, m.planned.Segments = out.Plan, out.Segments
		}
		return "ConvertSegments", err
	case "ConvertSegments":
		for _, segment := range m.planned.Segments {
			if _, err := e.convert(m.planned.Plan, segment); err != nil {
				return "", err
			}
		}
		return "Finalize", nil
	default:
		out, err := e.end(m.planned)
		if m.result = out.Result; out.Convert {
			return "Columns", err
		}
		return "End", err
	}
}
