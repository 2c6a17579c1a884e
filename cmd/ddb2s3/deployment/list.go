package deployment

import (
	"context"

	"dynamodb-to-s3/lambda/execution"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Statuses returns the statuses of executions, as AWS names them.
func Statuses() []string {
	var all []string
	for _, status := range types.ExecutionStatus("").Values() {
		all = append(all, string(status))
	}
	return all
}

// List returns the newest executions with a status, at most limit, the newest first. Every status counts if it is "". Inputs, outputs, errors
// and causes are left out.
func (d *Deployment) List(ctx context.Context, status execution.Status, limit int) ([]Execution, error) {
	const page = 100
	listed := []Execution{}
	pages := sfn.NewListExecutionsPaginator(d.SFN, &sfn.ListExecutionsInput{
		StateMachineArn: &d.StateMachineARN, StatusFilter: types.ExecutionStatus(status), MaxResults: int32(min(limit, page)), //nolint:gosec // at most a page
	})
	for len(listed) < limit && pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return nil, d.ofExecution(err, "states:ListExecutions", d.StateMachineARN)
		}
		for _, e := range answer.Executions[:min(len(answer.Executions), limit-len(listed))] {
			listed = append(listed, Execution{
				ARN: aws.ToString(e.ExecutionArn), Name: aws.ToString(e.Name), Status: execution.Status(e.Status),
				Start: aws.ToTime(e.StartDate).UTC(), Stop: utc(e.StopDate), Redrives: int(aws.ToInt32(e.RedriveCount)), Redriven: utc(e.RedriveDate),
			})
		}
	}
	return listed, nil
}
