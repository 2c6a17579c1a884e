package awsclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// patience is how long to wait for Step Functions. It is shorter than the plan function's time, so that the function can report the
// cause.
const patience = 20 * time.Second

// Executions looks up executions in Step Functions.
type Executions struct{ client *sfn.Client }

// NewExecutions returns the Executions of the configuration's region and account.
func NewExecutions(cfg aws.Config) Executions { return Executions{sfn.NewFromConfig(cfg)} }

// Describe returns the state of an execution. It fails with AccessDenied if it may not ask.
func (e Executions) Describe(ctx context.Context, arn string) (execution.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("no answer: functions in a VPC need a route to Step Functions"))
	defer cancel()
	// Without input and output, the call needs no permission to decrypt.
	answer, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: types.IncludedDataMetadataOnly})
	switch code := fault.Code(err); {
	case code == "ExecutionDoesNotExist", code == "InvalidArn": // of another partition, or of a local run
		return execution.State{Status: execution.Unknown}, nil
	case err != nil && context.Cause(ctx) != nil:
		return execution.State{}, fmt.Errorf("states:DescribeExecution on %s: %w", arn, context.Cause(ctx))
	case err != nil:
		return execution.State{}, fault.Call{
			Service: "Step Functions", Action: "states:DescribeExecution", On: arn, Key: "the state machine's KMS key", Role: "the role of the plan function",
		}.Named(err)
	}
	state := execution.State{Status: execution.Status(answer.Status), StartTime: aws.ToTime(answer.StartDate).UTC()}
	switch {
	case answer.StopDate != nil:
		state.Quiet = answer.StopDate.Add(execution.QuietAfter).UTC()
	case state.Dead(): // Step Functions does not say when it ended
		state.Status = execution.Unknown
	}
	return state, nil
}
