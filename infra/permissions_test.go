//go:build !race

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// nameless matches a resource without a name: everything, every bucket, or everything of a type.
var nameless = regexp.MustCompile(`^\*$|^arn:[^:]*:s3:::\*|^arn:[^:]*:[^:]*:[^:]+:[^:]*:([a-zA-Z-]+[:/])?\*`)

// onAnything are the actions on nameless resources, with the reason.
var onAnything = map[string]string{
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
	for _, made := range []template{synth(t), synthFull(t)} {
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

// The functions may use S3 only if the expected account owns the bucket, and KMS only through S3 and DynamoDB.
func TestConditions(t *testing.T) {
	owner := map[string]map[string]oneOrMore{"StringEquals": {"aws:ResourceAccount": {"000000000000"}}}
	for _, made := range []template{synth(t), synthFull(t)} {
		for role, statements := range policies(t, made) {
			for _, s := range statements {
				switch service, _, _ := strings.Cut(s.Action[0], ":"); service {
				case "s3":
					if diff := cmp.Diff(owner, s.Condition); diff != "" {
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

// Only the service of a role may assume it.
func TestTrust(t *testing.T) {
	for _, made := range []template{synth(t), synthFull(t)} {
		for name, role := range made.of(t, "AWS::IAM::Role") {
			var got struct {
				AssumeRolePolicyDocument struct{ Statement []statement }
			}
			remarshal(t, role.Properties, &got)
			want := statement{Effect: "Allow", Action: oneOrMore{"sts:AssumeRole"}, Principal: map[string]oneOrMore{"Service": {"lambda.amazonaws.com"}}}
			switch name {
			case "StateMachine/Role", "Notifications/Explain/Role":
				want.Principal = map[string]oneOrMore{"Service": {"states.amazonaws.com"}}
			case "Notifications/Unsuccessful/Role":
				want.Principal = map[string]oneOrMore{"Service": {"events.amazonaws.com"}}
				want.Condition = map[string]map[string]oneOrMore{"StringEquals": {"aws:SourceAccount": {"000000000000"}}}
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

// The keys come from run.Layout, at the root of the bucket and below a prefix.
func TestAccess(t *testing.T) {
	const (
		plan, scan, export, finalize, machine = "plan/Role", "scan/Role", "export/Role", "finalize/Role", "StateMachine/Role"

		s3     = "arn:aws:s3:::"
		table  = "arn:aws:dynamodb:us-east-1:000000000000:table/"
		lambda = "arn:aws:lambda:us-east-1:000000000000:function:"
		states = "arn:aws:states:us-east-1:000000000000:"
		id     = "01234567890123-a1b2c3d4" // of an export of DynamoDB
	)
	yes := []access{
		{plan, "dynamodb:DescribeTable", table + "orders"},
		{plan, "dynamodb:DescribeTable", table + "customers"},
		{plan, "dynamodb:Scan", table + "orders"},
		{plan, "dynamodb:Scan", table + "orders/index/by-day"},
		{plan, "s3:ListBucket", s3 + "replica"},
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
		{scan, "s3:PutObject", s3 + "replica/elsewhere/data/x"},
		{scan, "s3:PutObject", s3 + "replica-2/AWSDynamoDB/run/data/x"},
		{export, "dynamodb:DescribeTable", table + "payroll"},
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
		root, err := run.Root(prefix, "orders", "run-1", time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		l := run.Layout{Root: root}
		data, list := s3+"replica/"+l.Data(3, 0, "0a1b2c3d", ".json.gz"), s3+"replica/"+l.SegmentList(3, 0, "0a1b2c3d")
		marker := s3 + "replica/" + l.PaceMarker("0123456789abcdef", 3)
		claim, summary := s3+"replica/"+l.Claim(), s3+"replica/"+l.ManifestSummary()
		yes = append(yes,
			access{plan, "s3:PutObject", claim}, access{plan, "s3:GetObject", claim}, access{plan, "s3:GetObject", summary},
			access{scan, "s3:PutObject", data}, access{scan, "s3:AbortMultipartUpload", data}, access{scan, "s3:PutObject", list},
			access{scan, "s3:GetObject", claim}, access{scan, "s3:GetObject", list}, access{scan, "s3:PutObject", s3 + "replica/" + l.SegmentEnd(3)}, access{finalize, "s3:GetObject", claim},
			access{scan, "s3:PutObject", marker}, access{scan, "s3:GetObject", marker}, access{scan, "s3:ListBucket", s3 + "replica"},
			access{finalize, "s3:DeleteObject", marker},
			access{finalize, "s3:GetObject", list}, access{finalize, "s3:GetObject", summary},
			access{finalize, "s3:DeleteObject", data}, access{finalize, "s3:DeleteObject", list},
			access{finalize, "s3:AbortMultipartUpload", data}, access{finalize, "s3:AbortMultipartUpload", s3 + "replica/" + l.ManifestFiles()},
		)
		for _, manifest := range []string{l.ManifestFiles(), l.ManifestSummary()} {
			for _, key := range append(l.Checksums(manifest), manifest) {
				yes = append(yes, access{finalize, "s3:PutObject", s3 + "replica/" + key})
				no = append(no, access{scan, "s3:PutObject", s3 + "replica/" + key}, access{plan, "s3:PutObject", s3 + "replica/" + key})
			}
		}
		// Native exports: what DynamoDB writes with the rights of the export function, and the journals.
		native := run.Layout{Root: strings.TrimSuffix(root, "run-1") + id}
		exported := s3 + "replica/" + native.DataPrefix() + "7kzq3m5lf4y2jbxv6wq2u5c7ze.json.gz"
		shared := s3 + "replica/" + strings.TrimSuffix(root, "run-1") + "data/x.json.gz" // shared by all incremental exports
		journal, try, result := s3+"replica/"+l.Journal(), s3+"replica/"+l.ExportTry("token"), s3+"replica/"+l.Result()
		chain := s3 + "replica/" + run.ExportChain{TableARN: table + "orders", Prefix: prefix}.Journal()
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
	compareAccess(t, policies(t, synth(t)), yes, no)
}
