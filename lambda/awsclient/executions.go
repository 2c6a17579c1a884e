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

// patience is how long Step Functions is waited for: within the time of plan, so that it can say what it has waited for.
const patience = 20 * time.Second

// Executions asks Step Functions what has become of executions.
type Executions struct{ client *sfn.Client }

// NewExecutions returns the Executions of the configuration's region and account.
func NewExecutions(cfg aws.Config) Executions { return Executions{sfn.NewFromConfig(cfg)} }

// Describe tells what has become of the execution of an ARN. It fails with AccessDenied where it may not ask.
func (e Executions) Describe(ctx context.Context, arn string) (run.ExecutionState, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("no answer: functions in a VPC need a route to Step Functions"))
	defer cancel()
	// Only what is known of it, not what it was given and has returned: that takes no right to decrypt.
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
	case state.Dead(): // since when, nobody can tell
		state.Status = run.ExecutionUnknown
	}
	return state, nil
}
