package glue

import (
	"errors"
	"fmt"
	"net/http"

	"dynamodb-to-s3/local/awsjson"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// protocol is AWS JSON 1.1, as Glue speaks it.
var protocol = awsjson.Protocol{
	Target: "AWSGlue.", ContentType: "application/x-amz-json-1.1", Invalid: func(message string) error { return invalid("%s", message) },
	Unsupported: map[string]bool{
		"AttributesToGet": true, "CreateTableDefaultPermissions": true, "FederatedDatabase": true, "FederatedTable": true,
		"OpenTableFormatInput": true, "PartitionIndexes": true, "QueryAsOfTime": true, "ResourceShareType": true, "Tags": true,
		"TargetDatabase": true, "TargetTable": true, "TransactionId": true, "UpdateOpenTableFormatInput": true, "ViewDefinition": true,
		"ViewUpdateAction": true,
	},
}

// answer writes the output of an operation, or the error, as Glue does.
func answer(w http.ResponseWriter, out any, err error) {
	if err != nil {
		err = errorOf(err)
	}
	protocol.Answer(w, out, err)
}

// errorOf returns the error of the API that answers a call which failed with err.
func errorOf(err error) smithy.APIError {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal
	}
	message := err.Error()
	return &types.InternalServiceException{Message: &message}
}

// LakeFormationDenial is the error of a call for which AWS Lake Formation denies the permission, such as Alter, on a table or database.
func LakeFormationDenial(permission, resource string) error {
	message := fmt.Sprintf("Insufficient Lake Formation permission(s): Required %s on %s", permission, resource)
	return &types.AccessDeniedException{Message: &message}
}

// Throttle is the error of a call above Glue's quota of calls per second.
func Throttle() error {
	message := "Rate exceeded"
	return &types.ThrottlingException{Message: &message}
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
