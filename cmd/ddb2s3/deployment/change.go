package deployment

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// Start starts an execution with a name.
func (d *Deployment) Start(ctx context.Context, name string, input json.RawMessage) (Execution, error) {
	answer, err := d.SFN.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &d.StateMachineARN, Name: &name, Input: aws.String(string(input))})
	if fault.Code(err) == "ExecutionAlreadyExists" {
		return Execution{}, fmt.Errorf("there is an execution %s already: give another --name, or continue that one with ddb2s3 redrive %s %s. Step Functions forgets a name 90 days after the end of its execution",
			name, name, d.Flags())
	}
	if err != nil {
		return Execution{}, d.ofExecution(err, "states:StartExecution", d.StateMachineARN)
	}
	return Execution{ARN: aws.ToString(answer.ExecutionArn), Name: name, Status: execution.Running, Start: aws.ToTime(answer.StartDate).UTC(), Input: input}, nil
}

// Stop aborts an execution that runs. cause is shown with the execution; it can be "".
func (d *Deployment) Stop(ctx context.Context, name, cause string) (Execution, error) {
	e, err := d.Describe(ctx, name)
	if err != nil {
		return e, err
	}
	if e.Ended() {
		return e, fmt.Errorf("the execution %s has ended already: it is %s since %s", e.Name, e.Status, e.Stop.Format(time.RFC3339))
	}
	input := &sfn.StopExecutionInput{ExecutionArn: &e.ARN}
	if cause != "" {
		input.Cause = &cause
	}
	answer, err := d.SFN.StopExecution(ctx, input)
	if err != nil {
		return e, d.ofExecution(err, "states:StopExecution", e.ARN)
	}
	e.Status, e.Stop, e.Cause = execution.Aborted, utc(answer.StopDate), cause
	return e, nil
}

// CheckRedrive returns an execution, and fails unless a redrive can continue it.
func (d *Deployment) CheckRedrive(ctx context.Context, name string) (Execution, error) {
	e, err := d.Describe(ctx, name)
	switch {
	case err != nil:
		return e, err
	case !e.Ended():
		return e, fmt.Errorf("the execution %s is %s: only one that has ended without success can be redriven", e.Name, e.Status)
	case e.Status == execution.Succeeded:
		return e, fmt.Errorf("the execution %s has succeeded: there is nothing left to do for a redrive", e.Name)
	case !e.Redrivable:
		return e, fmt.Errorf("the execution %s cannot be redriven any more (%s): start a new execution with the same input (docs/operations.md, \"A run failed\")", e.Name, e.NotRedrivable)
	}
	if e.Status != execution.Failed {
		return e, nil
	}
	planned, err := d.Planned(ctx, name)
	if err == nil && planned == nil { // a redrive would repeat the state Failed, and not the state Plan
		err = fmt.Errorf("the execution %s failed in its state Plan, so a redrive does not help (%s: %s): correct this, and start a new execution", e.Name, e.Error, e.Cause)
	}
	return e, err
}

// Redrive continues an execution that has ended without success where it stopped.
func (d *Deployment) Redrive(ctx context.Context, e Execution) (Execution, error) {
	answer, err := d.SFN.RedriveExecution(ctx, &sfn.RedriveExecutionInput{ExecutionArn: &e.ARN})
	if fault.Code(err) == "ExecutionNotRedrivable" {
		return e, fmt.Errorf("the execution %s cannot be redriven: %s", e.Name, fault.Words(err))
	}
	if err != nil {
		return e, d.ofExecution(err, "states:RedriveExecution", e.ARN)
	}
	return Execution{ARN: e.ARN, Name: e.Name, Status: execution.Running, Start: e.Start, Redrives: e.Redrives + 1, Redriven: utc(answer.RedriveDate), Input: e.Input}, nil
}
