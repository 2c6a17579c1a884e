package awsclient_test

import (
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// An execution's state says whether it is dead, and when no function of it can be at work any more: an invocation of Lambda may
// take 15 minutes, even after its caller has ended.
func TestExecutionIsDescribed(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:e-1"
	stop := time.Date(2026, 11, 21, 2, 0, 0, 500e6, time.UTC)
	for _, test := range []struct {
		status run.ExecutionStatus
		stop   time.Time
		dead   bool
		want   run.ExecutionStatus
	}{
		{run.ExecutionRunning, time.Time{}, false, run.ExecutionRunning},
		{"PENDING_REDRIVE", time.Time{}, false, "PENDING_REDRIVE"},
		{run.ExecutionSucceeded, stop, false, run.ExecutionSucceeded},
		{run.ExecutionFailed, stop, true, run.ExecutionFailed},
		{run.ExecutionTimedOut, stop, true, run.ExecutionTimedOut},
		{run.ExecutionAborted, stop, true, run.ExecutionAborted},
		{run.ExecutionFailed, time.Time{}, false, run.ExecutionUnknown}, // the real one never answers this
		{"ANOTHER", time.Time{}, false, "ANOTHER"},
	} {
		server := testservers.StartStepFunctions(t)
		server.Set(arn, test.status, test.stop)
		got, err := server.Describe(t.Context(), arn)
		var quiet time.Time
		if !test.stop.IsZero() {
			quiet = stop.Add(16 * time.Minute)
		}
		if err != nil || got.Status != test.want || got.Dead() != test.dead || !got.Quiet.Equal(quiet) {
			t.Errorf("%s: got %+v, %v", test.status, got, err)
		}
	}

	server := testservers.StartStepFunctions(t)
	if got, err := server.Describe(t.Context(), arn); err != nil || got.Status != run.ExecutionUnknown || got.Dead() {
		t.Errorf("of an execution that does not exist: %+v, %v", got, err)
	}
	server.Deny("User: plan is not authorized to perform: states:DescribeExecution")
	_, err := server.Describe(t.Context(), arn)
	if failure.NameOf(err) != failure.AccessDenied || !strings.Contains(err.Error(), "states:DescribeExecution on "+arn) {
		t.Errorf("got %s: %v", failure.NameOf(err), err)
	}
}
