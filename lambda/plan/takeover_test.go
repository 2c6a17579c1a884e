package plan_test

import (
	"encoding/json"
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

// What an execution does if another execution has claimed its run. It depends on the state of that execution. Without a schedule
// this happens only if somebody moves a claim; the rule is the same.
func TestClaimOfAnotherExecution(t *testing.T) {
	table := testservers.Orders(t, 1)
	before, after := time.Now().Add(-17*time.Minute), time.Now().Add(-6*time.Minute) // an execution is quiet 16 minutes after its end
	const (
		takenOver = "taken over"
		duplicate = "a duplicate"
	)
	for _, test := range []struct {
		status    execution.Status
		stop      time.Time
		committed bool
		// What happens to a second delivery of a firing, and to an execution without a schedule: it takes the run over, it is a
		// duplicate, or it is refused with these words. The last string is in the duplicate's reason.
		firing, other, words string
	}{
		{execution.Running, time.Time{}, false, duplicate, "which has claimed it and is RUNNING: look there how it ends", "has claimed it and is RUNNING"},
		{"PENDING_REDRIVE", time.Time{}, false, duplicate, "has claimed it and is PENDING_REDRIVE", "has claimed it and is PENDING_REDRIVE"},
		{"A_NEW_ONE", time.Time{}, false, duplicate, "has claimed it and is A_NEW_ONE", "has claimed it and is A_NEW_ONE"},
		{execution.Succeeded, before, false, duplicate, "which has completed it", "has completed it"},
		{execution.Failed, before, false, takenOver, takenOver, ""},
		{execution.TimedOut, before, false, takenOver, takenOver, ""},
		{execution.Aborted, before, false, takenOver, takenOver, ""},
		{execution.Failed, after, false, "may still be at work: redrive that execution, or start this one again after " + after.Add(16*time.Minute).Format(time.RFC3339), "which is FAILED", ""},
		{execution.TimedOut, after, false, "which is TIMED_OUT", "start this one again after", ""},
		{execution.Aborted, after, false, "which is ABORTED", "start this one again after", ""},
		{execution.Unknown, time.Time{}, false, "which Step Functions does not know", "which Step Functions does not know", ""},
		{execution.Running, time.Time{}, true, duplicate, "which has completed it: choose another name", "has completed it"},
		{execution.Succeeded, before, true, duplicate, "which has completed it", "has completed it"},
		{execution.Failed, before, true, duplicate, "which has completed it", "has completed it"},
		{execution.Aborted, after, true, duplicate, "which has completed it", "has completed it"},
		{execution.Unknown, time.Time{}, true, duplicate, "which has completed it", "has completed it"},
	} {
		for _, schedule := range []string{"", "nightly"} {
			t.Run(fmt.Sprintf("%s, quiet %t, committed %t, schedule %q", test.status, test.stop.Equal(before), test.committed, schedule), func(t *testing.T) {
				t.Parallel()
				name := testservers.Bucket(t)
				fields, want := "", test.other
				if schedule != "" {
					fields, want = `, "schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"`, test.firing
				}
				request := fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 4%s}`, table, name, fields)
				first, err := planRun(t, "a", request)
				if err != nil {
					t.Fatal(err)
				}
				in := bucket.New(testservers.S3(), first.Plan)
				second := "b"
				if schedule == "" { // another execution has claimed a run of this name
					second = "a"
					first = reclaim(t, in, first.Plan, "arn:b")
				}
				if test.committed {
					if _, err := in.Put(t.Context(), first.Plan.Layout().ManifestSummary(), []byte("{}")); err != nil {
						t.Fatal(err)
					}
				}
				others := &executions.Memory{}
				if test.status != execution.Unknown {
					others.Set(first.Plan.ExecutionID, test.status, test.stop)
				}
				got, err := runAmong(t, others, second, request)
				held, fault := ledger.LoadClaim(t.Context(), in, first.Plan.Layout())
				if fault != nil {
					t.Fatal(fault)
				}
				switch want {
				case takenOver:
					want := first
					want.Plan.TakenOver, want.Plan.ExecutionID = []string{first.Plan.ExecutionID}, "arn:"+second
					if err != nil || show(t, got) != show(t, want) || held.ExecutionID != "arn:"+second || show(t, held.Output) != show(t, want) {
						t.Fatalf("got %s, %v\nwant %s\nthe claim is %+v", show(t, got), err, show(t, want), held)
					}
					if again, err := runAmong(t, others, second, request); err != nil || show(t, again) != show(t, got) {
						t.Errorf("done again it gives %s, %v", show(t, again), err)
					}
					return
				case duplicate:
					if err != nil || got.Duplicate == nil || got.Duplicate.Committed != test.committed || !strings.Contains(got.Duplicate.Reason, test.words) {
						t.Errorf("got %+v, %v", got.Duplicate, err)
					}
				default:
					if failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(fmt.Sprint(err), want) {
						t.Errorf("got %v, want %s with %q", err, failure.RunNameTaken, want)
					}
				}
				if held.ExecutionID != first.Plan.ExecutionID {
					t.Errorf("the run is %s's", held.ExecutionID)
				}
			})
		}
	}
}

// The same environment in two regions starts runs with the same requests and names. With the same bucket and prefix, the second one must not
// end as a duplicate of the first, which has another table's items.
func TestRunOfAnotherRegionIsNoDuplicate(t *testing.T) {
	t.Parallel()
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 4, "schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"}`,
		testservers.Orders(t, 1), testservers.Bucket(t))
	first, err := planRun(t, "a", request)
	if err != nil {
		t.Fatal(err)
	}
	in := bucket.New(testservers.S3(), first.Plan)
	claim, err := ledger.LoadClaim(t.Context(), in, first.Plan.Layout())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := claim
	elsewhere.Output.Plan.TableARN = strings.Replace(first.Plan.TableARN, "us-east-1", "eu-west-1", 1)
	if err := claim.Replace(t.Context(), elsewhere); err != nil {
		t.Fatal(err)
	}
	for _, committed := range []bool{false, true} {
		if committed {
			if _, err := in.Put(t.Context(), first.Plan.Layout().ManifestSummary(), []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}
		_, err = planRun(t, "b", request)
		for _, words := range []string{`is of the table "arn:aws:dynamodb:eu-west-1:`, "this one would be of arn:aws:dynamodb:us-east-1:", "a bucket or a prefix each"} {
			if failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(fmt.Sprint(err), words) {
				t.Errorf("committed %t: got %v, want %s", committed, err, words)
			}
		}
	}
}

// Two executions of a firing fail in turn, and each takes the run over from the other. The first one runs again, so Step Functions
// says that an earlier owner of the run is RUNNING: it is the first one itself.
func TestRunIsTakenBack(t *testing.T) {
	t.Parallel()
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 4, "schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"}`,
		testservers.Orders(t, 1), testservers.Bucket(t))
	long := time.Now().Add(-17 * time.Minute)
	others := &executions.Memory{}
	for round, name := range []string{"a", "b", "a", "b"} {
		others.Set("arn:"+name, execution.Running, time.Time{})
		got, err := runAmong(t, others, name, request)
		if err != nil || got.Plan.ExecutionID != "arn:"+name || len(got.Plan.TakenOver) != round {
			t.Fatalf("round %d: got %s, %v", round, show(t, got), err)
		}
		others.Set("arn:"+name, execution.Failed, long)
	}
}

// reclaim gives the run to another execution.
func reclaim(t *testing.T, in *bucket.Bucket, plan run.Plan, execution string) run.PlanOutput {
	t.Helper()
	held, err := ledger.LoadClaim(t.Context(), in, plan.Layout())
	if err != nil {
		t.Fatal(err)
	}
	held.ExecutionID, held.Output.Plan.ExecutionID = execution, execution
	if err := held.Replace(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	return held.Output
}

func show(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
