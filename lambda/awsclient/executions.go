package awsclient

import (
	"context"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// patience is how long to wait for Step Functions. It is shorter than the plan function's time, so that the function can report the
// cause.
const patience = 20 * time.Second

// Executions looks up executions in Step Functions.
type Executions struct {
	client *sfn.Client
	role   string // what to check if a call is not allowed
}

// NewExecutions returns the Executions of the configuration's region and account.
func NewExecutions(cfg aws.Config) Executions {
	return Executions{sfn.NewFromConfig(cfg), "the role of the plan function"}
}

// As returns the same Executions, which say what to check if a call is not allowed.
func (e Executions) As(role string) Executions {
	e.role = role
	return e
}

// Describe returns the state of an execution. It fails with AccessDenied if it may not ask.
func (e Executions) Describe(ctx context.Context, arn string) (execution.State, error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Without input and output, the call needs no permission to decrypt.
	answer, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: types.IncludedDataMetadataOnly})
	switch code := fault.Code(err); {
	case code == "ExecutionDoesNotExist", code == "InvalidArn": // of another partition, or of a local run
		return execution.State{Status: execution.Unknown}, nil
	case err != nil && ctx.Err() != nil && whole.Err() == nil:
		return execution.State{}, failure.Errorf(failure.EndpointUnreachable,
			"states:DescribeExecution on %s: Step Functions did not answer within %s: functions in a VPC need a route to Step Functions", arn, patience)
	case err != nil:
		return execution.State{}, fault.Call{
			Service: "Step Functions", Action: "states:DescribeExecution", On: arn, Key: "the state machine's KMS key", Role: e.role,
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
