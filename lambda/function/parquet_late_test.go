package function_test

import (
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// One staged file is larger than what an invocation converts. Each invocation goes on in the middle of the file, and what it holds of a row group
// becomes an object before its time ends.
func TestConversionGoesOnInTheMiddleOfAFile(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", pageBytes: 5000, request: parquetRequest(table, bucket, `"segments": 1`)}
	first := e.firstPass(e.scanned())
	if files := testservers.Keys(t, bucket, first.Plan.Layout().DataPrefix()); len(files) != 1 {
		t.Fatalf("the first pass has staged %v", files)
	}
	out, err := e.columns(first.Plan)
	if err != nil {
		t.Fatal(err)
	}
	e.hurry = 5 * time.Minute
	n, err := e.convert(out.Plan, 0)
	if err != nil {
		t.Fatal(err)
	}
	result, err := e.finalize(out.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holdsRows(t, bucket, result, many)
	if n < 5 || result.Objects != int64(n) {
		t.Errorf("%d invocations made %d objects, and the clock of this test leaves time for a few pages each", n, result.Objects)
	}
}

// An invocation that was given up may continue at any time, as in a scan. It overwrites nothing, and the first one that reaches the end of the segment
// decides which rows count. After the commit it changes nothing that a reader sees, and it cannot read files that were removed.
func TestLateConversionOverwritesNothing(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", pageBytes: 5000, request: parquetRequest(table, bucket, `"segments": 1, "keepStaging": true`)}
	first := e.firstPass(e.scanned())
	out, err := e.columns(first.Plan)
	if err != nil {
		t.Fatal(err)
	}
	hurried := e
	hurried.hurry = 5 * time.Minute
	convert := func(e execution, from *run.Checkpoint) *run.Checkpoint {
		t.Helper()
		to, err := call[run.Checkpoint](e, contract.FunctionConvert, run.ConvertInput{Plan: out.Plan, Checkpoint: from})
		if err != nil {
			t.Fatal(err)
		}
		return &to
	}
	begun := convert(hurried, nil)
	goneOn := convert(hurried, begun)
	if begun.Done || goneOn.Done {
		t.Fatalf("got %+v and %+v, want neither done", begun, goneOn)
	}
	if first, second := convert(e, begun), convert(e, goneOn); !first.Done || !second.Done {
		t.Fatalf("got %+v and %+v, want both done", first, second)
	}
	result, err := e.finalize(out.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holdsRows(t, bucket, result, many)
	committed, data := contents(t, bucket), testservers.Keys(t, bucket, out.Plan.Layout().DataPrefix())
	convert(e, nil)
	convert(e, begun)
	if seen := testservers.Keys(t, bucket, out.Plan.Layout().DataPrefix()); !slices.Equal(seen, data) {
		t.Errorf("a reader sees %v, want %v", seen, data)
	}
	now := contents(t, bucket)
	for _, object := range committed {
		if !slices.Contains(now, object) {
			t.Errorf("%.100s… was changed", object)
		}
	}
	again, err := e.columns(first.Plan)
	if diff := cmp.Diff(out, again); err != nil || diff != "" {
		t.Errorf("columns answers after the commit with %v, (-first +again):\n%s", err, diff)
	}
	if !slices.Equal(contents(t, bucket), now) {
		t.Error("columns has changed the bucket")
	}
}
