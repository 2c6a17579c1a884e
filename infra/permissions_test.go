//go:build !race

package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/job"

	"github.com/google/go-cmp/cmp"
)

// Each role may do what its code calls, and nothing else.
func TestActionsOfRoles(t *testing.T) {
	want := map[string][]string{
		"plan/Role": {"dynamodb:DescribeTable", "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
		"scan/Role": {"dynamodb:Scan", "logs:CreateLogStream", "logs:PutLogEvents", "s3:AbortMultipartUpload", "s3:PutObject"},
		"export/Role": {
			"dynamodb:DescribeContinuousBackups", "dynamodb:DescribeExport", "dynamodb:ExportTableToPointInTime", "dynamodb:ListExports",
			"logs:CreateLogStream", "logs:PutLogEvents", "s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
			"s3:PutObjectAcl",
		},
		"finalize/Role": {
			"logs:CreateLogStream", "logs:PutLogEvents", "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject",
			"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject",
		},
		"StateMachine/Role": {
			"dynamodb:DescribeExport", "lambda:InvokeFunction", "states:DescribeExecution", "states:RedriveExecution", "states:StartExecution", "states:StopExecution",
		},
	}
	got := map[string][]string{}
	for role, statements := range policies(t) {
		for _, s := range statements {
			got[role] = append(got[role], s.Action...)
		}
		slices.Sort(got[role])
		got[role] = slices.Compact(got[role])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions by role (-want +got):\n%s", diff)
	}
}

// nameless is a resource that is not narrowed to something with a name: everything, every bucket, or everything of a kind.
var nameless = regexp.MustCompile(`^\*$|^arn:[^:]*:s3:::\*|^arn:[^:]*:[^:]*:[^:]+:[^:]*:([a-zA-Z-]+[:/])?\*`)

func TestStatementsAreNarrow(t *testing.T) {
	for role, statements := range policies(t) {
		for _, s := range statements {
			if s.Effect != "Allow" || len(s.NotAction) > 0 || len(s.NotResource) > 0 || len(s.Resource) == 0 {
				t.Errorf("%s: want what is allowed, by name, got %+v", role, s)
			}
			for _, action := range s.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s: action %s is a wildcard", role, action)
				}
			}
			if role == "export/Role" && slices.Equal(s.Action, oneOrMore{"dynamodb:ListExports"}) && slices.Equal(s.Resource, oneOrMore{"*"}) {
				continue // the one action that knows no resource
			}
			for _, resource := range s.Resource {
				if nameless.MatchString(resource) {
					t.Errorf("%s: %v on %s: name the resource", role, s.Action, resource)
				}
			}
		}
	}
}

