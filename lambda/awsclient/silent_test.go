package awsclient

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// silent is an endpoint without a route.
type silent struct{}

func (silent) Do(asked *http.Request) (*http.Response, error) {
	<-asked.Context().Done()
	return nil, asked.Context().Err()
}

// In a VPC without a route, the call ends before the function's time, under the name of an endpoint that cannot be reached.
func TestSilentStepFunctionsIsNamed(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]failure.Name{time.Minute: failure.EndpointUnreachable, time.Second: failure.Internal} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			_, err := NewExecutions(aws.Config{
				Region: "eu-west-1", HTTPClient: silent{}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
			}).Describe(ctx, "arn:e")
			if err == nil || failure.NameOf(err) != want || !strings.Contains(err.Error(), "states:DescribeExecution on arn:e") {
				t.Errorf("within %s: got %v, want %s", timeout, err, want)
			}
		})
	}
}
