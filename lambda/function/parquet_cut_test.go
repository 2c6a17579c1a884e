package function_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// The execution dies after each of its writes: S3 has carried out the write, and its answer is lost. Then the execution is redriven, or repeated
// from its beginning, or another one takes the run over. Each time the run ends with every item once, and with nothing of the first pass.
func TestParquetRunThatDiesAtAnyWriteIsContinued(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 60), testservers.Bucket(t)
	plain, err := execution{t: t, name: "plain", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)}.run()
	if err != nil {
		t.Fatal(err)
	}
	items := staged(t, plain)
	for _, way := range []string{"redriven", "repeated", "taken over"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			writes := 0
			for ended := false; !ended; writes++ {
				ended = diesAfter(t, table, items, way, writes+1)
			}
			if writes < 20 {
				t.Errorf("the run has %d writes, and has many more", writes)
			}
		})
	}
}

// diesAfter reports whether the run ended before it made so many writes.
func diesAfter(t *testing.T, table string, items []string, way string, writes int) (ended bool) {
	t.Helper()
	states, bucket := testservers.StartStepFunctions(t), testservers.Bucket(t)
	wire := &wire{cut: true, writes: writes}
	e := execution{t: t, name: "e-1", states: states, segmentBytes: 3000, objects: wire, request: parquetRequest(table, bucket, firing+`, "segments": 2, "keepStaging": false`)}
	m := machine{}
	switch err := m.drive(e); {
	case err == nil:
		ended = true
	case !errors.Is(err, errCut):
		wantName(t, err, failure.EndpointUnreachable)
	}
	failed := m.next
	e.objects = nil
	switch way {
	case "repeated":
		m = machine{}
	case "taken over":
		states.Set(e.id(), status.Failed, long())
		if ended {
			states.Set(e.id(), status.Succeeded, long())
		}
		e.name, m = "e-2", machine{}
	}
	before := e
	if err := m.drive(e); err != nil {
		t.Fatalf("after %d writes, in %s: %v", writes, failed, err)
	}
	if way == "taken over" && m.planned.Duplicate != nil { // the run was committed: its execution is redriven
		if !m.planned.Duplicate.Committed {
			t.Errorf("after %d writes, in %s: got %+v", writes, failed, m.planned.Duplicate)
		}
		before.name, m = "e-1", machine{}
		if err := m.drive(before); err != nil {
			t.Fatalf("after %d writes, in %s, the owner fails: %v", writes, failed, err)
		}
	}
	if got := rebuilt(t, m.result); !slices.Equal(got, items) || m.result.Items != 60 {
		t.Errorf("after %d writes, in %s: the run has %d rows, which are not the %d items of the table: %+v", writes, failed, len(got), len(items), m.result)
	}
	if open := testservers.Uploads(t, bucket, ""); len(open) > 0 {
		t.Errorf("after %d writes, in %s: %d uploads are left", writes, failed, len(open))
	}
	if left := testservers.Keys(t, bucket, m.result.Root+"/_staging/"); len(left) > 0 {
		t.Errorf("after %d writes, in %s: %v are left", writes, failed, left)
	}
	again := machine{}
	if err := again.drive(before); err != nil || !cmp.Equal(again.result, m.result) {
		t.Errorf("after %d writes, in %s: the run ends with %+v, and again with %+v, %v", writes, failed, m.result, again.result, err)
	}
	if t.Failed() {
		t.FailNow()
	}
	return ended
}
