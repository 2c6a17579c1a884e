package export

import (
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// refusals are the names of DynamoDB's errors, by its own names. A message gets the table as %[1]q, the action as %[2]s and DynamoDB's
// words as %[3]s.
var refusals = map[string]refusal{
	"ContinuousBackupsUnavailableException": {failure.TableNotReady, "DynamoDB is still switching on the backups of table %[1]q: start again in some minutes (%[3]s)"},
	"ExportConflictException":               {failure.ExportConflict, "DynamoDB knows this run's export of table %[1]q with other parameters, or another export writes to the same place: start a new execution under another name (%[3]s)"},
	"LimitExceededException":                {failure.ExportLimitReached, "table %[1]q: the account has as many exports in progress as DynamoDB allows: redrive this execution when some have ended, or ask for a higher quota (%[3]s)"},
	"TableNotFoundException":                {failure.TableNotFound, "there is no table %[1]q: check the name, and that the stack is deployed where the table is (%[2]s: %[3]s)"},
	"ExportNotFoundException":               {failure.ExportRefused, "DynamoDB no longer knows the export of table %[1]q, it forgets exports after 90 days: start a new execution under another name (%[3]s)"},
	"ValidationException":                   {failure.ExportRefused, "DynamoDB refused %[2]s of table %[1]q: %[3]s"},
}

type refusal struct {
	name    failure.Name
	message string
}

// named gives an error of DynamoDB's export calls the name that tells a person what to do.
func (p *pass) named(err error, action string) error {
	code, words := fault.Code(err), fault.Words(err)
	known, ok := refusals[code]
	switch {
	case code == "PointInTimeRecoveryUnavailableException":
		return p.recoveryOff(" (" + words + ")")
	case !ok, code == "LimitExceededException" && action != startAction: // the other calls have no limit but that of their rate
		return table.Named(err, action, p.plan.Table, p.DynamoDB.Options().Region)
	}
	return failure.Errorf(known.name, known.message, p.plan.Table, action, words)
}

// startAction is the action that starts an export.
const startAction = "dynamodb:ExportTableToPointInTime"

// described returns an answer's description of an export. It fails with MalformedAnswer if the description has no ARN: without it, the
// export would start again and cost again.
func described(d *types.ExportDescription) (*types.ExportDescription, error) {
	if d == nil || aws.ToString(d.ExportArn) == "" {
		return nil, failure.Errorf(failure.MalformedAnswer, "DynamoDB's answer describes no export")
	}
	return d, nil
}

// described is like the function, for an export of the run. It fails with TableReplaced if the export is of another table than the plan's:
// the table can be replaced in the moment before the start. An export cannot be cancelled. Nothing follows it.
func (p *pass) described(d *types.ExportDescription) (*types.ExportDescription, error) {
	d, err := described(d)
	if err != nil || d.TableId == nil { // the manifest always has the TableId
		return d, err
	}
	return d, table.Compare(p.plan, *d.TableId, "")
}
