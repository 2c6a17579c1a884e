package deployment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// redriven redrives an execution and checks that its run is whole in the end.
func redriven(t *testing.T, d *testdeployment.Deployed, arn string, items int64) {
	t.Helper()
	if _, err := d.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn}); err != nil {
		t.Fatal(err)
	}
	ended := d.Wait(t, arn)
	var result run.Result
	if ended.Status != types.ExecutionStatusSucceeded || json.Unmarshal([]byte(*ended.Output), &result) != nil || result.Items != items || *ended.RedriveCount != 1 {
		t.Errorf("got %s %s %s", ended.Status, aws.ToString(ended.Cause), aws.ToString(ended.Output))
	}
}

// A run that failed continues by a redrive: plan is not called again, and only the segment that failed is scanned again.
func TestRedriveCompletesAFailedRun(t *testing.T) {
	t.Parallel()
	var plans, scans atomic.Int64
	var denied atomic.Bool
	denied.Store(true)
	d := testdeployment.Start(t, testdeployment.Options{Wrap: func(name contract.Function, handler function.Handler) function.Handler {
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			var in struct{ Segment int }
			_ = json.Unmarshal(payload, &in) // other payloads have no segment
			switch {
			case name == contract.FunctionPlan:
				plans.Add(1)
			case name == contract.FunctionScan && in.Segment == 3 && denied.Load():
				return nil, messages.InvokeResponse_Error{Type: string(failure.AccessDenied), Message: "segment 3: not allowed"}
			case name == contract.FunctionScan:
				scans.Add(1)
			}
			return handler(ctx, payload)
		}
	}})
	arn := d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 4, "concurrency": 1}`, testservers.Orders(t, 200), d.Bucket))
	if failed := d.Wait(t, arn); failed.Status != types.ExecutionStatusFailed || *failed.Error != "States.ExceedToleratedFailureThreshold" {
		t.Fatalf("got %s %s", failed.Status, aws.ToString(failed.Cause))
	}
	if plans.Load() != 1 || scans.Load() != 3 {
		t.Errorf("before the redrive, %d plans and %d scans", plans.Load(), scans.Load())
	}
	denied.Store(false)
	redriven(t, d, arn, 200)
	if plans.Load() != 1 || scans.Load() != 4 {
		t.Errorf("in the end, %d plans and %d scans", plans.Load(), scans.Load())
	}
}

// A run that was stopped continues by a redrive, while the functions that it has called may still be at work.
func TestRedriveCompletesAStoppedRun(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}, 100), make(chan struct{})
	d := testdeployment.Start(t, testdeployment.Options{Wrap: func(name contract.Function, handler function.Handler) function.Handler {
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			if name == contract.FunctionScan {
				begun <- struct{}{}
				<-release
			}
			return handler(ctx, payload)
		}
	}})
	arn := d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3}`, testservers.Orders(t, 200), d.Bucket))
	<-begun
	if _, err := d.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
		t.Fatal(err)
	}
	if stopped := d.Wait(t, arn); stopped.Status != types.ExecutionStatusAborted {
		t.Errorf("got %s", stopped.Status)
	}
	close(release)
	redriven(t, d, arn, 200)
}
