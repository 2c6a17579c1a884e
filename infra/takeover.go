package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// allowTakeover lets plan ask what has become of an execution of this state machine, so that a run that has died with it can be
// taken over. The policy is one of its own, and lies outside the role: the function waits for what lies in its role, the state
// machine waits for the function, and this waits for the state machine, whose name it has.
func allowTakeover(stack awscdk.Stack, machine sfn.StateMachine, plan awslambda.Function) {
	scope := constructs.NewConstruct(stack, jsii.String("Takeover"))
	policy := awsiam.NewPolicy(scope, jsii.String("Permissions"), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{plan.Role()}})
	policy.AddStatements(ofExecutions(placeOf(stack), *machine.StateMachineName()).policyStatement())
}

// ofExecutions is what plan does with the executions of a state machine.
func ofExecutions(at place, machine string) grant {
	return allow(actions("states:DescribeExecution"), []string{at.arn("states", "execution:"+machine+":*")})
}
