// Package glue emulates the Data Catalog of AWS Glue at the wire: databases, tables and partitions, over the protocol AWS JSON 1.1.
//
// The inputs and outputs of the operations are the types of the SDK, so they have the names and types of the service's model. A member
// of an input that the model does not have is refused by name.
//
// The package owns the emulation. It may import the SDK.
package glue

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// errorOf returns the error of the API that answers a call which failed with err.
func errorOf(err error) smithy.APIError {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal
	}
	message := err.Error()
	return &types.InternalServiceException{Message: &message}
}

func notFound(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.EntityNotFoundException{Message: &message}
}

func exists(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.AlreadyExistsException{Message: &message}
}

func invalid(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.InvalidInputException{Message: &message}
}
