package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// sourceAccount is the condition key with the account on whose behalf a service assumes a role. A role trusts its service only on behalf of
// the stack's account, so that nobody can make the service use the role for another account.
//
// Step Functions and EventBridge Scheduler document that they send the key. Lambda and EventBridge do not document it, although AWS publishes
// such trust policies (for Lambda in github.com/aws/agent-toolkit-for-aws). The condition of their roles also holds without the key, so it
// cannot break them.
//
// aws:SourceArn is only for the schedules, whose group has its name before the role. Functions, state machines and rules get their names
// after their roles.
// https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
const sourceAccount = "aws:SourceAccount"

// onlyOwnAccount returns the condition for a service that perhaps does not send the key.
func onlyOwnAccount(scope constructs.Construct) *awsiam.ServicePrincipalOpts {
	return &awsiam.ServicePrincipalOpts{Conditions: &map[string]any{
		"StringEqualsIfExists": map[string]any{sourceAccount: awscdk.Stack_Of(scope).Account()},
	}}
}

// trustOnlyOwnAccount adds the condition to the role that the CDK makes for a state machine.
func trustOnlyOwnAccount(machine sfn.StateMachine) {
	role := machine.Node().FindChild(jsii.String("Role")).Node().DefaultChild().(awsiam.CfnRole)
	role.AddPropertyOverride(jsii.String("AssumeRolePolicyDocument.Statement.0.Condition.StringEquals"),
		map[string]any{sourceAccount: awscdk.Stack_Of(machine).Account()})
}
