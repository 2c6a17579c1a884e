package testservers

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/states"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// StepFunctions is a server that knows the executions which a test sets, and a client of it.
type StepFunctions struct {
	server *states.Server
	client awsclient.Executions
}

// StartStepFunctions starts the server for one test.
func StartStepFunctions(t *testing.T) *StepFunctions {
	t.Helper()
	s := &StepFunctions{server: states.New(states.Options{Name: "dynamodb-to-s3"})}
	server := httptest.NewServer(s.server)
	t.Cleanup(server.Close)
	s.client = awsclient.NewExecutions(aws.Config{
		Region: states.Region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return s
}

// Set sets the status of an execution, and when it stopped; the zero time if it runs.
func (s *StepFunctions) Set(arn string, status execution.Status, stop time.Time) {
	s.server.Put(arn, types.ExecutionStatus(status), time.Time{}, stop)
}

// Put is like Set, and says when the execution began.
func (s *StepFunctions) Put(arn string, status execution.Status, start, stop time.Time) {
	s.server.Put(arn, types.ExecutionStatus(status), start, stop)
}

// Describe asks the server, through the SDK, about an execution.
func (s *StepFunctions) Describe(ctx context.Context, arn string) (execution.State, error) {
	return s.client.Describe(ctx, arn)
}

// Deny makes the server refuse every request from now on.
func (s *StepFunctions) Deny(message string) {
	s.server.Refuse("DescribeExecution", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: message})
}
