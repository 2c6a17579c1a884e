package table

import (
	"fmt"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
)

// Named gives an error of the DynamoDB client the name that tells a person what to do.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func Named(err error, action, table, region string) error {
	switch code := fault.Code(err); {
	case code == "ResourceNotFoundException", code == "TableNotFoundException":
		return failure.Errorf(failure.TableNotFound,
			"there is no table %q in region %s of this account: check the name; for a table in another region give its ARN, for one in another account give sourceRoleArn too", table, region)
	case action == "dynamodb:Scan" && fault.Throttles(code):
		return failure.Errorf(failure.Throttled, "table %q gave no read capacity: raise it, or lower concurrency (%s)", table, fault.Words(err))
	default:
		return fault.Call{
			Service: "DynamoDB", Action: action, On: fmt.Sprintf("table %q", table), Key: "the table's KMS key",
			Role: "the role that reads: the function's role or sourceRoleArn",
		}.Named(err)
	}
}
