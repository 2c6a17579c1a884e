package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// limits are the memory and the time of one invocation.
type limits struct {
	memoryMiB float64
	timeout   time.Duration
}

// limitsOf are the default limits. scan waits for DynamoDB most of the time, so it gets no more memory than it needs to keep up. plan and export
// wait, too (docs/cost.md). finalize gets the memory that brings about one vCPU, because it compares millions of objects in one invocation
// (docs/scale.md); most runs need it for seconds. columns merges what as many segments have learned, in one invocation too. convert computes nearly all
// the time, so that its memory changes how long a conversion takes and not what it costs. catalog merges what a scan in JSON or ION has learned, as columns
// does, and prune waits for S3. Lambda allows 900 s at most.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var limitsOf = map[contract.Function]limits{
	contract.FunctionPlan:     {memoryMiB: 256, timeout: 60 * time.Second},
	contract.FunctionScan:     {memoryMiB: quota.ScanMemory, timeout: 900 * time.Second},
	contract.FunctionExport:   {memoryMiB: 256, timeout: 300 * time.Second},
	contract.FunctionColumns:  {memoryMiB: 1769, timeout: 900 * time.Second},
	contract.FunctionConvert:  {memoryMiB: 512, timeout: 900 * time.Second},
	contract.FunctionFinalize: {memoryMiB: 1769, timeout: 900 * time.Second},
	contract.FunctionCatalog:  {memoryMiB: 1769, timeout: 900 * time.Second},
	contract.FunctionPrune:    {memoryMiB: 512, timeout: 900 * time.Second},
}

// limits returns the limits of a function: those of the environment, or the defaults.
func (p *Props) limits(function contract.Function) limits {
	own, usual := p.Functions.Limits[string(function)], limitsOf[function]
	if function == contract.FunctionScan && p.transforms() {
		usual.memoryMiB = quota.TransformMemory
	}
	return limits{
		memoryMiB: cmp.Or(float64(own.MemoryMiB), usual.memoryMiB),
		timeout:   cmp.Or(time.Duration(own.TimeoutSeconds)*time.Second, usual.timeout),
	}
}

// transforms reports whether the environment's defaults or schedules have a transform. All runs share one function scan.
func (p *Props) transforms() bool {
	requests := []map[string]any{p.Defaults}
	for _, schedule := range p.Schedules {
		requests = append(requests, schedule.Input)
	}
	return slices.ContainsFunc(requests, func(req map[string]any) bool { return req["transform"] != nil })
}

// newFunction adds a function with its own role and log group. CloudFormation chooses the names of all three, so several stacks fit
// into one account and region.
func newFunction(stack awscdk.Stack, function contract.Function, props *Props) awslambda.Function {
	scope := constructs.NewConstruct(stack, jsii.String(string(function)))
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY, // the manifests of runs stay; the logs go with the stack
	})
	group := logs.Node().DefaultChild().(awslogs.CfnLogGroup)
	group.SetRetentionInDays(jsii.Number(props.LogRetention))
	encryptLogs(group, props)
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), onlyOwnAccount(scope)),
	})
	policies := newPolicies(role, role, props.policiesOf(placeOf(stack), function))
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
	made.Node().AddDependency(policies...)
	placeIn(made, props.VPC)
	return made
}

// architecture is the architecture that `make build` builds for.
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
	all := map[string]*string{
		contract.EnvDefaults:       jsii.String(props.RequestDefaults()),
		contract.EnvAccount:        &at.account,
		contract.EnvName:           &props.Name,
		contract.EnvAssumableRoles: jsii.String(props.assumableRoles()),
		contract.EnvScanTimeout:    jsii.String(strconv.Itoa(int(props.limits(contract.FunctionScan).timeout.Seconds()))),
		contract.EnvScanMemory:     jsii.String(strconv.Itoa(int(props.limits(contract.FunctionScan).memoryMiB))),
	}
	if props.Catalog != nil {
		all[contract.EnvCatalog] = &props.Catalog.Database
	}
	if len(props.Prices) > 0 {
		all[contract.EnvPrices] = jsii.String(mustMarshal(props.Prices))
	}
	if *props.Explain.Metrics {
		all[contract.EnvMetrics] = jsii.String("true")
	}
	if props.Retention != nil {
		all[contract.EnvRetention] = jsii.String(mustMarshal(props.Retention.Rule()))
	}
	return &all
}

// assumableRoles returns the roles that requests may name, as the functions read them. If the environment lists no roles, the lists are
// empty, and requests may name none.
func (p *Props) assumableRoles() string {
	return mustMarshal(request.AssumableRoles{Source: append([]string{}, p.SourceRoles...), Destination: append([]string{}, p.DestinationRoles...)})
}

// mustMarshal does not escape < and >: AWS looks for these characters in the texts that it fills in.
func mustMarshal(value any) string {
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
