//go:build !race

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nameless matches a resource without a name: everything, every bucket, or everything of a type.
var nameless = regexp.MustCompile(`^\*$|^arn:[^:]*:s3:::\*|^arn:[^:]*:[^:]*:[^:]+:[^:]*:([a-zA-Z-]+[:/])?\*`)

// onAnything are the actions on nameless resources, with the reason.
var onAnything = map[string]string{
	"cloudwatch:GetMetricData":       "supports no resources",
	"dynamodb:ListExports":           "supports no resources",
	"xray:PutTraceSegments":          "supports no resources",
	"xray:PutTelemetryRecords":       "supports no resources",
	"xray:GetSamplingRules":          "supports no resources",
	"xray:GetSamplingTargets":        "supports no resources",
	"ec2:DescribeSubnets":            "supports no resources",
	"ec2:CreateNetworkInterface":     "the interface has no name yet; the subnets and the groups are named",
	"ec2:DeleteNetworkInterface":     "Lambda requires all resources; the function's code is denied it",
	"ec2:DescribeNetworkInterfaces":  "supports no resources",
	"ec2:AssignPrivateIpAddresses":   "Lambda requires all resources; the function's code is denied it",
	"ec2:UnassignPrivateIpAddresses": "Lambda requires all resources; the function's code is denied it",
}

func TestStatementsAreNarrow(t *testing.T) {
	for _, made := range []template{synth(t), synthFull(t), synthEncrypted(t)} {
		for role, statements := range policies(t, made) {
			for _, s := range statements {
				if len(s.NotAction) > 0 || len(s.NotResource) > 0 || len(s.Resource) == 0 {
					t.Errorf("%s: want an Allow with actions and resources, got %+v", role, s)
				}
				if s.Effect == "Deny" {
					continue
				}
				for _, action := range s.Action {
					if strings.Contains(action, "*") {
						t.Errorf("%s: action %s is a wildcard", role, action)
					}
					for _, resource := range s.Resource {
						if nameless.MatchString(resource) && onAnything[action] == "" {
							t.Errorf("%s: %v on %s: name the resource", role, s.Action, resource)
						}
					}
				}
			}
		}
	}
}

// The functions may use S3 only if the expected account owns the bucket, set only its owner's ACL, and use KMS only through S3 and DynamoDB.
func TestConditions(t *testing.T) {
	owner := map[string]map[string]oneOrMore{"StringEquals": {"aws:ResourceAccount": {"000000000000"}}}
	acl := map[string]map[string]oneOrMore{"StringEquals": owner["StringEquals"], "StringEqualsIfExists": {"s3:x-amz-acl": {"bucket-owner-full-control"}}}
	for _, made := range []template{synth(t), synthFull(t)} {
		for role, statements := range policies(t, made) {
			for _, s := range statements {
				switch service, _, _ := strings.Cut(s.Action[0], ":"); service {
				case "s3":
					want := owner
					if slices.Contains(s.Action, "s3:PutObjectAcl") {
						want = acl
					}
					if diff := cmp.Diff(want, s.Condition); diff != "" {
						t.Errorf("%s: %v (-want +got):\n%s", role, s.Action, diff)
					}
				case "kms":
					region := strings.Split(s.Resource[0], ":")[3]
					via := s.Condition["StringEquals"]["kms:ViaService"]
					for _, host := range via {
						if host != "s3."+region+".amazonaws.com" && host != "dynamodb."+region+".amazonaws.com" {
							t.Errorf("%s: %v on a key of %s through %s", role, s.Action, region, host)
						}
					}
					if len(via) == 0 {
						t.Errorf("%s: %v on %v directly", role, s.Action, s.Resource)
					}
					if reads := slices.Contains([]string{"plan/Role", "scan/Role", "export/Role"}, role); slices.Contains(via, "dynamodb."+region+".amazonaws.com") && !reads {
						t.Errorf("%s: %v through DynamoDB, but the role reads no table", role, s.Action)
					}
				}
			}
		}
	}
}

