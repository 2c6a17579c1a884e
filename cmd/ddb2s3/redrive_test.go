package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// An execution that has failed with LimitReached continues with a higher limit, which a redrive cannot put into its input.
func TestRedriveWithAHigherLimit(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	// The functions scan as if the table had grown since plan has compared its estimate with the limit.
	lower := func(name contract.Function, handler function.Handler) function.Handler {
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			if name == contract.FunctionScan {
				payload = bytes.Replace(payload, []byte(`"maxReadUnits":1000,`), []byte(`"maxReadUnits":4,`), 1)
			}
			answer, err := handler(ctx, payload)
			if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); ok && failed.Type == string(failure.LimitReached) {
				reached.Store(true)
			}
			return answer, err
		}
	}
	d := testdeployment.Start(t, testdeployment.Options{Wrap: lower})
	table := testservers.Orders(t, 300)
	started := verbJSON[deployment.Execution](t, d, "start", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q, "maxReadUnits": 1000}`, table, d.Bucket)))
	if ended := d.Wait(t, started.ARN); ended.Status != "FAILED" || !reached.Load() {
		t.Fatalf("got %s: %s", aws.ToString(ended.Error), aws.ToString(ended.Cause))
	}
	refuses(t, d, 1, "maxReadUnits 900 is not above the limit of the run", "redrive", started.Name, "--env", "local", "--max-read-units", "900")
	if again := verbJSON[deployment.Execution](t, d, "redrive", started.Name, "--max-read-units", "2000"); again.Redrives != 1 {
		t.Errorf("got %+v", again)
	}
	if ended := d.Wait(t, started.ARN); ended.Status != "SUCCEEDED" {
		t.Errorf("got %+v", ended)
	}
}
