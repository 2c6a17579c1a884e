package sdkintegration

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// service is what Step Functions calls DynamoDB in the errors of an SDK integration.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
const service = "DynamoDb"

// runtimeError is the name of what AWS finds when the state machine is made, and so has no name for.
const runtimeError = "States.Runtime"

// named gives a failure the name that it has in Step Functions, which is that of the exception in the SDK for Java: the error's
// code, with "Exception" at its end, where the service's model has the error; and one for all others that the service answers
// with, AccessDeniedException and ValidationException among them.
func named(err error) error {
	if errors.Is(err, errParameters) {
		return &Error{Name: runtimeError, Cause: err.Error()}
	}
	told, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return &Error{Name: service + ".SdkClientException", Cause: err.Error()}
	}
	name := service + ".DynamoDbException"
	if _, modelled := dynamodb.TypeRegistry.DeserializableError(told.ErrorCode()); modelled {
		name = service + "." + strings.TrimSuffix(told.ErrorCode(), "Exception") + "Exception"
	}
	cause := told.ErrorMessage()
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		cause = fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)",
			cause, service, response.HTTPStatusCode(), response.ServiceRequestID())
	}
	return &Error{Name: name, Cause: cause}
}
