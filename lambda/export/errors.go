package export

import (
	"errors"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// named gives an error of DynamoDB's export calls the name that tells a person what to do.
func (p *pass) named(err error, action string) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return table.Named(err, action, p.plan.Table, p.DynamoDB.Options().Region)
	}
	words := api.ErrorMessage()
	switch api.ErrorCode() {
	case "PointInTimeRecoveryUnavailableException", "ContinuousBackupsUnavailableException":
		return p.recoveryOff(" (" + words + ")")
	case "InvalidExportTimeException":
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "DynamoDB refused the times of the export of table %q: %s. The table's recovery reaches from %s to %s",
			p.plan.Table, words, show(p.recovery.earliest), show(p.recovery.latest))
	case "ExportConflictException":
		return failure.Errorf(failure.ExportConflict,
			"DynamoDB knows this run's export of table %q with other parameters, or another export writes to the same place: start a new execution under another name (%s)", p.plan.Table, words)
	case "LimitExceededException":
		return failure.Errorf(failure.ExportLimitReached, "the account has as many exports in progress as DynamoDB allows: redrive this execution when some have ended, or ask for a higher quota (%s)", words)
	case "TableNotFoundException":
		return failure.Errorf(failure.TableNotFound, "there is no table %s: check the name, and that the stack is deployed where the table is", p.plan.TableARN)
	case "ExportNotFoundException":
		return failure.Errorf(failure.ExportRefused, "DynamoDB no longer knows the export, it forgets exports after 90 days: start a new execution under another name (%s)", words)
	case "ValidationException":
		return failure.Errorf(failure.ExportRefused, "DynamoDB refused %s of table %q: %s", action, p.plan.Table, words)
	case "ThrottlingException", "RequestLimitExceeded", "ProvisionedThroughputExceededException":
		return failure.Errorf(failure.Throttled, "%s is called too often in this account and region: redrive this execution, and start fewer at the same time (%s)", action, words)
	default:
		return table.Named(err, action, p.plan.Table, p.DynamoDB.Options().Region)
	}
}

// described returns an answer's description of an export. It fails with MalformedAnswer if the description has no ARN: without it, the
// export would start again and cost again.
func described(d *types.ExportDescription) (*types.ExportDescription, error) {
	if d == nil || aws.ToString(d.ExportArn) == "" {
		return nil, failure.Errorf(failure.MalformedAnswer, "DynamoDB's answer describes no export")
	}
	return d, nil
}
