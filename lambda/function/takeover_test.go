package function_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
)

// long is the end of an execution so long ago that its functions have ended too.
func long() time.Time { return time.Now().Add(-time.Hour) }

// died returns an execution of a firing that was stopped in the third of four segments. It scanned in small steps, so it leaves
// more lists and objects than another execution needs.
func died(t *testing.T, states *testservers.StepFunctions, request string) (execution, run.PlanOutput) {
	t.Helper()
	e := execution{t: t, name: "e-1", request: request, states: states, hurry: 5 * time.Minute, beforeScan: func(in run.ScanInput) bool {
		return in.Segment < 2 || in.Segment == 2 && (in.Checkpoint == nil || in.Checkpoint.Invocation < 3)
	}}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.scanAll(planned); !errors.Is(err, errCrashed) {
		t.Fatalf("got %v", err)
	}
	return e, planned
}

func smallSteps(table, bucket string) string {
	return fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 4, "fileSizeBytes": 1250, "scan": {"Limit": 12}, %s}`, table, bucket, firing)
}

// Another execution takes over a run that died. It does not read again what the first has done, not even in a segment that the first has
// begun. It reads the rest, and every item is there once.
func TestRunOfAFailedExecutionIsTakenOver(t *testing.T) {
	t.Parallel()
	states := testservers.StartStepFunctions(t)
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	first, planned := died(t, states, smallSteps(table, bucket))
	layout := planned.Plan.Layout()
	second := execution{t: t, name: "e-2", request: first.request, states: states}

	states.Set(first.id(), status.Running, time.Time{})
	again, err := second.plan()
	wantDuplicate(t, again, err, first, false)
	states.Set(first.id(), status.Aborted, time.Now().Add(-15*time.Minute))
	_, err = second.plan()
	wantName(t, err, failure.RunNameTaken, first.id()+", which is ABORTED, but functions that it called may still be at work: redrive that execution, or start this one again after")

	states.Set(first.id(), status.Aborted, long())
	done := testservers.Keys(t, bucket, layout.SegmentLists())
	var before []string
	for _, key := range done {
		before = append(before, get(t, bucket, key))
	}
	begun := testservers.Keys(t, bucket, layout.SegmentListsOf(2))
	invocations := map[int]int{}
	second.beforeScan = func(in run.ScanInput) bool {
		invocations[in.Segment]++
		return true
	}
	result, err := second.run()
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	if result.RunID != firingRunID || !result.StartTime.Equal(planned.Plan.StartTime) {
		t.Errorf("the result is %+v, of the run that began at %s", result, planned.Plan.StartTime)
	}
	for i, key := range done {
		if now := strings.Replace(get(t, bucket, key), `"takeovers":1,`, "", 1); now != before[i] {
			t.Errorf("%s was written again with other content", key)
		}
	}
	if left := testservers.Keys(t, bucket, layout.SegmentListsOf(2)); len(begun) != 3 || !slices.Equal(left, append(begun, layout.SegmentEnd(2))) {
		t.Errorf("the lists are %v, want %v and the end by the second execution", left, begun)
	}

	t.Run("and the first, redriven, leaves it alone", func(t *testing.T) {
		after := contents(t, bucket)
		first := first
		first.beforeScan = nil
		_, err := first.scan(planned.Plan, 2)
		wantName(t, err, failure.RunNameTaken, "execution "+second.id()+" has taken over the run", "if that execution failed too, redrive it")
		told, err := first.finalize(planned.Plan)
		if err != nil || told.Manifest != result.Manifest {
			t.Errorf("it does not return the result: %+v, %v", told, err)
		}
		if now := contents(t, bucket); !slices.Equal(now, after) {
			t.Error("the bucket has changed")
		}
	})
	t.Run("and after the commit nobody takes it over", func(t *testing.T) {
		states.Set(second.id(), status.Failed, long())
		again, err := execution{t: t, name: "e-3", request: first.request, states: states}.plan()
		wantDuplicate(t, again, err, second, true)
	})
}

// A first execution that is redriven after it lost its run commits nothing.
func TestRunThatWasTakenOverIsNotCommittedByTheFirst(t *testing.T) {
	t.Parallel()
	states := testservers.StartStepFunctions(t)
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	first := execution{t: t, name: "e-1", request: smallSteps(table, bucket), states: states}
	planned, err := first.plan()
	if err == nil {
		err = first.scanAll(planned)
	}
	if err != nil {
		t.Fatal(err)
	}
	states.Set(first.id(), status.Failed, long())
	second := execution{t: t, name: "e-2", request: first.request, states: states}
	taken, err := second.plan()
	if err != nil {
		t.Fatal(err)
	}
	_, err = first.finalize(planned.Plan)
	wantName(t, err, failure.RunNameTaken, "execution "+second.id()+" has taken over the run")
	if keys := testservers.Keys(t, bucket, planned.Plan.Root+"/manifest"); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}

	testservers.Abort(t, bucket, testservers.Uploads(t, bucket, planned.Plan.Layout().DataOf(1))[0]) // so that this segment is no longer complete
	put(t, bucket, planned.Plan.Layout().SegmentEnd(2), "{")                                         // nor this one
	if err := second.scanAll(taken); err != nil {
		t.Fatal(err)
	}
	result, err := second.finalize(taken.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
}

// Many executions take over a run at the same time: one owns it.
func TestRunIsTakenOverOnce(t *testing.T) {
	t.Parallel()
	states := testservers.StartStepFunctions(t)
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	first, _ := died(t, states, smallSteps(table, bucket))
	states.Set(first.id(), status.Failed, long())
	many := make([]execution, 8)
	for i := range many {
		many[i] = execution{t: t, name: fmt.Sprint("taker-", i), request: first.request, states: states}
		states.Set(many[i].id(), status.Running, time.Time{})
	}
	wantOneOwner(t, many)
}

// redriven redrives an execution right after it answered the first question about it.
type redriven struct {
	*testservers.StepFunctions
	execution string
	once      sync.Once
}

func (r *redriven) Describe(ctx context.Context, arn string) (status.State, error) {
	state, err := r.StepFunctions.Describe(ctx, arn)
	r.once.Do(func() { r.Set(r.execution, status.Running, time.Time{}) })
	return state, err
}

// An execution is redriven at the very moment when its run is taken over, and may have begun to write. The other execution steps
// back.
func TestRunIsNotTakenOverFromARedrivenExecution(t *testing.T) {
	t.Parallel()
	states := testservers.StartStepFunctions(t)
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	first, _ := died(t, states, smallSteps(table, bucket))
	states.Set(first.id(), status.Failed, long())
	second := execution{t: t, name: "e-2", request: first.request, states: &redriven{StepFunctions: states, execution: first.id()}}
	for range 2 { // also when the plan function is retried
		_, err := second.plan()
		wantName(t, err, failure.RunNameTaken, "was taken over from execution "+first.id()+", which was redriven at the same moment and is RUNNING")
	}
	states.Set(first.id(), status.Failed, long())
	states.Set(second.id(), status.Failed, long())
	result, err := execution{t: t, name: "e-3", request: first.request, states: states}.run()
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
}

func TestTakeoverNeedsToAsk(t *testing.T) {
	t.Parallel()
	states := testservers.StartStepFunctions(t)
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, firing)
	if _, err := (execution{t: t, name: "e-1", request: request}).plan(); err != nil {
		t.Fatal(err)
	}
	second := execution{t: t, name: "e-2", request: request, states: states}
	_, err := second.plan()
	wantName(t, err, failure.RunNameTaken, "which Step Functions does not know")
	states.Deny("User: plan is not authorized")
	_, err = second.plan()
	wantName(t, err, failure.AccessDenied, "states:DescribeExecution on "+(execution{name: "e-1"}).id()+" is not allowed")
}

// A takeover of exports continues like a redrive: with exports that were begun, and with exports that were committed.
func TestExportsOfAFailedExecutionAreTakenOver(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		died func(t *testing.T, e execution, planned run.PlanOutput)
	}{
		{"before it has started any", func(*testing.T, execution, run.PlanOutput) {}},
		{"while its export was in progress", func(t *testing.T, e execution, planned run.PlanOutput) {
			if _, err := call[run.ExportProgress](e, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export}); err != nil {
				t.Fatal(err)
			}
		}},
		{"after its export was committed, and before its result", func(t *testing.T, e execution, planned run.PlanOutput) {
			progress, err := e.export(planned)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: progress}); err != nil {
				t.Fatal(err)
			}
			remove(t, planned.Plan.Bucket, planned.Plan.Layout().Result())
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			states, tables := testservers.StartStepFunctions(t), startExports(t, exports.Options{Checks: 1})
			table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
			request := fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT", %s}`, table, bucket, firing)
			first := execution{t: t, name: "e-1", request: request, tables: tables, start: tables.Now(), states: states}
			planned, err := first.plan()
			if err != nil {
				t.Fatal(err)
			}
			test.died(t, first, planned)
			states.Set(first.id(), status.TimedOut, long())
			second := execution{t: t, name: "e-2", request: request, tables: tables, start: tables.Now(), states: states}
			result, err := second.runExport()
			if err != nil || len(result.Exports) != 1 || result.RunID != firingRunID {
				t.Fatalf("%+v, %v", result, err)
			}
			if n := len(tables.Exports()); n != 1 {
				t.Errorf("%d exports were made", n)
			}
		})
	}
}

// Nothing is written after the claim was removed.
func TestScanWithoutAClaimIsRefused(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	remove(t, bucket, planned.Plan.Layout().Claim())
	_, err = e.scan(planned.Plan, 0)
	wantName(t, err, failure.RunNameTaken, "the claim of the run", "is gone")
	if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}
