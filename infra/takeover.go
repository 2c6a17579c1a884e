package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// allowTakeover lets plan read the status of this state machine's executions, so that plan can take over the run of an execution that
// ended. This policy is not part of the role. The function depends on its role, the state machine depends on the function, and this policy
// depends on the state machine, because it has its name.
func allowTakeover(stack awscdk.Stack, machine sfn.StateMachine, plan awslambda.Function) {
	scope := constructs.NewConstruct(stack, jsii.String("Takeover"))
	policy := awsiam.NewPolicy(scope, jsii.String("Permissions"), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{plan.Role()}})
	policy.AddStatements(ofExecutions(placeOf(stack), *machine.StateMachineName()).policyStatement())
}

// ofExecutions returns what plan does with the executions of a state machine.
func ofExecutions(at place, machine string) grant {
	return allow(actions("states:DescribeExecution"), []string{at.arn("states", "execution:"+machine+":*")})
}
