package main

import (
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
)

// described are the parts of a stack that outputs describe. Those that the environment does not ask for are nil.
type described struct {
	machine     sfn.StateMachine
	explain     sfn.StateMachine
	functions   map[contract.Function]awslambda.Function
	topic       awssns.ITopic
	undelivered awssqs.Queue
}

// newOutputs adds the outputs: names and ARNs for commands, and policies for other accounts. docs/operations.md lists them. The end of a
// run has its output in notifications.go.
func newOutputs(stack awscdk.Stack, parts described, props *Props) {
	output := func(name, value, description string) {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: &value, Description: &description})
	}
	output("StateMachineArn", *parts.machine.StateMachineArn(), "Start executions of this state machine.")
	output("BucketName", props.Bucket.Name, "The bucket that runs write to.")
	var logs []string
	for _, function := range props.functions() {
		name := strings.ToUpper(string(function)[:1]) + string(function)[1:]
		output(name+"RoleArn", *parts.functions[function].Role().RoleArn(), "The role of the function "+string(function)+".")
		logs = append(logs, *parts.functions[function].LogGroup().LogGroupName())
	}
	output("LogGroups", strings.Join(logs, " "), "The log groups of the functions.")
	if props.Catalog != nil {
		output("CatalogDatabase", props.Catalog.Database, "The Glue database with the tables of the runs.")
	}
	if parts.topic != nil {
		output("TopicArn", *parts.topic.TopicArn(), "The topic of the notifications and alarms.")
	}
	if parts.undelivered != nil {
		output("UndeliveredQueueUrl", *parts.undelivered.QueueUrl(), "The queue of the firings that could not be delivered.")
	}
	policies := policiesOf(stack, parts.functions, props)
	if props.Bucket.Owner != "" {
		output("BucketPolicy", policies.permissions("s3", nil), "Account "+props.Bucket.Owner+" must add these statements to the policy of its bucket "+props.Bucket.Name+".")
	}
	if len(props.KMSKeys) > 0 {
		output("KeyPolicy", policies.permissions("kms", []string{"*"}), "The policies of the KMS keys must allow this, if they do not leave it to the IAM policies of this account.")
	}
	if props.CustomerManagedKey != "" {
		output("CustomerManagedKeyPolicy", policies.text(append(policies.ofMachines(parts, props), ofLogs(stack))...),
			"The policy of the customer managed key must allow this. It can leave the roles to the IAM policies of this account.")
	}
	if len(props.SourceRoles) > 0 {
		output("SourceRoleTrustPolicy", policies.trust(props.SourceRoles), "The trust policy of the roles that read tables.")
	}
	if len(props.DestinationRoles) > 0 {
		output("DestinationRoleTrustPolicy", policies.trust(props.DestinationRoles), "The trust policy of the roles that write to buckets.")
	}
}

// otherPolicies makes policies that other accounts need: access across accounts needs the policies of both sides.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
type otherPolicies struct {
	stack     awscdk.Stack
	functions []contract.Function
	roles     map[contract.Function]*string
	grants    map[contract.Function][]grant
}

func policiesOf(stack awscdk.Stack, functions map[contract.Function]awslambda.Function, props *Props) otherPolicies {
	p := otherPolicies{stack, props.functions(), map[contract.Function]*string{}, map[contract.Function][]grant{}}
	for _, function := range props.functions() {
		p.roles[function], p.grants[function] = functions[function].Role().RoleArn(), permissions(placeOf(stack), function, props)
	}
	return p
}

// permissions returns a policy that allows each function its own actions of a service, on resources instead of its own if they are given.
func (p otherPolicies) permissions(service string, resources []string) string {
	var statements []map[string]any
	for _, function := range p.functions {
		for _, grant := range p.grants[function] {
			if !strings.HasPrefix(grant.actions[0], service+":") {
				continue
			}
			if service == "s3" {
				grant.condition = maps.Clone(grant.condition)
				delete(grant.condition, "StringEquals") // it names the account of the bucket, which the bucket policy need not check
			}
			if resources != nil {
				grant.resources = resources
			}
			statement := grant.statement()
			statement["Principal"] = map[string]any{"AWS": p.roles[function]}
			statements = append(statements, statement)
		}
	}
	return p.text(statements...)
}

// ofMachines returns what the state machines do with the customer managed key.
func (p otherPolicies) ofMachines(parts described, props *Props) []map[string]any {
	roles := []*string{parts.machine.Role().RoleArn()}
	if parts.explain != nil {
		roles = append(roles, parts.explain.Role().RoleArn())
	}
	grant := ofMachineKey(placeOf(p.stack), props)
	grant.resources = []string{"*"} // itself
	statement := grant.statement()
	statement["Principal"] = map[string]any{"AWS": roles}
	return []map[string]any{statement}
}

// trust returns a trust policy that lets the functions assume roles.
func (p otherPolicies) trust(roles []string) string {
	var trusted []*string
	for _, function := range p.functions {
		if slices.ContainsFunc(p.grants[function], func(g grant) bool {
			return slices.Contains(g.actions, "sts:AssumeRole") && slices.Contains(g.resources, roles[0])
		}) {
			trusted = append(trusted, p.roles[function])
		}
	}
	return p.text(map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"AWS": trusted}})
}

// text is the JSON of a policy. Its tokens are resolved during the deployment.
func (p otherPolicies) text(statements ...map[string]any) string {
	return *p.stack.ToJsonString(&map[string]any{"Version": "2012-10-17", "Statement": statements}, nil)
}