// The services that may take a role are those that it is for.
func TestTrust(t *testing.T) {
	for name, role := range synth(t).of(t, "AWS::IAM::Role") {
		var got struct {
			AssumeRolePolicyDocument struct{ Statement []map[string]any }
		}
		remarshal(t, role.Properties, &got)
		service := "lambda.amazonaws.com"
		if name == "StateMachine/Role" {
			service = "states.amazonaws.com"
		}
		want := []map[string]any{{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": map[string]any{"Service": service}}}
		if diff := cmp.Diff(want, got.AssumeRolePolicyDocument.Statement); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The keys are those that the layout really makes, at the bucket's root and below a prefix.
func TestAccess(t *testing.T) {
	const (
		plan, scan, export, finalize, machine = "plan/Role", "scan/Role", "export/Role", "finalize/Role", "StateMachine/Role"

		s3     = "arn:aws:s3:::"
		table  = "arn:aws:dynamodb:us-east-1:000000000000:table/"
		lambda = "arn:aws:lambda:us-east-1:000000000000:function:"
		states = "arn:aws:states:us-east-1:000000000000:"
		id     = "01234567890123-a1b2c3d4" // DynamoDB's, of an export
	)
	type access struct{ role, action, resource string }
	yes := []access{
		{plan, "dynamodb:DescribeTable", table + "orders"},
		{plan, "dynamodb:DescribeTable", table + "customers"},
		{plan, "s3:ListBucket", s3 + "replica"},
		{scan, "dynamodb:Scan", table + "orders"},
		{scan, "dynamodb:Scan", table + "customers/index/by-city"},
		{export, "dynamodb:DescribeContinuousBackups", table + "orders"},
		{export, "dynamodb:ExportTableToPointInTime", table + "customers"},
		{export, "dynamodb:DescribeExport", table + "customers/export/" + id},
		{export, "dynamodb:ListExports", table + "orders"},
		{export, "s3:ListBucket", s3 + "replica"},
		{finalize, "s3:ListBucket", s3 + "replica"},
		{finalize, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{machine, "lambda:InvokeFunction", lambda + "plan"},
		{machine, "lambda:InvokeFunction", lambda + "scan"},
		{machine, "lambda:InvokeFunction", lambda + "export"},
		{machine, "lambda:InvokeFunction", lambda + "finalize"},
		{machine, "dynamodb:DescribeExport", table + "orders/export/" + id},
		{machine, "states:StartExecution", states + "stateMachine:StateMachine"},
		{machine, "states:DescribeExecution", states + "execution:StateMachine:run"},
		{machine, "states:StopExecution", states + "execution:StateMachine:run"},
		{machine, "states:RedriveExecution", states + "execution:StateMachine/Segments:run"},
		{machine, "states:RedriveExecution", states + "execution:StateMachine/Exports:run"},
		{"plan/Role", "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:plan/Logs:*"},
	}
	no := []access{
		{plan, "dynamodb:DescribeTable", table + "payroll"},
		{plan, "dynamodb:Scan", table + "orders"},
		{scan, "dynamodb:Scan", table + "payroll"},
		{scan, "dynamodb:Scan", table + "orders-2"},
		{scan, "s3:PutObject", s3 + "replica/elsewhere/data/x"},
		{scan, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/run/data/x"},
		{export, "dynamodb:ExportTableToPointInTime", table + "payroll"},
		{export, "dynamodb:DescribeExport", table + "payroll/export/" + id},
		{export, "dynamodb:Scan", table + "orders"},
		{export, "s3:PutObject", s3 + "replica/elsewhere/x"},
		{export, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/" + id + "/data/x"},
		{finalize, "dynamodb:DescribeExport", table + "orders/export/" + id},
		{finalize, "s3:DeleteObject", s3 + "replica/elsewhere/x"},
		{machine, "lambda:InvokeFunction", lambda + "plan2"},
		{machine, "dynamodb:DescribeExport", table + "payroll/export/" + id},
		{machine, "dynamodb:ExportTableToPointInTime", table + "orders"},
		{machine, "states:StartExecution", states + "stateMachine:Another"},
		{machine, "states:RedriveExecution", states + "execution:Another/Segments:run"},
		{"plan/Role", "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:scan/Logs:*"},
	}
	for _, prefix := range []string{"", "dynamodb/{table}", "a/b"} {
		root, err := job.Root(prefix, "orders", "run-1", time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		l := job.Layout{Root: root}
		data, list := s3+"replica/"+l.Data(3, 0, job.CompressionGZIP), s3+"replica/"+l.SegmentList(3, 0)
		claim, summary := s3+"replica/"+l.Claim(), s3+"replica/"+l.ManifestSummary()
		yes = append(yes,
			access{plan, "s3:PutObject", claim}, access{plan, "s3:GetObject", claim}, access{plan, "s3:GetObject", summary},
			access{scan, "s3:PutObject", data}, access{scan, "s3:AbortMultipartUpload", data}, access{scan, "s3:PutObject", list},
			access{finalize, "s3:GetObject", list}, access{finalize, "s3:GetObject", summary},
			access{finalize, "s3:DeleteObject", data}, access{finalize, "s3:DeleteObject", list},
			access{finalize, "s3:AbortMultipartUpload", data},
		)
		for _, manifest := range []string{l.ManifestFiles(), l.ManifestSummary()} {
			for _, key := range append(l.Checksums(manifest), manifest) {
				yes = append(yes, access{finalize, "s3:PutObject", s3 + "replica/" + key})
				no = append(no, access{scan, "s3:PutObject", s3 + "replica/" + key}, access{plan, "s3:PutObject", s3 + "replica/" + key})
			}
		}
		// Of native exports: what DynamoDB writes with the export function's rights, and what is kept of it.
		native := job.NativeExport(strings.TrimSuffix(strings.TrimSuffix(root, "run-1"), "AWSDynamoDB/"), table+"orders/export/"+id)
		exported := s3 + "replica/" + native.DataPrefix() + "7kzq3m5lf4y2jbxv6wq2u5c7ze.json.gz"
		shared := s3 + "replica/" + strings.TrimSuffix(root, "run-1") + "data/x.json.gz" // by all incremental exports
		journal, try, result := s3+"replica/"+l.Journal(), s3+"replica/"+l.ExportTry("token"), s3+"replica/"+l.Result()
		chain := s3 + "replica/" + job.ChainJournal(prefix, "orders", table+"orders")
		for _, key := range []string{exported, shared, s3 + "replica/" + native.Claim(), s3 + "replica/" + native.ManifestSummary()} {
			for _, action := range []string{"s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"} {
				yes = append(yes, access{export, action, key})
			}
		}
		for _, key := range append(native.Checksums(native.ManifestFiles()), native.ManifestFiles(), native.ManifestSummary()) {
			yes = append(yes, access{finalize, "s3:GetObject", s3 + "replica/" + key})
		}
		for _, key := range []string{journal, chain} {
			yes = append(yes,
				access{export, "s3:GetObject", key}, access{export, "s3:PutObject", key},
				access{finalize, "s3:GetObject", key}, access{finalize, "s3:PutObject", key},
			)
			no = append(no, access{plan, "s3:PutObject", key}, access{scan, "s3:PutObject", key}, access{finalize, "s3:DeleteObject", key})
		}
		yes = append(yes,
			access{export, "s3:PutObject", try},
			access{plan, "s3:GetObject", result}, access{finalize, "s3:GetObject", result}, access{finalize, "s3:PutObject", result},
		)
		no = append(no,
			access{export, "s3:GetObject", exported}, access{export, "s3:GetObject", shared}, access{export, "s3:DeleteObject", exported},
			access{finalize, "s3:GetObject", exported}, access{finalize, "s3:GetObject", shared}, access{finalize, "s3:PutObject", exported},
			access{finalize, "s3:PutObject", shared}, access{finalize, "s3:DeleteObject", shared},
			access{finalize, "s3:DeleteObject", exported}, access{scan, "s3:PutObject", exported}, access{scan, "s3:PutObject", shared},
			access{finalize, "s3:PutObject", try}, access{plan, "s3:PutObject", result},
		)
		no = append(no,
			access{plan, "s3:PutObject", data}, access{plan, "s3:GetObject", data},
			access{scan, "s3:PutObject", claim}, access{scan, "s3:GetObject", data},
			access{finalize, "s3:GetObject", data}, access{finalize, "s3:PutObject", data}, access{finalize, "s3:PutObject", claim},
			access{finalize, "s3:DeleteObject", claim}, access{finalize, "s3:DeleteObject", summary},
		)
	}
	granted := policies(t)
	allowed := func(a access) bool {
		return slices.ContainsFunc(granted[a.role], func(s statement) bool {
			return slices.Contains(s.Action, a.action) && slices.ContainsFunc(s.Resource, func(pattern string) bool { return matches(pattern, a.resource) })
		})
	}
	for _, a := range yes {
		if !allowed(a) {
			t.Errorf("%s may not %s on %s", a.role, a.action, a.resource)
		}
	}
	for _, a := range no {
		if allowed(a) {
			t.Errorf("%s may %s on %s", a.role, a.action, a.resource)
		}
	}
}

// matches says whether IAM takes a resource for one of a pattern, in which * stands for any characters, slashes too, and ? for
// one.
func matches(pattern, resource string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), `\?`, ".")
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(resource)
}

// statement is one of a policy.
type statement struct {
	Effect                                   string
	Action, Resource, NotAction, NotResource oneOrMore
}

// oneOrMore is a string, or a list of them: policies have both.
type oneOrMore []string

func (l *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// policies returns the statements of each role, and fails the test where a role has any that are not in a policy of its own.
func policies(t *testing.T) map[string][]statement {
	t.Helper()
	made := synth(t)
	for name, role := range made.of(t, "AWS::IAM::Role") {
		for _, property := range []string{"Policies", "ManagedPolicyArns"} {
			if role.Properties[property] != nil {
				t.Errorf("role %s has %s: %v", name, property, role.Properties[property])
			}
		}
	}
	statements := map[string][]statement{}
	for _, policy := range made.of(t, "AWS::IAM::Policy") {
		var body struct {
			PolicyDocument struct{ Statement []statement }
			Roles          []string
		}
		remarshal(t, policy.Properties, &body)
		for _, role := range body.Roles {
			statements[role] = append(statements[role], body.PolicyDocument.Statement...)
		}
	}
	return statements
}
