package awsclient_test

import (
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"
)

// An execution's state says whether it is dead, and when no function of it can be at work any more: an invocation of Lambda may
// take 15 minutes, even after its caller has ended.
func TestExecutionIsDescribed(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:e-1"
	stop := time.Date(2026, 11, 21, 2, 0, 0, 500e6, time.UTC)
	for _, test := range []struct {
		status execution.Status
		stop   time.Time
		dead   bool
		want   execution.Status
	}{
		{execution.Running, time.Time{}, false, execution.Running},
		{"PENDING_REDRIVE", time.Time{}, false, "PENDING_REDRIVE"},
		{execution.Succeeded, stop, false, execution.Succeeded},
		{execution.Failed, stop, true, execution.Failed},
		{execution.TimedOut, stop, true, execution.TimedOut},
		{execution.Aborted, stop, true, execution.Aborted},
		{execution.Failed, time.Time{}, false, execution.Unknown}, // the real one never answers this
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
	if got, err := server.Describe(t.Context(), arn); err != nil || got.Status != execution.Unknown || got.Dead() {
		t.Errorf("of an execution that does not exist: %+v, %v", got, err)
	}
	server.Deny("User: plan is not authorized to perform: states:DescribeExecution")
	_, err := server.Describe(t.Context(), arn)
	if failure.NameOf(err) != failure.AccessDenied || !strings.Contains(err.Error(), "states:DescribeExecution on "+arn) {
		t.Errorf("got %s: %v", failure.NameOf(err), err)
	}
}
