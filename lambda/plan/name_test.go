package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// Step Functions allows a name again 90 days after its execution has ended. The later execution has the ARN of the earlier one and began at
// another time. It gets neither the run of the earlier one nor its result.
func TestNameThatIsUsedAgainIsRefused(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 1)
	const firing = `, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"`
	first := time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)
	for _, test := range []struct {
		name, fields string
		commit       func(run.Layout) string // the object that commits the run; nil if it is not committed
		later        time.Duration
		refusal      string // "" for a duplicate
	}{
		{"of a run that failed", "", nil, 91 * 24 * time.Hour, "is of an earlier execution with the same name: that one began at 2026-01-31T06:07:08Z, and this one at 2026-05-02T06:07:08Z. Choose another name"},
		{"of a run that is committed", "", run.Layout.ManifestSummary, 400 * 24 * time.Hour, "Choose another name for the execution, or another prefix"},
		{"of an export that is committed", `, "mode": "EXPORT"`, run.Layout.Result, 91 * 24 * time.Hour, "is of an earlier execution with the same name"},
		{"a millisecond later", "", run.Layout.ManifestSummary, time.Millisecond, "that one began at 2026-01-31T06:07:08Z, and this one at 2026-01-31T06:07:08.001Z"},
		{"before", "", nil, -time.Hour, "is of an earlier execution with the same name"},
		{"with another request", `, "segments": 3`, nil, time.Hour, "is of an earlier execution with the same name"},
		{"of a firing that failed", firing, nil, time.Hour, "which Step Functions does not know or no longer knows"},
		{"of a firing that is committed", firing, run.Layout.ManifestSummary, time.Hour, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name := testservers.Bucket(t)
			request := fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, name, test.fields)
			others := &executions.Memory{}
			claimed, err := runFrom(t, first, others, "a", strings.Replace(request, `, "segments": 3`, "", 1))
			if err != nil {
				t.Fatal(err)
			}
			in := bucket.New(testservers.S3(), claimed.Plan)
			if test.commit != nil {
				if _, err := in.Put(t.Context(), test.commit(claimed.Plan.Layout()), []byte("{}")); err != nil {
					t.Fatal(err)
				}
			}
			others.Set("arn:a", execution.Running, time.Time{})
			others.SetStart("arn:a", first.Add(test.later))
			got, err := runFrom(t, first.Add(test.later), others, "a", request)
			if test.refusal == "" {
				if err != nil || got.Duplicate == nil || !got.Duplicate.Committed {
					t.Errorf("got %s, %v, want a duplicate", show(t, got), err)
				}
			} else if err == nil || failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), test.refusal) {
				t.Errorf("got %s, %v, want %s", show(t, got), err, test.refusal)
			}
			again, err := runFrom(t, first, others, "a", strings.Replace(request, `, "segments": 3`, "", 1)) // the earlier one, redriven
			if err != nil || again.Duplicate != nil || again.Committed != (test.commit != nil) || show(t, again.Plan) != show(t, claimed.Plan) {
				t.Errorf("the earlier execution gets %s, %v", show(t, again), err)
			}
		})
	}
}

// The execution that claimed a run can be forgotten, and another one can have its name by now. What that one does says nothing about the run.
func TestRunIsNotJudgedByALaterExecutionOfTheSameName(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 1)
	first := time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)
	for _, status := range []execution.Status{execution.Running, execution.Succeeded, execution.Failed} {
		for _, test := range []struct {
			start time.Time
			known bool
		}{
			{first, true},
			{first.Add(time.Second), true}, // rounded
			{time.Time{}, true},            // Step Functions does not say
			{first.Add(91 * 24 * time.Hour), false},
		} {
			request := fmt.Sprintf(`{"table": %q, "bucket": %q, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"}`, table, testservers.Bucket(t))
			others := &executions.Memory{}
			if _, err := runFrom(t, first, others, "a", request); err != nil {
				t.Fatal(err)
			}
			stop := time.Now().Add(-time.Hour)
			if status == execution.Running {
				stop = time.Time{}
			}
			others.Set("arn:a", status, stop)
			others.SetStart("arn:a", test.start)
			got, err := runFrom(t, first.Add(time.Hour), others, "b", request)
			known := err == nil && (got.Duplicate != nil) == (status != execution.Failed)
			if known != test.known || !test.known && !strings.Contains(err.Error(), "does not know or no longer knows") {
				t.Errorf("%s since %s: got %s, %v", status, test.start, show(t, got), err)
			}
		}
	}
}

// A repeat continues the run of an index, unless the index has another definition by now.
func TestRunOfAnIndexContinuesWithTheSameIndex(t *testing.T) {
	t.Parallel()
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "scan": {"IndexName": "by-day"}}`, tableWithIndexes(t), testservers.Bucket(t))
	first, err := planRun(t, "a", request)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := planRun(t, "a", request); err != nil || show(t, again) != show(t, first) {
		t.Errorf("got %s, %v", show(t, again), err)
	}
	claim, err := ledger.LoadClaim(t.Context(), bucket.New(testservers.S3(), first.Plan), first.Plan.Layout())
	if err != nil {
		t.Fatal(err)
	}
	claim.Output.Plan.Scan.Index = "another"
	if err := claim.Replace(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	if again, err := planRun(t, "a", request); failure.NameOf(err) != failure.TableReplaced {
		t.Errorf("got %s, %v", show(t, again), err)
	}
}

// An execution that took a run over began at another time than the run. A redrive of it continues the run.
func TestTakerContinuesWithItsOwnStart(t *testing.T) {
	t.Parallel()
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "schedule": "nightly", "scheduledTime": "2026-01-31T06:00:00Z"}`, testservers.Orders(t, 1), testservers.Bucket(t))
	start := time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)
	others := &executions.Memory{}
	if _, err := runFrom(t, start, others, "a", request); err != nil {
		t.Fatal(err)
	}
	others.Set("arn:a", execution.Failed, time.Now().Add(-time.Hour))
	later := start.Add(time.Hour)
	taken, err := runFrom(t, later, others, "b", request)
	if err != nil || !taken.Plan.StartTime.Equal(start) {
		t.Fatalf("got %s, %v", show(t, taken), err)
	}
	again, err := runFrom(t, later, others, "b", request)
	if err != nil || show(t, again) != show(t, taken) {
		t.Errorf("got %s, %v", show(t, again), err)
	}
	held, err := ledger.LoadClaim(t.Context(), bucket.New(testservers.S3(), taken.Plan), taken.Plan.Layout())
	if err != nil || held.ExecutionID != "arn:b" || !held.StartTime.Equal(later) {
		t.Errorf("the claim is %+v, %v", held, err)
	}
}
