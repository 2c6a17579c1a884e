package abandoned_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/abandoned"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Whatever a run has left goes, and nothing else: not what others have put into its folder, and no other run.
func TestRemoveRemovesWhatTheRunHasLeft(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields string
		leave  func(*account, run.PlanOutput) run.Plan
	}{
		"before its first list": {`, "segments": 2`, func(_ *account, planned run.PlanOutput) run.Plan { return planned.Plan }},
		"a scan": {`, "segments": 3, "fileSizeBytes": 5000`, func(a *account, planned run.PlanOutput) run.Plan {
			a.scan(contract.FunctionScan, planned.Plan, planned.Segments[:2])
			return planned.Plan
		}},
		"a scan whose finalize died": {`, "segments": 3, "fileSizeBytes": 5000`, func(a *account, planned run.PlanOutput) run.Plan {
			a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
			a.complete(planned.Plan.Layout().DataPrefix())
			return planned.Plan
		}},
		"a scan with a pace": {`, "segments": 2, "readUnitsPerSecond": 100000`, func(a *account, planned run.PlanOutput) run.Plan {
			a.scan(contract.FunctionScan, planned.Plan, planned.Segments[:1])
			return planned.Plan
		}},
		"the first pass": {`, "segments": 2, "format": "PARQUET"`, func(a *account, planned run.PlanOutput) run.Plan {
			a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
			return planned.Plan
		}},
		"the second pass": {`, "segments": 2, "format": "PARQUET"`, func(a *account, planned run.PlanOutput) run.Plan {
			return a.convert(planned).Plan
		}},
		"a second pass whose finalize died": {`, "segments": 2, "format": "PARQUET"`, func(a *account, planned run.PlanOutput) run.Plan {
			second := a.convert(planned)
			a.complete(second.Plan.Layout().DataPrefix())
			return second.Plan
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			other := a.plan("run-12", `, "segments": 1`) // its folder begins with the same name
			a.scan(contract.FunctionScan, other.Plan, other.Segments)
			plan := test.leave(a, a.plan("run-1", test.fields))
			foreign := []string{plan.Root + "/README.md", plan.Root + "/data/part-00000.json.gz"}
			for _, key := range foreign {
				a.put(key)
			}
			if _, err := testservers.S3().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &a.bucket, Key: &foreign[0]}); err != nil {
				t.Fatal(err)
			}
			uploads, objects := a.openUploads(plan.Root+"/"), len(testservers.Keys(t, a.bucket, plan.Root+"/"))
			stay := append(testservers.Keys(t, a.bucket, other.Plan.Root+"/"), foreign...)

			found, err := a.find(plan.Root)
			if err != nil {
				t.Fatal(err)
			}
			if int(found.Uploads) != uploads-1 || int(found.Objects) != objects-2 || found.Bytes == 0 || found.Foreign == nil || found.Foreign.Count != 3 || found.Status != execution.Failed {
				t.Errorf("got %+v, want %d uploads and %d objects", found, uploads-1, objects-2)
			}
			if got := len(testservers.Keys(t, a.bucket, plan.Root+"/")); got != objects {
				t.Errorf("the look has left %d objects", got)
			}
			if err := found.Remove(t.Context()); err != nil {
				t.Fatal(err)
			}
			left := testservers.Keys(t, a.bucket, "")
			slices.Sort(stay)
			if slices.Sort(left); !slices.Equal(left, stay) || a.openUploads(plan.Root+"/") != 1 || a.openUploads(other.Plan.Root+"/") != 1 {
				t.Errorf("got %v and %d uploads, want %v", left, a.openUploads(""), stay)
			}
			a.wantStopped(plan)
		})
	}
}

// From the mark on, no function continues the run, and no execution takes it over. The retention leaves it alone, and another clean does the rest.
func TestMarkedRunIsOnlyCleaned(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "segments": 2`)
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found, err := a.findWith(planned.Plan.Root, &interrupted{Executions: a.executions, cancel: cancel})
	if err != nil {
		t.Fatal(err)
	}
	if err := found.Remove(ctx); err == nil {
		t.Fatal("the removal was interrupted, and returned no error")
	}
	if n := a.openUploads(planned.Plan.Root); n != 2 {
		t.Fatalf("there are %d uploads", n)
	}
	a.wantStopped(planned.Plan)
	again, err := a.find(planned.Plan.Root)
	if err == nil {
		err = again.Remove(t.Context())
	}
	if left := testservers.Keys(t, a.bucket, ""); err != nil || len(left) != 0 || a.openUploads("") != 0 {
		t.Errorf("%v: got %v", err, left)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "segments": 2`)
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)

	a.fail("run-1", execution.QuietAfter-time.Minute)
	a.refuses(planned.Plan, "is FAILED, but functions that it called may still be at work: clean the run after 2")
	a.executions.Set(machine+"run-1", execution.Running, time.Time{})
	a.refuses(planned.Plan, "is RUNNING: stop it first, or wait for its end")
	a.executions.Set(machine+"run-1", "PENDING_REDRIVE", time.Time{})
	a.refuses(planned.Plan, "is PENDING_REDRIVE: stop it first")
	a.executions.Put(machine+"run-1", execution.Succeeded, a.began, time.Now().Add(-time.Hour))
	a.refuses(planned.Plan, "has succeeded, so the run was committed, and another program has removed its commit")
	a.executions.Put(machine+"run-1", execution.Failed, a.began.Add(time.Hour), time.Now().Add(-time.Hour)) // a later execution with the same name
	a.refuses(planned.Plan, "Step Functions does not know an execution of the run, and s3://"+a.bucket+"/"+planned.Plan.Root+" has changed since ")
	a.executions.Deny("not allowed")
	a.refuses(planned.Plan, "states:DescribeExecution on "+machine+"run-1 is not allowed")

	elsewhere := planned.Plan
	elsewhere.Root = "lake/AWSDynamoDB/run-2"
	a.refuses(elsewhere, "there is no run at s3://"+a.bucket+"/lake/AWSDynamoDB/run-2: the object _started")
	source := a.bucket + "/" + planned.Plan.Layout().Claim()
	if _, err := testservers.S3().CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &a.bucket, Key: new(elsewhere.Root + "/_started"), CopySource: &source}); err != nil {
		t.Fatal(err)
	}
	a.refuses(elsewhere, "is not of a run in this folder: it may be a copy")
	elsewhere.Root = "lake/AWSDynamoDB/run-3"
	a.put(elsewhere.Root + "/_started")
	a.refuses(elsewhere, "is not a claim that these functions can read")
}

