package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dynamodb-to-s3/infra/environment"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props are the inputs of a stack.
type Props struct {
	environment.Environment
	// CodeFolder holds the ZIP file of the Lambda program. It is deployed as it is.
	CodeFolder string
}

// AddStack adds a stack to scope: the functions, the state machine that calls them, the schedules that start it and, if the
// environment asks for it, the bucket. If the props cannot be deployed, it adds nothing and returns an error with every problem.
func AddStack(scope constructs.Construct, id string, props *Props) error {
	if err := props.check(); err != nil {
		return fmt.Errorf("environment %s: %w", props.Name, err)
	}
	stack := awscdk.NewStack(scope, &id, &awscdk.StackProps{
		Description: jsii.String("Replicates DynamoDB tables to S3 (" + props.Name + ")."),
		Env:         props.target(),
		Tags:        props.stackTags(),

		SuppressTemplateIndentation: jsii.Bool(max(len(props.Tables), len(props.Schedules), len(props.Alarms.StaleHours)) > indentedElements),
	})
	props = props.at(placeOf(stack))
	if props.PermissionsBoundary != "" { // also for the roles that the CDK adds
		boundary := awsiam.ManagedPolicy_FromManagedPolicyArn(stack, jsii.String("Boundary"), &props.PermissionsBoundary)
		awsiam.PermissionsBoundary_Of(stack).Apply(boundary)
	}
	for key, value := range props.Tags {
		// The CDK would tag dashboards too, but CloudFormation does not support that everywhere, and an unknown property fails the deployment.
		awscdk.Tags_Of(stack).Add(&key, &value, &awscdk.TagProps{ExcludeResourceTypes: jsii.Strings("AWS::CloudWatch::Dashboard")})
	}
	newBucket(stack, props)
	newDatabase(stack, props)
	functions := map[contract.Function]awslambda.Function{}
	for _, function := range props.functions() {
		functions[function] = newFunction(stack, function, props)
	}
	machine := newStateMachine(stack, "StateMachine", functions, props.Tracing)
	trustOnlyOwnAccount(machine)
	encryptMachine(machine, props)
	newPolicies(machine.Node().FindChild(jsii.String("Role")).(awsiam.Role), machine.Role(), props.policiesOfMachine(placeOf(stack)))
	allowTakeover(stack, machine, functions[contract.FunctionPlan])
	undelivered := newSchedules(stack, machine, props)
	topic, explain := newNotifications(stack, machine, props)
	newAlarms(stack, machine, undelivered, topic, props)
	newDashboard(stack, machine, functions, props)
	newOutputs(stack, described{machine, explain, functions, topic, undelivered}, props)
	return nil
}

// at returns the inputs of a stack in a place.
func (p *Props) at(place place) *Props {
	placed := *p
	placed.Environment = p.At(place.account, place.region)
	return &placed
}

// stackTags are the tags of the stack itself, which CloudFormation adds to its resources: those of the environment, and the version.
func (p *Props) stackTags() *map[string]*string {
	tags := map[string]*string{version.Tag: jsii.String(version.Number)}
	for key, value := range p.Tags {
		tags[key] = &value
	}
	return &tags
}

// target is the account and region of the stack; nil if the credentials of the deployment decide.
func (p *Props) target() *awscdk.Environment {
	if p.Account == "" || p.Region == "" {
		return nil
	}
	return &awscdk.Environment{Account: &p.Account, Region: &p.Region}
}

// check returns every reason why the stack cannot be deployed. environment.Read has already checked the environment.
func (p *Props) check() error {
	return errors.Join(p.checkQuotas(), p.checkCode())
}

func (p *Props) checkCode() error {
	if info, err := os.Stat(p.code()); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("the Lambda program is not built: %s is missing, run `make build`", p.code())
	}
	return nil
}

// code is the ZIP file that all functions share. The handler name of a function picks the step that the program runs.
func (p *Props) code() string { return filepath.Join(p.CodeFolder, "lambda.zip") }
