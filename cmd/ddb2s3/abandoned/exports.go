package abandoned

import (
	"context"
	"fmt"

	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/ledger"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// checkExports fails if the run has committed native exports, so that only its result is missing, or if DynamoDB still writes an export into the
// folder of the run. Other exports have a folder of their own, which stays.
func (r *Run) checkExports(ctx context.Context) error {
	if r.plan.Export == nil {
		return nil
	}
	journal, err := ledger.LoadJournal(ctx, r.bucket, r.plan)
	if err != nil {
		return err
	}
	if committed := journal.Of(r.plan.Owners()); r.plan.CommitsExports() && len(committed) > 0 {
		return fmt.Errorf("the run %s has committed native exports, such as %s, and lacks only its result: redrive its execution, or start it again as docs/operations.md says under \"A run failed\"",
			r.RunID, committed[0].ExportARN)
	}
	for _, pending := range journal.Pending {
		if !r.plan.FirstPass() || pending.ExportARN == "" || pending.Done != nil {
			continue
		}
		answer, err := r.services.DynamoDB.DescribeExport(ctx, &dynamodb.DescribeExportInput{ExportArn: &pending.ExportARN})
		switch {
		case fault.Code(err) == "ExportNotFoundException": // DynamoDB forgets an export after some time
		case err != nil:
			return fault.Call{Service: "DynamoDB", Action: "dynamodb:DescribeExport", On: pending.ExportARN, Role: "the permissions of your user or role"}.Named(err)
		case answer.ExportDescription != nil && answer.ExportDescription.ExportStatus == types.ExportStatusInProgress:
			return fmt.Errorf("DynamoDB still writes the export %s into the folder of the run, and cannot be stopped: clean the run when the export has ended", pending.ExportARN)
		}
	}
	return nil
}
