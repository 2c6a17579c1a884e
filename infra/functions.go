package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"

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
var limitsOf = map[contract.Function]limits{
	contract.FunctionPlan:     {memoryMiB: 512, timeout: 60 * time.Second},
	contract.FunctionScan:     {memoryMiB: 1769, timeout: 900 * time.Second},
	contract.FunctionExport:   {memoryMiB: 512, timeout: 300 * time.Second},
	contract.FunctionFinalize: {memoryMiB: 512, timeout: 900 * time.Second},
}

// limits are what the environment gives a function, or else what limitsOf does.
func (p *Props) limits(function contract.Function) limits {
	own, usual := p.Functions.Limits[string(function)], limitsOf[function]
	return limits{
		memoryMiB: cmp.Or(float64(own.MemoryMiB), usual.memoryMiB),
		timeout:   cmp.Or(time.Duration(own.TimeoutSeconds)*time.Second, usual.timeout),
	}
}

// newFunction adds a function with a role and a log group that are its own. Both, and the function, are named by CloudFormation,
// so that a second stack can stand beside the first.
func newFunction(stack awscdk.Stack, function contract.Function, props *Props) awslambda.Function {
	scope := constructs.NewConstruct(stack, jsii.String(string(function)))
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY, // what a run did is in its manifest; its logs go with the stack
	})
	logs.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(jsii.Number(props.LogRetention))
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	policy := newPolicy(role, stack, function, props)
	logs.GrantWrite(role)
	limits := props.limits(function)
	made := awslambda.NewFunction(scope, jsii.String("Function"), &awslambda.FunctionProps{
		Description:  jsii.String("dynamodb-to-s3 " + props.Name + ": " + string(function)),
		Architecture: architecture(props),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Handler:      jsii.String(string(function)),
		Code:         awslambda.Code_FromAsset(jsii.String(props.code()), nil),
		MemorySize:   &limits.memoryMiB,
		Timeout:      seconds(limits.timeout),
		Role:         role,
		LogGroup:     logs,
		Tracing:      tracing(props),
		Environment:  variables(placeOf(stack), props),
	})
	made.Node().AddDependency(policy)
	placeIn(made, props.VPC)
	return made
}

// newPolicy adds the policy of a function's role: one, inline, as checkPolicies has measured it. What is added to the role itself
// the CDK would move into managed policies where it takes it for large, whole statements at a time, however large each is.
func newPolicy(role awsiam.Role, stack awscdk.Stack, function contract.Function, props *Props) awsiam.Policy {
	policy := awsiam.NewPolicy(role, jsii.String("Permissions"), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{role}})
	at := placeOf(stack)
	for _, grant := range permissions(at, function, props) {
		policy.AddStatements(grant.policyStatement())
	}
	if network := ofNetwork(at, props); network != nil {
		for _, grant := range network {
			policy.AddStatements(grant.policyStatement())
		}
		policy.AddStatements(denyNetwork(at, network))
	}
	return policy
}

// architecture is what `make build` builds for.
func architecture(props *Props) awslambda.Architecture {
	if props.Functions.Architecture == "x86_64" {
		return awslambda.Architecture_X86_64()
	}
	return awslambda.Architecture_ARM_64()
}

func tracing(props *Props) awslambda.Tracing {
	if props.Tracing {
		return awslambda.Tracing_ACTIVE
	}
	return awslambda.Tracing_DISABLED
}

// variables are the environment variables of a function.
func variables(at place, props *Props) *map[string]*string {
	return &map[string]*string{
		contract.EnvDefaults:       jsii.String(props.RequestDefaults()),
		contract.EnvAccount:        &at.account,
		contract.EnvName:           &props.Name,
		contract.EnvAssumableRoles: jsii.String(props.assumableRoles()),
	}
}

// assumableRoles returns the roles that requests may name, as the functions read them: none, rather than any, where the
// environment lists none.
func (p *Props) assumableRoles() string {
	return mustMarshal(request.AssumableRoles{Source: notNil(p.SourceRoles), Destination: notNil(p.DestinationRoles)})
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func mustMarshal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("internal error: %v does not marshal: %v", value, err))
	}
	return string(text)
}

// mustMarshalPlain leaves < and > as they are, which AWS looks for in the texts that it fills in.
func mustMarshalPlain(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("internal error: %v does not marshal: %v", value, err))
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
