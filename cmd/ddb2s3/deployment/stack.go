package deployment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// The outputs of the stack that the verbs read, as infra/outputs.go names them.
const (
	outputStateMachine = "StateMachineArn"
	outputBucket       = "BucketName"
	outputLogGroups    = "LogGroups"
)

// Stack is the name of the target's stack; "" if only the state machine is known.
func (t Target) Stack() string {
	if t.Env == "" {
		return ""
	}
	return "dynamodb-to-s3-" + t.Env
}

// readStack reads the outputs of the environment's stack.
func (d *Deployment) readStack(ctx context.Context) error {
	name := d.Stack()
	answer, err := d.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	switch {
	case fault.Code(err) == "ValidationError" && strings.Contains(fault.Words(err), "does not exist"), err == nil && len(answer.Stacks) == 0:
		return fmt.Errorf("there is no stack %s in region %s: check --env, set AWS_REGION to the region of the deployment and AWS_PROFILE to its account, or deploy the environment with make deploy ENV=%s",
			name, d.AWS.Region, d.Env)
	case err != nil:
		return d.failed(err, "CloudFormation", "cloudformation:DescribeStacks", "stack "+name)
	}
	stack := answer.Stacks[0]
	outputs, missing := outputsOf(stack), []string{}
	for _, output := range []string{outputStateMachine, outputBucket} {
		if outputs[output] == "" {
			missing = append(missing, output)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("stack %s in region %s is %s and has no output %s: deploy the environment with make deploy ENV=%s, or give --state-machine",
			name, d.AWS.Region, stack.StackStatus, strings.Join(missing, ", "), d.Env)
	}
	if !machineARN.MatchString(outputs[outputStateMachine]) {
		return fmt.Errorf("stack %s has the output %s=%q, which is not the ARN of a state machine: the stack is of another program", name, outputStateMachine, outputs[outputStateMachine])
	}
	d.StateMachineARN, d.Bucket, d.logGroups = outputs[outputStateMachine], outputs[outputBucket], strings.Fields(outputs[outputLogGroups])
	return nil
}

func outputsOf(stack types.Stack) map[string]string {
	outputs := map[string]string{}
	for _, output := range stack.Outputs {
		outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	return outputs
}

// LogGroups returns the log groups of the functions. If only the state machine is known, it looks for the stack that has the state machine.
func (d *Deployment) LogGroups(ctx context.Context) ([]string, error) {
	pages := cloudformation.NewDescribeStacksPaginator(d.CloudFormation, &cloudformation.DescribeStacksInput{})
	for d.logGroups == nil && d.Env == "" {
		if !pages.HasMorePages() {
			return nil, errors.New("no stack has the output " + outputStateMachine + "=" + d.StateMachineARN + ", so the log groups are not known: give --env instead of --state-machine")
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, d.failed(err, "CloudFormation", "cloudformation:DescribeStacks", "all stacks, which --state-machine needs and --env does not")
		}
		found := slices.IndexFunc(page.Stacks, func(stack types.Stack) bool { return outputsOf(stack)[outputStateMachine] == d.StateMachineARN })
		if found >= 0 {
			d.logGroups = append([]string{}, strings.Fields(outputsOf(page.Stacks[found])[outputLogGroups])...)
		}
	}
	if len(d.logGroups) == 0 {
		return nil, fmt.Errorf("the stack of the deployment has no output %s: deploy the environment again", outputLogGroups)
	}
	return d.logGroups, nil
}

// Permissions is what to check if a call is not allowed.
const Permissions = "that your user or role has this permission, and that AWS_PROFILE and AWS_REGION are those of the deployment (docs/security.md lists the permissions of each verb)"

// failed says what a person can do about the error of a call.
func (d *Deployment) failed(err error, service, action, on string) error {
	return fault.Call{
		Service: service, Action: action, On: on, Key: "the KMS key of the deployment", Role: Permissions,
	}.Named(err)
}
