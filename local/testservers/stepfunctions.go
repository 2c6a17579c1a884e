package testservers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/executions"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// StepFunctions is a server that knows the executions which a test sets, and a client of it.
type StepFunctions struct {
	executions.Memory
	client awsclient.Executions
	denied atomic.Value // string
}

// StartStepFunctions starts the server for one test.
func StartStepFunctions(t *testing.T) *StepFunctions {
	t.Helper()
	s := &StepFunctions{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.client = awsclient.NewExecutions(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return s
}

// Describe asks the server, through the SDK, about an execution.
func (s *StepFunctions) Describe(ctx context.Context, arn string) (execution.State, error) {
	return s.client.Describe(ctx, arn)
}

// Deny makes the server refuse every request from now on.
func (s *StepFunctions) Deny(message string) { s.denied.Store(message) }

func (s *StepFunctions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if message, denied := s.denied.Load().(string); denied {
		executions.Refuse(w, "AccessDeniedException", message)
		return
	}
	s.Memory.ServeHTTP(w, r)
}
