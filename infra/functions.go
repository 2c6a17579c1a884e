package main

import (
	"time"

	"dynamodb-to-s3/lambda/job"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// limits are what one invocation of a function gets.
type limits struct {
	memoryMiB float64
	timeout   time.Duration
}

// limitsOf gives scan the memory that brings about one vCPU, for it encodes and compresses; the others wait for answers.
// 900 s is the most that Lambda allows.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var limitsOf = map[job.Function]limits{
	job.FunctionPlan:     {memoryMiB: 512, timeout: 60 * time.Second},
	job.FunctionScan:     {memoryMiB: 1769, timeout: 900 * time.Second},
	job.FunctionExport:   {memoryMiB: 512, timeout: 300 * time.Second},
	job.FunctionFinalize: {memoryMiB: 512, timeout: 900 * time.Second},
}

// newFunction adds a function with a role and a log group that are its own.
func newFunction(stack awscdk.Stack, function job.Function, props *Props) awslambda.Function {
	scope := constructs.NewConstruct(stack, jsii.String(string(function)))
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY, // what a run did is in its manifest; its logs go with the stack
	})
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	for _, statement := range permissions(stack, function, props) {
		role.AddToPolicy(statement)
	}
	logs.GrantWrite(role)
	return awslambda.NewFunction(scope, jsii.String("Function"), &awslambda.FunctionProps{
		Description:  jsii.String("dynamodb-to-s3 " + props.Name + ": " + string(function)),
		Architecture: awslambda.Architecture_ARM_64(),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(props.code(function)), nil),
		MemorySize:   jsii.Number(limitsOf[function].memoryMiB),
		Timeout:      seconds(limitsOf[function].timeout),
		Role:         role,
		LogGroup:     logs,
		Environment: &map[string]*string{
			job.EnvDefaults: jsii.String(props.requestDefaults()),
			job.EnvAccount:  stack.Account(),
		},
	})
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