func TestCommittedRunStays(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{`, "segments": 2`, `, "segments": 2, "format": "PARQUET"`} {
		a := newAccount(t)
		planned := a.plan("run-1", fields)
		plan := planned.Plan
		if plan.FirstPass() {
			plan = a.convert(planned).Plan
		} else {
			a.scan(contract.FunctionScan, plan, planned.Segments)
		}
		found, err := a.find(plan.Root)
		if err != nil {
			t.Fatal(err)
		}
		call[run.FinalizeOutput](a, contract.FunctionFinalize, run.FinalizeInput{Plan: plan})
		a.refuses(plan, "is committed: s3://"+a.bucket+"/"+plan.Commit()+" is its commit")
		before := testservers.Keys(t, a.bucket, "")
		if err := found.Remove(t.Context()); err == nil || !strings.Contains(err.Error(), "is committed") { // it was committed since it was found
			t.Errorf("got %v", err)
		}
		if after := testservers.Keys(t, a.bucket, ""); !slices.Equal(after, before) {
			t.Errorf("got %v, want %v", after, before)
		}
		call[run.FinalizeOutput](a, contract.FunctionFinalize, run.FinalizeInput{Plan: plan}) // the claim is as it was
	}
}

// An execution that is redriven between the look at it and the mark may go on: the mark is taken back.
func TestRedrivenRunContinues(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "segments": 2`)
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
	found, err := a.find(planned.Plan.Root)
	if err != nil {
		t.Fatal(err)
	}
	a.executions.Set(machine+"run-1", execution.Running, time.Time{})
	if err := found.Remove(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is removed: the execution "+machine+"run-1 is RUNNING") {
		t.Errorf("got %v", err)
	}
	out := call[run.FinalizeOutput](a, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan})
	if out.Result.Items != 300 {
		t.Errorf("got %+v", out.Result)
	}
}

// A takeover between the look and the mark is noticed.
func TestRunThatIsTakenOverStays(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "segments": 2, "schedule": "night", "scheduledTime": "2026-01-31T02:00:00Z"`)
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
	found, err := a.find(planned.Plan.Root)
	if err != nil {
		t.Fatal(err)
	}
	second := a.plan("run-2", `, "segments": 2, "schedule": "night", "scheduledTime": "2026-01-31T02:00:00Z"`)
	if len(second.Plan.TakenOver) != 1 {
		t.Fatalf("got %+v", second.Plan)
	}
	if err := found.Remove(t.Context()); err == nil || !strings.Contains(err.Error(), "another execution has taken the run night-20260131T020000Z over") {
		t.Errorf("got %v", err)
	}
	a.fail("run-1", time.Second) // redriven, and failed again
	a.refuses(second.Plan, "execution "+machine+"run-1 is FAILED, but functions")
	a.fail("run-1", time.Hour)
	if found, err = a.find(second.Plan.Root); err != nil || found.ExecutionID != machine+"run-2" {
		t.Fatalf("got %+v, %v", found, err)
	}
	if err := found.Remove(t.Context()); err != nil || len(testservers.Keys(t, a.bucket, "")) != 0 {
		t.Errorf("got %v", err)
	}
}

// Step Functions forgets an execution 90 days after its end. Then the folder says whether a function may be at work.
func TestRunOfAForgottenExecution(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "segments": 2`)
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
	services := abandoned.Services{S3: testservers.S3(), Executions: testservers.StartStepFunctions(t)}
	for later, words := range map[time.Duration]string{execution.QuietAfter - 30*time.Second: "Step Functions does not know an execution", execution.QuietAfter + 2*time.Minute: ""} {
		services.Now = func() time.Time { return time.Now().Add(later) }
		found, err := abandoned.Find(t.Context(), services, a.bucket, planned.Plan.Root)
		if words != "" {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("got %v", err)
			}
			continue
		}
		if err != nil || found.Status != execution.Unknown {
			t.Errorf("got %+v, %v", found, err)
		}
	}
	services.Now = func() time.Time { return time.Now().Add(time.Hour) }
	found, err := abandoned.Find(t.Context(), services, a.bucket, planned.Plan.Root)
	if err == nil {
		err = found.Remove(t.Context())
	}
	if left := testservers.Keys(t, a.bucket, ""); err != nil || len(left) != 0 || a.openUploads("") != 0 {
		t.Errorf("%v: got %v", err, left)
	}
}
