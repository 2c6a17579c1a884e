package finalize

import (
	"context"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

func TestLargeRunIsCompletedInBatches(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2*leastOfSpan, 2)
	out, err := s.step(nil, 8).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	s.must(err)
	want := []run.Batch{{First: 0, Last: 3}, {First: 4, Last: 7}, {First: 8, Last: 11}, {First: 12, Last: 15}}
	if diff := cmp.Diff(want, out.Batches); diff != "" || len(s.visible()) > 0 {
		t.Errorf("%v is visible, batches (-want +got):\n%s", s.visible(), diff)
	}
	for i, batch := range want {
		out, err := s.step(nil, 8).Run(t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &batch})
		if s.must(err); !out.Done || out.Result.RunID != "" || len(s.visible()) != 8*(i+1) {
			t.Errorf("batch %d: got %+v, visible: %v", i, out, s.visible())
		}
	}
	client := s.wire(nil)
	out, err = s.step(client, 8).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	s.committed(out, err)
	if n := client.count(isComplete); n > 0 {
		t.Errorf("%d uploads were completed again", n)
	}
	// A late call of a batch finds the run committed.
	if out, err := s.step(nil, 8).Run(t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &want[0]}); err != nil || !out.Done {
		t.Errorf("got %+v, %v", out, err)
	}
}

// A segment has more uploads than one invocation completes.
func TestBatchIsCalledUntilItIsDone(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2, 7)
	var got []bool
	for len(got) < 3 {
		out, err := s.step(nil, 3).Run(t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &run.Batch{First: 1, Last: 1}})
		s.must(err)
		got = append(got, out.Done)
	}
	if diff := cmp.Diff([]bool{false, false, true}, got); diff != "" || len(s.visible()) != 7 {
		t.Errorf("%d objects are visible, done (-want +got):\n%s", len(s.visible()), diff)
	}
	out, err := s.execute(s.step(nil, 3))
	s.committed(out, err)
}

// late is a context whose deadline is so near that no completion may begin.
type late struct{ context.Context }

func (l late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Hour), true }

func TestBatchWithoutTimeFailsByName(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 1, 2)
	batch := run.FinalizeInput{Plan: s.plan, Batch: &run.Batch{First: 0, Last: 0}}
	_, err := s.step(nil, 0).Run(late{t.Context()}, batch)
	if failure.NameOf(err) != failure.NoProgress || failure.NameOf(err).Permanent() {
		t.Errorf("got %v", err)
	}
	contains(t, err, "no upload of the segments 0 to 0 was completed", "give the function finalize more time")
	s.must(s.complete(0, 0))
	s.must(s.complete(0, 1))
	if out, err := s.step(nil, 0).Run(late{t.Context()}, batch); err != nil || !out.Done { // nothing is left to do
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestBatchOfAnotherRunIsRefused(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2, 1)
	_, err := s.step(nil, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &run.Batch{First: 2, Last: 3}})
	if failure.NameOf(err) != failure.InvalidRequest {
		t.Errorf("got %v", err)
	}
	s.plan.ExecutionID = "another"
	_, err = s.step(nil, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &run.Batch{First: 0, Last: 1}})
	if failure.NameOf(err) != failure.RunNameTaken || len(s.visible()) > 0 {
		t.Errorf("got %v, %v", err, s.visible())
	}
}

func TestBatchesFitIntoAPayload(t *testing.T) {
	t.Parallel()
	c := &scanCommit{}
	for segment := range 10_000 { // each has many small objects, or few with many parts
		c.open = append(c.open, openSegment{segment, 9_999 * (segment % 2), 1 + 199_999*((segment+1)%2)})
	}
	got := c.batches(mostUploads)
	if len(got) > MostBatches || got[0].First != 0 || got[len(got)-1].Last != 9_999 {
		t.Errorf("got %d batches, from %d to %d", len(got), got[0].First, got[len(got)-1].Last)
	}
	for i := range got[1:] {
		if got[i+1].First != got[i].Last+1 {
			t.Errorf("%+v comes after %+v", got[i+1], got[i])
		}
	}
	c.open = []openSegment{{3, 6_000, 6_000}, {5, 4_000, 4_000}, {9, 1, 1}, {10, 20_000, 400_000}, {11, 1, 1}}
	if diff := cmp.Diff([]run.Batch{{First: 3, Last: 5}, {First: 9, Last: 9}, {First: 10, Last: 10}, {First: 11, Last: 11}}, c.batches(mostUploads)); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}
