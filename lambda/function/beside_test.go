package function_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// A late invocation reaches the segment's end while finalize commits the run. One of the two stops before each of its requests, and the other
// one does everything. The committed end stays, and a reader sees what the manifest names. Uploads of the late invocation may stay open.
func TestLateEndBesideFinalize(t *testing.T) {
	t.Parallel()
	const items = 150
	table := testservers.Orders(t, items)
	// prepare returns a run that is scanned, in two invocations, and its late invocation.
	prepare := func(t *testing.T) (e execution, p run.Plan, late func(objects *wire)) {
		t.Helper()
		e = execution{t: t, name: "run-1", request: fmt.Sprintf(
			`{"table": %q, "bucket": %q, "fileSizeBytes": 10000, "scan": {"Limit": 50}}`, table, testservers.Bucket(t))}
		planned, err := e.plan()
		if err != nil {
			t.Fatal(err)
		}
		slow := e
		slow.hurry = 8 * time.Minute
		begun, err := call[run.Checkpoint](slow, contract.FunctionScan, run.ScanInput{Plan: planned.Plan})
		if err != nil || begun.Done {
			t.Fatalf("%+v, %v", begun, err)
		}
		if end, err := call[run.Checkpoint](e, contract.FunctionScan, run.ScanInput{Plan: planned.Plan, Checkpoint: &begun}); err != nil || !end.Done {
			t.Fatalf("%+v, %v", end, err)
		}
		return e, planned.Plan, func(objects *wire) {
			late := e
			late.objects = objects
			// It fails if finalize has aborted one of its uploads.
			if end, err := call[run.Checkpoint](late, contract.FunctionScan, run.ScanInput{Plan: planned.Plan}); err == nil && !end.Done {
				t.Errorf("the late invocation ended at %+v", end)
			}
		}
	}
	holds := func(t *testing.T, p run.Plan, result run.Result, lists []string) {
		t.Helper()
		for _, upload := range testservers.Uploads(t, p.Bucket, "") { // of the late invocation
			testservers.Abort(t, p.Bucket, upload)
		}
		holdsItems(t, p.Bucket, result, items)
		if now := listsOf(t, p); !slices.Equal(now, lists) {
			t.Errorf("the lists are\n%v\nwant\n%v", now, lists)
		}
	}
	requests := func(t *testing.T, of func(t *testing.T, all *wire)) int {
		t.Helper()
		all := new(wire)
		of(t, all)
		t.Log(all.sent)
		return len(all.sent)
	}

	for n := range requests(t, func(t *testing.T, all *wire) { _, _, late := prepare(t); late(all) }) {
		t.Run(fmt.Sprint("finalize before request ", n, " of the late invocation"), func(t *testing.T) {
			t.Parallel()
			e, p, late := prepare(t)
			lists := listsOf(t, p)
			var result run.Result
			var err error
			late(&wire{before: func(at int) {
				if at == n {
					result, err = e.finalize(p)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			holds(t, p, result, lists)
		})
	}
	for n := range requests(t, func(t *testing.T, all *wire) {
		e, p, _ := prepare(t)
		e.objects = all
		if _, err := e.finalize(p); err != nil {
			t.Fatal(err)
		}
	}) {
		t.Run(fmt.Sprint("the late invocation before request ", n, " of finalize"), func(t *testing.T) {
			t.Parallel()
			e, p, late := prepare(t)
			lists := listsOf(t, p)
			finalize := e
			finalize.objects = &wire{before: func(at int) {
				if at == n {
					late(new(wire))
				}
			}}
			result, err := finalize.finalize(p)
			if err != nil {
				t.Fatal(err)
			}
			holds(t, p, result, lists)
		})
	}
}

// listsOf returns the contents of the lists of a run's only segment.
func listsOf(t *testing.T, p run.Plan) (all []string) {
	t.Helper()
	for _, key := range testservers.Keys(t, p.Bucket, p.Layout().SegmentLists()) {
		all = append(all, key+" "+get(t, p.Bucket, key))
	}
	return all
}
