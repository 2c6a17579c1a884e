package main

import (
	"cmp"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/partition"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

const (
	// maxInline is the maximum size of all inline policies of a role, and maxManaged that of a managed policy, in characters without white
	// space.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
	maxInline, maxManaged = 10_240, 6_144
	// reservedInline is the part of the inline policies for what the CDK adds: logs and tracing. For the state machine it is everything but
	// the exports: the functions, tracing, and the executions of its Maps.
	reservedInline, reservedOfMachine = 500, 4_000
	// policyFrame is the size of a policy without statements.
	policyFrame = len(`{"Version":"2012-10-17","Statement":[]}`)
)

// policiesOf returns the permissions of a function's role, divided among its policies: the first is inline, the others are managed.
func (p *Props) policiesOf(at place, function contract.Function) [][]grant {
	room := maxInline - reservedInline
	if function == contract.FunctionPlan { // allowTakeover adds another inline policy
		room -= at.size(p, ofExecutions(at, strings.Repeat("s", maxMachineName))) + policyFrame
	}
	return p.divided(at, permissions(at, function, p), room)
}

// policiesOfMachine returns the permission of the state machine's role to follow exports, divided like those of a function. The CDK adds
// everything else that the state machine needs.
func (p *Props) policiesOfMachine(at place) [][]grant {
	return p.divided(at, []grant{allow(actions("dynamodb:DescribeExport"), at.exports(p))}, maxInline-reservedOfMachine)
}

// divided divides grants among the policies of a role. If this makes more managed policies than a role may have, it writes the grants
// shorter.
func (p *Props) divided(at place, grants []grant, room int) [][]grant {
	policies := p.pack(at, grants, room)
	if len(policies)-1 <= p.Quotas.ManagedPoliciesPerRole {
		return policies
	}
	var short []grant
	for _, each := range grants {
		short = append(short, each.short()...)
	}
	return p.pack(at, short, room)
}

// pack fills one policy after the other, the first up to room. If a grant does not fit as a whole, its resources are divided: two
// statements with half of the resources allow the same as one with all.
func (p *Props) pack(at place, grants []grant, room int) [][]grant {
	policies, left := [][]grant{nil}, room-policyFrame
	for _, each := range grants {
		rest := each.resources
		each.resources = nil
		for frame := at.size(p, each); len(rest) > 0; {
			n, used := 0, frame
			for n < len(rest) {
				size := at.measure(p, rest[n]) + len(`"",`)
				if used+size > left {
					break
				}
				n, used = n+1, used+size
			}
			if n == 0 { // the policy is full; a resource always fits into a new one
				policies, left = append(policies, nil), maxManaged-policyFrame
				continue
			}
			part := each
			part.resources = rest[:n]
			last := &policies[len(policies)-1]
			*last, rest, left = append(*last, part), rest[n:], left-used
		}
	}
	return policies
}

// short returns a grant on tables in fewer characters, which allows the same:
//   - The region and the account are conditions instead of parts of each ARN. Every request has aws:RequestedRegion. If a request has no
//     aws:ResourceAccount, a table of another account stays closed unless its own policy opens it.
//   - Indexes are the only resources below a table that dynamodb:Scan supports, and exports the only ones that dynamodb:DescribeExport does.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func (g grant) short() []grant {
	if !strings.HasPrefix(g.actions[0], "dynamodb:") || g.condition != nil || g.resources[0] == "*" {
		return []grant{g}
	}
	var places []place
	byPlace := map[place][]string{}
	for _, resource := range g.resources {
		parts := strings.SplitN(resource, ":", 6)
		of := place{region: parts[3], account: parts[4]}
		if byPlace[of] == nil {
			places = append(places, of)
		}
		parts[3], parts[4] = "*", "*"
		short := strings.Join(parts, ":")
		for _, only := range []string{"index/*", "export/*"} {
			if begin, found := strings.CutSuffix(short, only); found {
				short = begin + "*"
			}
		}
		byPlace[of] = append(byPlace[of], short)
	}
	var all []grant
	for _, of := range places {
		all = append(all, allow(g.actions, byPlace[of]).where(condition{
			"StringEquals": {"aws:RequestedRegion": {of.region}}, "StringEqualsIfExists": {"aws:ResourceAccount": {of.account}},
		}))
	}
	return all
}

// size returns the size of a grant in a policy, in characters.
func (p place) size(props *Props, g grant) int {
	return p.measure(props, mustMarshal(g.statement())) + len(",")
}

// measure returns the number of characters of a text in a deployed policy. A part of the place that is unknown before the deployment counts
// with the longest value that it can have.
func (p place) measure(props *Props, text string) int {
	longest := props.longest()
	return len(strings.NewReplacer(p.partition, longest.partition, p.region, longest.region, p.account, longest.account).Replace(text))
}

// longest returns the place of the stack. What is unknown before the deployment has the longest value that it can have in the partition aws:
// an environment of another partition with very many tables gives its account and region.
func (p *Props) longest() place {
	region := cmp.Or(p.Region, "ap-southeast-2")
	return place{partition: cmp.Or(partition.Of(region), "aws"), region: region, account: cmp.Or(p.Account, "123456789012")}
}

// newPolicies adds the policies of a role: the first inline, the others managed. Their names are CloudFormation's. If the statements were
// added to the role itself, the CDK would divide them by sizes that it estimates.
func newPolicies(scope constructs.Construct, role awsiam.IRole, policies [][]grant) []constructs.IDependable {
	var made []constructs.IDependable
	for i, grants := range policies {
		var statements []awsiam.PolicyStatement
		for _, each := range grants {
			statements = append(statements, each.policyStatement())
		}
		if i == 0 {
			made = append(made, awsiam.NewPolicy(scope, jsii.String("Permissions"), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{role}, Statements: &statements}))
			continue
		}
		made = append(made, awsiam.NewManagedPolicy(scope, jsii.String("Permissions"+strconv.Itoa(i+1)), &awsiam.ManagedPolicyProps{
			Roles: &[]awsiam.IRole{role}, Statements: &statements,
			Description: jsii.String("What does not fit into the inline policy of the role."),
		}))
	}
	return made
}
