package handler

import (
	"context"
	"errors"

	"dynamodb-to-s3/lambda/job"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// named returns err as the answer of a function: under the name that Retry and Catch match. aws-lambda-go names any other
// error by the outermost Go type, which a single fmt.Errorf changes.
func named(err error) messages.InvokeResponse_Error {
	name := job.NameOf(err)
	if name == job.Internal && errors.Is(err, context.DeadlineExceeded) {
		name = job.NoProgress
	}
	return messages.InvokeResponse_Error{Type: string(name), Message: err.Error()}
}
