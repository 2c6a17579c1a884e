package executions_test

import (
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// A test that asks Memory itself sees what a function sees that asks through the SDK.
func TestMemoryAnswersWhatStepFunctionsAnswersThroughTheSDK(t *testing.T) {
	t.Parallel()
	server, memory := testservers.StartStepFunctions(t), &executions.Memory{}
	stop := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		status execution.Status
		stop   time.Time
	}{
		{execution.Unknown, time.Time{}}, // not set yet
		{execution.Running, time.Time{}},
		{execution.Failed, stop},
		{execution.Succeeded, stop},
	} {
		if test.status != execution.Unknown {
			server.Set(arn, test.status, test.stop)
			memory.Set(arn, test.status, test.stop)
		}
		direct, err := memory.Describe(t.Context(), arn)
		if err != nil || direct.Status != test.status {
			t.Errorf("directly: got %+v, %v, want %s", direct, err, test.status)
		}
		if wire, err := server.Describe(t.Context(), arn); err != nil || wire != direct {
			t.Errorf("through the SDK: got %+v, %v, want %+v", wire, err, direct)
		}
	}
}
