package function_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// An invocation that was given up may continue at any time, and cut its segment differently. It overwrites nothing. Before the
// commit, finalize sweeps what it leaves. After the commit, it changes nothing that a reader sees: its uploads stay open until the bucket's
// lifecycle rule aborts them, and no manifest names its lists. If it is the first to reach the segment's end, its end counts.
func TestLateTryOverwritesNothing(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", hurry: 5 * time.Minute, request: fmt.Sprintf(
		`{"table": %q, "bucket": %q, "segments": 1, "fileSizeBytes": 1024, "scan": {"Limit": 12}}`, table, bucket)}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	scan := func(e execution, from *run.Checkpoint) *run.Checkpoint {
		t.Helper()
		to, err := call[run.Checkpoint](e, contract.FunctionScan, run.ScanInput{Plan: planned.Plan, Checkpoint: from})
		if err != nil {
			t.Fatal(err)
		}
		return &to
	}
	unhurried := e
	unhurried.hurry = 0
	begun := scan(e, nil)
	goneOn := scan(e, begun)
	if begun.Done || goneOn.Done {
		t.Fatalf("got %+v and %+v, want neither done", begun, goneOn)
	}
	first := scan(unhurried, begun) // reaches the end before the try that others continued
	second := scan(unhurried, goneOn)
	if !first.Done || !second.Done || second.Try != "" {
		t.Fatalf("got %+v and %+v, want both done", first, second)
	}
	result, err := e.finalize(planned.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	if lists := testservers.Keys(t, bucket, planned.Plan.Layout().SegmentLists()); len(lists) != 2 {
		t.Errorf("%v are left, want the two of the chain to the first end", lists)
	}

	committed, data := contents(t, bucket), testservers.Keys(t, bucket, planned.Plan.Layout().DataPrefix())
	scan(e, nil)
	scan(unhurried, nil)
	scan(unhurried, begun)
	now := contents(t, bucket)
	if seen := testservers.Keys(t, bucket, planned.Plan.Layout().DataPrefix()); !slices.Equal(seen, data) {
		t.Errorf("a reader sees %v, want %v", seen, data)
	}
	open := testservers.Uploads(t, bucket, "")
	for _, upload := range open {
		if !strings.HasPrefix(*upload.Key, planned.Plan.Layout().DataOf(0)) {
			t.Errorf("%s has an open upload", *upload.Key)
		}
	}
	if len(open) == 0 {
		t.Error("no upload of a late invocation is open")
	}
	for _, object := range committed {
		if !slices.Contains(now, object) {
			t.Errorf("%.100s… was changed", object)
		}
	}
	if len(now) <= len(committed) {
		t.Error("the late invocations have written nothing")
	}
	again, err := e.finalize(planned.Plan)
	if diff := cmp.Diff(result, again); err != nil || diff != "" {
		t.Errorf("%v, (-first +again):\n%s", err, diff)
	}
}
