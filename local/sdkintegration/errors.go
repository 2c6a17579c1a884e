package sdkintegration

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// service is the name of DynamoDB in the errors of an SDK integration.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
const service = "DynamoDb"

// runtimeError is the error of a mistake in the definition. AWS finds it when the state machine is created.
const runtimeError = "States.Runtime"

// named returns an error with its name in Step Functions, which is the name of the exception in the SDK for Java: the error's code
// with "Exception" at its end. An error that the model of the service does not have, such as AccessDeniedException, is a
// DynamoDbException.
func named(err error) error {
	if errors.Is(err, errParameters) {
		return &Error{Name: runtimeError, Cause: err.Error()}
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return &Error{Name: service + ".SdkClientException", Cause: err.Error()}
	}
	name := service + ".DynamoDbException"
	if _, modelled := dynamodb.TypeRegistry.DeserializableError(refusal.ErrorCode()); modelled {
		name = service + "." + strings.TrimSuffix(refusal.ErrorCode(), "Exception") + "Exception"
	}
	cause := refusal.ErrorMessage()
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		cause = fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)",
			cause, service, response.HTTPStatusCode(), response.ServiceRequestID())
	}
	return &Error{Name: name, Cause: cause}
}
