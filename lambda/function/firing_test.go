package function_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"golang.org/x/sync/errgroup"
)

const (
	firing      = `"schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"`
	firingRunID = "nightly-20261121T020000Z"
)

func wantDuplicate(t *testing.T, planned run.PlanOutput, err error, of execution, committed bool) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	d := planned.Duplicate
	if d == nil || d.RunID != firingRunID || d.ExecutionID != of.id() || d.Committed != committed || len(planned.Segments) > 0 {
		t.Fatalf("got %+v with the duplicate %+v", planned, d)
	}
	words := "execution " + of.id() + " has claimed it"
	if committed {
		words = "execution " + of.id() + " has completed it"
	}
	if !strings.Contains(d.Reason, words) {
		t.Errorf("no %q in: %s", words, d.Reason)
	}
}

// EventBridge Scheduler delivers a firing at least once, each time to an execution with another name.
func TestFiringThatIsDeliveredTwiceMakesOneRun(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake/{date}/{runId}", "segments": 2, %s}`, table, bucket, firing)
	first := execution{t: t, name: "e-1", request: request}
	second := execution{t: t, name: "e-2", request: request}

	planned, err := first.plan()
	if err != nil || planned.Duplicate != nil {
		t.Fatalf("%+v, %v", planned, err)
	}
	if want := "lake/2026-11-21/" + firingRunID + "/AWSDynamoDB/" + firingRunID; planned.Plan.RunID != firingRunID || planned.Plan.Root != want {
		t.Errorf("the run is %q at %s, want it at %s", planned.Plan.RunID, planned.Plan.Root, want)
	}
	before := contents(t, bucket)
	again, err := second.plan()
	wantDuplicate(t, again, err, first, false)
	if now := contents(t, bucket); !slices.Equal(now, before) {
		t.Errorf("the second has written: %v", now)
	}

	result, err := first.run() // like a redrive
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	if result.RunID != firingRunID {
		t.Errorf("the result is for %q", result.RunID)
	}
	again, err = second.plan()
	wantDuplicate(t, again, err, first, true)
	if after, err := first.run(); err != nil || after.Manifest != result.Manifest {
		t.Errorf("the first does not return its result again: %+v, %v", after, err)
	}

	t.Run("but another request is refused", func(t *testing.T) {
		other := strings.Replace(request, `"segments": 2`, `"segments": 3`, 1)
		_, err := execution{t: t, name: "e-3", request: other}.plan()
		wantName(t, err, failure.RunNameTaken, `the run "`+firingRunID+`" at s3://`+bucket, "was begun by execution "+first.id()+" with another request")
		_, err = execution{t: t, name: "e-1", request: other}.plan()
		wantName(t, err, failure.RunNameTaken, "was begun with another request")
	})
	t.Run("and the next firing is another run", func(t *testing.T) {
		next := execution{t: t, name: "e-4", request: strings.Replace(request, "11-21T02", "11-22T02", 1)}
		result, err := next.run()
		if err != nil || result.RunID != "nightly-20261122T020000Z" {
			t.Fatalf("%+v, %v", result, err)
		}
		holds(t, bucket, result)
	})
	t.Run("and an execution by hand with the same time is one too", func(t *testing.T) {
		byHand := execution{t: t, name: "e-5", request: strings.Replace(request, `"schedule": "nightly", `, "", 1)}
		if result, err := byHand.run(); err != nil || result.RunID != "e-5" {
			t.Fatalf("%+v, %v", result, err)
		}
	})
}

func TestFiringThatIsDeliveredTwiceAtOnce(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	many := make([]execution, 8)
	for i := range many {
		many[i] = execution{t: t, name: fmt.Sprint("e-", i), request: fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, firing)}
	}
	wantOneOwner(t, many)
}

// wantOneOwner plans all executions at the same time. One owns the run, and the others leave it to that one.
func wantOneOwner(t *testing.T, many []execution) {
	t.Helper()
	outputs := make([]run.PlanOutput, len(many))
	var group errgroup.Group
	for i, e := range many {
		group.Go(func() (err error) {
			outputs[i], err = e.plan()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	owner := slices.IndexFunc(outputs, func(o run.PlanOutput) bool { return o.Duplicate == nil })
	if owner < 0 {
		t.Fatal("no execution owns it")
	}
	for i, output := range outputs {
		if i != owner {
			wantDuplicate(t, output, nil, many[owner], false)
		}
	}
}

func TestFiringOfAnExportThatIsDeliveredTwice(t *testing.T) {
	t.Parallel()
	tables := startExports(t, exports.Options{Checks: 1})
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT", %s}`, table, bucket, firing)
	first := execution{t: t, name: "e-1", request: request, tables: tables, start: tables.Now()}
	second := execution{t: t, name: "e-2", request: request, tables: tables, start: tables.Now()}
	if _, err := first.plan(); err != nil {
		t.Fatal(err)
	}
	again, err := second.plan()
	wantDuplicate(t, again, err, first, false)
	result, err := first.runExport()
	if err != nil || result.RunID != firingRunID || len(result.Exports) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	again, err = second.plan()
	wantDuplicate(t, again, err, first, true)
	if n := len(tables.Exports()); n != 1 {
		t.Errorf("%d exports were made", n)
	}
}
