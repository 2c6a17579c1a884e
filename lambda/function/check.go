package function

import (
	"context"

	"dynamodb-to-s3/lambda/run"
)

// CheckInput returns the error name and the cause with which the function plan would refuse an input without asking a service. Both are ""
// if it would not.
func (e *Engine) CheckInput(in run.PlanInput) (name, cause string) {
	return shown(e.plan.CheckInput(in))
}

// Check returns the error name and the cause with which the function plan would refuse an input before it claims the run. It asks DynamoDB
// and writes nothing.
func (e *Engine) Check(ctx context.Context, in run.PlanInput) (name, cause string) {
	return shown(e.plan.Check(ctx, in))
}

// shown returns the name and the message of an error as Step Functions shows them.
func shown(err error) (name, cause string) {
	if err == nil {
		return "", ""
	}
	failed := named(err)
	return failed.Type, failed.Message
}
