package main

import (
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// grant is what a role may do: a statement of its policy and, where it is about objects in another account, of the bucket's.
type grant struct {
	actions   []string
	resources []string
	condition condition
}

// condition is as policies have it: an operator, a key, and the values of which one must hold.
type condition map[string]map[string][]string

// allow grants actions on all of some resources.
func allow(actions []string, resources ...[]string) grant {
	return grant{actions: actions, resources: slices.Concat(resources...)}
}

func actions(names ...string) []string { return names }

// where grants the same under a condition.
func (g grant) where(c condition) grant {
	g.condition = c
	return g
}

// statement returns the grant as policies have it.
func (g grant) statement() map[string]any {
	statement := map[string]any{"Effect": "Allow", "Action": g.actions, "Resource": g.resources}
	if g.condition != nil {
		statement["Condition"] = g.condition
	}
	return statement
}

func (g grant) policyStatement() awsiam.PolicyStatement {
	return awsiam.PolicyStatement_FromJson(g.statement())
}

// place is where a stack is deployed, as ARNs say it: known, or the CDK's tokens for what is not known before.
type place struct{ partition, region, account string }

func placeOf(stack awscdk.Stack) place {
	return place{partition: *stack.Partition(), region: *stack.Region(), account: *stack.Account()}
}

// arn returns the ARN of a resource of the stack's account and region.
func (p place) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.partition, service, p.region, p.account, resource)
}

// bucket returns the ARN of the destination.
func (p place) bucket(props *Props) string {
	return "arn:" + p.partition + ":s3:::" + props.Bucket.Name
}

// readable are the environment's tables that the functions read with their own rights. One of another account is read through
// a role of that account instead, which a request names; before the stack is deployed its own account may be unknown, so
// an ARN is taken for another account's where such a role is listed.
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

// exportable are those of them that can be exported: of the stack's own region, as far as that is known.
func (p *Props) exportable() []string {
	return slices.DeleteFunc(p.readable(), func(table string) bool {
		region, _ := placeOfTable(table)
		return region != "" && p.Region != "" && region != p.Region
	})
}

// placeOfTable returns the region and the account of a table's ARN, and nothing of its name.
func placeOfTable(table string) (region, account string) {
	if parts := strings.Split(table, ":"); len(parts) == 6 {
		return parts[3], parts[4]
	}
	return "", ""
}

// tables returns the ARNs of what is below each of some tables, or of the tables themselves.
func (p place) tables(tables []string, below string) []string {
	var arns []string
	for _, table := range tables {
		if !strings.HasPrefix(table, "arn:") {
			table = p.arn("dynamodb", "table/"+table)
		}
		arns = append(arns, table+below)
	}
	return arns
}

// exports returns the ARNs of the exports that the state machine follows. It always has some, as the policy of a state
// must: where no table can be exported, those of a table whose name is too short for one.
func (p place) exports(props *Props) []string {
	if exports := p.tables(props.exportable(), "/export/*"); len(exports) > 0 {
		return exports
	}
	return []string{p.arn("dynamodb", "table/-/export/*")}
}
