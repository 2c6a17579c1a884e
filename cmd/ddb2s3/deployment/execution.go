package deployment

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Execution is an execution of the state machine.
type Execution struct {
	ARN    string           `json:"executionArn"`
	Name   string           `json:"name"`
	Status execution.Status `json:"status"`
	Start  time.Time        `json:"startDate"`
	// Stop is zero while the execution runs.
	Stop     time.Time `json:"stopDate,omitzero"`
	Redrives int       `json:"redriveCount,omitempty"`
	// Redriven is when the execution was redriven last; zero if it was not.
	Redriven time.Time `json:"redriveDate,omitzero"`
	// Redrivable says that the execution can be redriven now, and NotRedrivable why not.
	Redrivable    bool            `json:"redrivable,omitempty"`
	NotRedrivable string          `json:"notRedrivable,omitempty"`
	Input         json.RawMessage `json:"input,omitempty"`
	Output        json.RawMessage `json:"output,omitempty"` // if it succeeded
	// Error is the name of the error, and Cause says in one sentence what happened. If a child of a Map failed, they are those of the child.
	Error string `json:"error,omitempty"`
	Cause string `json:"cause,omitempty"`
}

// Ended reports whether the execution has ended.
func (e Execution) Ended() bool {
	return e.Status != execution.Running && e.Status != "PENDING_REDRIVE"
}

// State returns what decides whether functions of the execution can be at work.
func (e Execution) State() execution.State {
	state := execution.State{Status: e.Status, StartTime: e.Start}
	if !e.Stop.IsZero() {
		state.Quiet = e.Stop.Add(execution.QuietAfter)
	}
	return state
}

// Describe returns an execution by its name or its ARN. If a child of a Map failed, it looks for the child's error.
func (d *Deployment) Describe(ctx context.Context, name string) (Execution, error) {
	arn, err := d.ARN(name)
	if err != nil {
		return Execution{}, err
	}
	answer, err := d.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return Execution{}, d.ofExecution(err, "states:DescribeExecution", arn)
	}
	e := Execution{
		ARN: arn, Name: aws.ToString(answer.Name), Status: execution.Status(answer.Status), Start: aws.ToTime(answer.StartDate).UTC(), Stop: utc(answer.StopDate),
		Redrives: int(aws.ToInt32(answer.RedriveCount)), Redriven: utc(answer.RedriveDate),
		Redrivable: answer.RedriveStatus == types.ExecutionRedriveStatusRedrivable, NotRedrivable: aws.ToString(answer.RedriveStatusReason),
		Input: text(answer.Input), Output: text(answer.Output),
		Error: aws.ToString(answer.Error), Cause: sentence(aws.ToString(answer.Cause)),
	}
	if e.Error == thresholdExceeded {
		child, cause, err := d.failedChild(ctx, arn)
		switch {
		case err != nil:
			e.Cause = "a child of a Map failed, and its error cannot be read: " + err.Error()
		case child != "":
			e.Error, e.Cause = child, cause
		}
	}
	return e, nil
}

// utc returns a time of an answer, the zero time if it has none.
func utc(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// text returns a payload. It returns nil if the payload is absent or not valid JSON.
func text(payload *string) json.RawMessage {
	if raw := json.RawMessage(aws.ToString(payload)); json.Valid(raw) {
		return raw
	}
	return nil
}

// thresholdExceeded is the error of an execution if a child of its Map failed.
const thresholdExceeded = "States.ExceedToleratedFailureThreshold"

// failedChild returns the error and the cause of a child that failed, or "" if no child failed. The last Map Run that has a failed child counts.
func (d *Deployment) failedChild(ctx context.Context, arn string) (name, cause string, err error) {
	pages := sfn.NewListMapRunsPaginator(d.SFN, &sfn.ListMapRunsInput{ExecutionArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", "", d.ofExecution(err, "states:ListMapRuns", arn)
		}
		for _, each := range page.MapRuns {
			children, err := d.SFN.ListExecutions(ctx, &sfn.ListExecutionsInput{MapRunArn: each.MapRunArn, StatusFilter: types.ExecutionStatusFailed, MaxResults: 1})
			if err != nil {
				return "", "", d.ofExecution(err, "states:ListExecutions", aws.ToString(each.MapRunArn))
			}
			for _, child := range children.Executions {
				described, err := d.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: child.ExecutionArn})
				if err != nil {
					return "", "", d.ofExecution(err, "states:DescribeExecution", aws.ToString(child.ExecutionArn))
				}
				return aws.ToString(described.Error), sentence(aws.ToString(described.Cause)), nil
			}
		}
	}
	return "", "", nil
}

// sentence returns the message of a function's error, which a cause has as JSON. It returns every other cause unchanged.
func sentence(cause string) string {
	var of struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(cause), &of); err == nil && of.Message != "" {
		return of.Message
	}
	return cause
}

// Planned returns what the function plan has returned to an execution, from the history; nil if it has returned nothing yet, or has failed.
func (d *Deployment) Planned(ctx context.Context, name string) (*run.PlanOutput, error) {
	arn, err := d.ARN(name)
	if err != nil {
		return nil, err
	}
	pages := sfn.NewGetExecutionHistoryPaginator(d.SFN, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 50, IncludeExecutionData: new(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, d.ofExecution(err, "states:GetExecutionHistory", arn)
		}
		for _, event := range page.Events {
			entered, exited := event.StateEnteredEventDetails, event.StateExitedEventDetails
			switch {
			case exited != nil && aws.ToString(exited.Name) == contract.StatePlan:
				return planOf(aws.ToString(exited.Output))
			case entered != nil && aws.ToString(entered.Name) != contract.StatePlan: // plan has failed
				return nil, nil //nolint:nilnil // there is no plan
			}
		}
	}
	return nil, nil //nolint:nilnil // plan is at work
}

// planOf reads the output of the state Plan. A failure of plan that the state machine catches is no plan.
func planOf(output string) (*run.PlanOutput, error) {
	planned := &run.PlanOutput{}
	err := json.Unmarshal([]byte(output), planned)
	if err == nil && planned.Plan.RunID == "" {
		return nil, nil //nolint:nilnil // plan has failed
	}
	if err == nil {
		err = run.CheckVersion(planned.Plan.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("read the plan in the execution's history: %w. Use the ddb2s3 of the version that is deployed", err)
	}
	return planned, nil
}

// ofExecution says what a person can do about the error of a call about an execution.
func (d *Deployment) ofExecution(err error, action, arn string) error {
	switch fault.Code(err) {
	case "ExecutionDoesNotExist":
		return fmt.Errorf("there is no execution %s: %s lists the executions; Step Functions forgets one 90 days after its end", arn, "ddb2s3 list "+d.Flags())
	case "StateMachineDoesNotExist":
		return fmt.Errorf("there is no state machine %s: check --env or --state-machine, and AWS_PROFILE (%s)", d.StateMachineARN, strings.TrimSuffix(fault.Words(err), "."))
	}
	return d.failed(err, "Step Functions", action, arn)
}
