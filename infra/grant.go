package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// grant is a permission of a role: a statement of its policy. If the bucket is in another account, the bucket policy needs it too.
type grant struct {
	deny      bool
	actions   []string
	resources []string
	condition condition
}

// condition is the condition of a statement: an operator, a key, and the values. One of the values must match.
type condition map[string]map[string][]string

// allow grants actions on resources.
func allow(actions []string, resources ...[]string) grant {
	return grant{actions: actions, resources: slices.Concat(resources...)}
}

func actions(names ...string) []string { return names }

// where adds a condition to the grant. All conditions of a grant must hold. No two of them have the same operator.
func (g grant) where(c condition) grant {
	both := maps.Clone(c)
	maps.Copy(both, g.condition)
	g.condition = both
	return g
}

// statement returns the grant as a statement of a policy.
func (g grant) statement() map[string]any {
	statement := map[string]any{"Effect": "Allow", "Action": g.actions, "Resource": g.resources}
	if g.deny {
		statement["Effect"] = "Deny"
	}
	if len(g.condition) > 0 {
		statement["Condition"] = g.condition
	}
	return statement
}

func (g grant) policyStatement() awsiam.PolicyStatement {
	return awsiam.PolicyStatement_FromJson(g.statement())
}

// place is where a stack is deployed, for ARNs. A part that is unknown before the deployment is a token of the CDK.
type place struct{ partition, region, account string }

func placeOf(stack awscdk.Stack) place {
	return place{partition: *stack.Partition(), region: *stack.Region(), account: *stack.Account()}
}

// arn returns the ARN of a resource in the stack's account and region.
func (p place) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.partition, service, p.region, p.account, resource)
}

// bucket returns the ARN of the destination bucket.
func (p place) bucket(props *Props) string {
	return "arn:" + p.partition + ":s3:::" + props.Bucket.Name
}

// readable returns the tables of the environment that the functions read with their own rights. The functions read a table of another
// account through a role of that account, which the request names. If the account of the stack is unknown, a table counts as another
// account's if the environment lists a role of the table's account.
func (p *Props) readable() []string {
	return slices.DeleteFunc(slices.Clone(p.Tables), func(table string) bool {
		_, account := placeOfTable(table)
		if account == "" || p.Account != "" {
			return account != "" && account != p.Account
		}
		return slices.ContainsFunc(p.SourceRoles, func(role string) bool {
			of, err := request.RoleAccount(role)
			return err == nil && of == account
		})
	})
}

// exportable returns the readable tables that can be exported: those in the region of the stack, if it is known.
func (p *Props) exportable() []string {
	return slices.DeleteFunc(p.readable(), func(table string) bool {
		region, _ := placeOfTable(table)
		return region != "" && p.Region != "" && region != p.Region
	})
}

// placeOfTable returns the region and the account in the ARN of a table. For a name, both are empty.
func placeOfTable(table string) (region, account string) {
	if parts := strings.Split(table, ":"); len(parts) == 6 {
		return parts[3], parts[4]
	}
	return "", ""
}

// tables returns the ARNs of tables, each with every one of below appended. All ARNs of a table come before those of the next one, so that a
// new table at the end moves no other one to another policy.
func (p place) tables(tables []string, below ...string) []string {
	var arns []string
	for _, table := range tables {
		if !strings.HasPrefix(table, "arn:") {
			table = p.arn("dynamodb", "table/"+table)
		}
		for _, each := range below {
			arns = append(arns, table+each)
		}
	}
	return arns
}

// exports returns the ARNs of the exports that the state machine follows. A statement must have a resource, so if no table can be
// exported, it is the ARN of a table that cannot exist: its name is too short.
func (p place) exports(props *Props) []string {
	if exports := p.tables(props.exportable(), "/export/*"); len(exports) > 0 {
		return exports
	}
	return []string{p.arn("dynamodb", "table/-/export/*")}
}
