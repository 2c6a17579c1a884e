package table

import (
	"errors"
	"slices"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/smithy-go"
)

// throttles are the error codes with which DynamoDB refuses for lack of capacity.
var throttles = []string{"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}

// Named gives an error of the DynamoDB client the name that tells a person what to do.
func Named(err error, action, table, region string) error {
	if named, ok := errors.AsType[*failure.Error](err); ok { // an error of the credentials, before the request to DynamoDB
		return named
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok { // its message shows the text that it could not read, which may be an item's key
		return failure.Errorf(failure.MalformedAnswer, "the answer to %s of table %q cannot be read", action, table)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch code := api.ErrorCode(); {
	case !failure.Name(code).Understood():
		return failure.Errorf(failure.MalformedAnswer, "%s of table %q was refused with the code %q, which is not a code of DynamoDB", action, table, code)
	case code == "ResourceNotFoundException":
		return failure.Errorf(failure.TableNotFound,
			"there is no table %q in region %s of this account: check the name; for a table in another region give its ARN, for one in another account give sourceRoleArn too", table, region)
	case code == "AccessDeniedException":
		return failure.Errorf(failure.AccessDenied, "%s on table %q is not allowed: add it to the role that reads: the function's role or sourceRoleArn (%s)", action, table, api.ErrorMessage())
	case slices.Contains(throttles, code):
		return failure.Errorf(failure.Throttled, "table %q gave no read capacity: raise it, or lower concurrency (%s)", table, api.ErrorMessage())
	default:
		return err
	}
}