// Only the service of a role may assume it, and only for this account.
func TestTrust(t *testing.T) {
	for _, made := range []template{synth(t), synthFull(t)} {
		for name, role := range made.of(t, "AWS::IAM::Role") {
			var got struct {
				AssumeRolePolicyDocument struct{ Statement []statement }
			}
			remarshal(t, role.Properties, &got)
			own := map[string]oneOrMore{"aws:SourceAccount": {"000000000000"}}
			want := statement{
				Effect: "Allow", Action: oneOrMore{"sts:AssumeRole"}, Principal: map[string]oneOrMore{"Service": {"lambda.amazonaws.com"}},
				Condition: map[string]map[string]oneOrMore{"StringEqualsIfExists": own}, // Lambda and EventBridge do not document the key
			}
			switch name {
			case "StateMachine/Role", "Notifications/Explain/Role":
				want.Principal = map[string]oneOrMore{"Service": {"states.amazonaws.com"}}
				want.Condition = map[string]map[string]oneOrMore{"StringEquals": own}
			case "Notifications/Unsuccessful/Role":
				want.Principal = map[string]oneOrMore{"Service": {"events.amazonaws.com"}}
			case "Schedules/Role":
				want.Principal = map[string]oneOrMore{"Service": {"scheduler.amazonaws.com"}}
				want.Condition = map[string]map[string]oneOrMore{"StringEquals": {
					"aws:SourceAccount": {"000000000000"},
					"aws:SourceArn":     {"arn:aws:scheduler:us-east-1:000000000000:schedule-group/Schedules/Group"},
				}}
			}
			if diff := cmp.Diff([]statement{want}, got.AssumeRolePolicyDocument.Statement); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestRolesAreBounded(t *testing.T) {
	for name, role := range synthFull(t).of(t, "AWS::IAM::Role") {
		if role.Properties["PermissionsBoundary"] != "arn:aws:iam::000000000000:policy/boundary" {
			t.Errorf("%s has the permissions boundary %v", name, role.Properties["PermissionsBoundary"])
		}
	}
	for name, role := range synth(t).of(t, "AWS::IAM::Role") {
		if role.Properties["PermissionsBoundary"] != nil {
			t.Errorf("%s has the permissions boundary %v", name, role.Properties["PermissionsBoundary"])
		}
	}
}

// TestKeysHaveTheirRoles checks the objects.
func TestAccess(t *testing.T) {
	const (
		plan, scan, export, columns, convert, finalize = "plan/Role", "scan/Role", "export/Role", "columns/Role", "convert/Role", "finalize/Role"
		machine                                        = "StateMachine/Role"

		s3     = "arn:aws:s3:::"
		table  = "arn:aws:dynamodb:us-east-1:000000000000:table/"
		lambda = "arn:aws:lambda:us-east-1:000000000000:function:"
		states = "arn:aws:states:us-east-1:000000000000:"
		id     = "01234567890123-a1b2c3d4" // of an export of DynamoDB
	)
	yes := []access{
		{plan, "dynamodb:DescribeTable", table + "orders"},
		{plan, "dynamodb:DescribeTable", table + "customers"},
		{plan, "dynamodb:DescribeContinuousBackups", table + "orders"},
		{plan, "cloudwatch:GetMetricData", table + "orders"},
		{plan, "dynamodb:Scan", table + "orders"},
		{plan, "dynamodb:Scan", table + "orders/index/by-day"},
		{plan, "s3:ListBucket", s3 + "replica"},
		{plan, "s3:GetLifecycleConfiguration", s3 + "replica"},
		{plan, "states:DescribeExecution", states + "execution:StateMachine:run"},
		{scan, "s3:ListBucket", s3 + "replica"},
		{scan, "dynamodb:Scan", table + "orders"},
		{scan, "dynamodb:Scan", table + "customers/index/by-city"},
		{scan, "dynamodb:DescribeTable", table + "orders"},
		{export, "dynamodb:DescribeTable", table + "orders"},
		{export, "dynamodb:DescribeContinuousBackups", table + "orders"},
		{export, "dynamodb:ExportTableToPointInTime", table + "customers"},
		{export, "dynamodb:DescribeExport", table + "customers/export/" + id},
		{export, "dynamodb:ListExports", table + "orders"},
		{export, "s3:ListBucket", s3 + "replica"},
		{columns, "s3:ListBucket", s3 + "replica"},
		{convert, "s3:ListBucket", s3 + "replica"},
		{convert, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{finalize, "s3:ListBucket", s3 + "replica"},
		{finalize, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{scan, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{machine, "lambda:InvokeFunction", lambda + "plan"},
		{machine, "lambda:InvokeFunction", lambda + "scan"},
		{machine, "lambda:InvokeFunction", lambda + "export"},
		{machine, "lambda:InvokeFunction", lambda + "columns"},
		{machine, "lambda:InvokeFunction", lambda + "convert"},
		{machine, "lambda:InvokeFunction", lambda + "finalize"},
		{machine, "dynamodb:DescribeExport", table + "orders/export/" + id},
		{machine, "states:StartExecution", states + "stateMachine:StateMachine"},
		{machine, "states:DescribeExecution", states + "execution:StateMachine:run"},
		{machine, "states:StopExecution", states + "execution:StateMachine:run"},
		{machine, "states:RedriveExecution", states + "execution:StateMachine/Segments:run"},
		{machine, "states:RedriveExecution", states + "execution:StateMachine/Exports:run"},
		{machine, "states:RedriveExecution", states + "execution:StateMachine/Conversions:run"},
		{"plan/Role", "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:plan/Logs:*"},
	}
	no := []access{
		{plan, "dynamodb:DescribeTable", table + "payroll"},
		{plan, "dynamodb:Scan", table + "payroll"},
		{plan, "dynamodb:Scan", table + "payroll/index/by-day"},
		{plan, "dynamodb:GetItem", table + "orders"},
		{plan, "states:DescribeExecution", states + "execution:Another:run"},
		{plan, "states:DescribeExecution", states + "execution:StateMachine/Segments:run"},
		{plan, "states:StartExecution", states + "stateMachine:StateMachine"},
		{plan, "states:StopExecution", states + "execution:StateMachine:run"},
		{scan, "states:DescribeExecution", states + "execution:StateMachine:run"},
		{scan, "dynamodb:Scan", table + "payroll"},
		{scan, "dynamodb:DescribeTable", table + "payroll"},
		{scan, "dynamodb:Scan", table + "orders-2"},
		{scan, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/run/data/x"},
		{export, "dynamodb:DescribeTable", table + "payroll"},
		{export, "dynamodb:ExportTableToPointInTime", table + "payroll"},
		{export, "dynamodb:DescribeExport", table + "payroll/export/" + id},
		{export, "dynamodb:Scan", table + "orders"},
		{export, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/" + id + "/data/x"},
		{plan, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{plan, "s3:PutLifecycleConfiguration", s3 + "replica"},
		{plan, "s3:GetLifecycleConfiguration", s3 + "replica-2"},
		{columns, "dynamodb:DescribeTable", table + "orders"},
		{columns, "s3:ListBucketMultipartUploads", s3 + "replica"},
		{convert, "dynamodb:Scan", table + "orders"},
		{convert, "dynamodb:DescribeTable", table + "orders"},
		{convert, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/run/data/000000-000000-x"},
		{finalize, "dynamodb:DescribeExport", table + "orders/export/" + id},
		{machine, "lambda:InvokeFunction", lambda + "plan2"},
		{machine, "dynamodb:DescribeExport", table + "payroll/export/" + id},
		{machine, "dynamodb:ExportTableToPointInTime", table + "orders"},
		{machine, "states:StartExecution", states + "stateMachine:Another"},
		{machine, "states:RedriveExecution", states + "execution:Another/Segments:run"},
		{"plan/Role", "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:scan/Logs:*"},
	}
	compareAccess(t, policies(t, synth(t)), yes, no)
}
