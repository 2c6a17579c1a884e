package awsclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// patience is how long to wait for Step Functions. It is shorter than the plan function's time, so that the function can report the
// cause.
const patience = 20 * time.Second

// Executions looks up executions in Step Functions.
type Executions struct{ client *sfn.Client }

// NewExecutions returns the Executions of the configuration's region and account.
func NewExecutions(cfg aws.Config) Executions { return Executions{sfn.NewFromConfig(cfg)} }

// Describe returns the state of an execution. It fails with AccessDenied if it may not ask.
func (e Executions) Describe(ctx context.Context, arn string) (run.ExecutionState, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("no answer: functions in a VPC need a route to Step Functions"))
	defer cancel()
	// Without input and output, the call needs no permission to decrypt.
	answer, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: types.IncludedDataMetadataOnly})
	if _, unknown := errors.AsType[*types.ExecutionDoesNotExist](err); unknown {
		return run.ExecutionState{Status: run.ExecutionUnknown}, nil
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && (api.ErrorCode() == "AccessDeniedException" || api.ErrorCode() == "AccessDenied") {
		return run.ExecutionState{}, failure.Errorf(failure.AccessDenied, "states:DescribeExecution on %s is not allowed: check the role of the plan function (%s)",
			arn, api.ErrorMessage())
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return run.ExecutionState{}, fmt.Errorf("states:DescribeExecution %s: %w", arn, err)
	}
	state := run.ExecutionState{Status: run.ExecutionStatus(answer.Status)}
	switch {
	case answer.StopDate != nil:
		state.Quiet = answer.StopDate.Add(run.QuietAfter).UTC()
	case state.Dead(): // Step Functions does not say when it ended
		state.Status = run.ExecutionUnknown
	}
	return state, nil
}
