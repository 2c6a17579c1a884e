//go:build !race

package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
)

// actionsOf are the actions that an operation needs: its own, and those of KMS that S3 and DynamoDB need on behalf of the caller.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
var actionsOf = map[string][]string{
	"cloudwatch.GetMetricData": {"cloudwatch:GetMetricData"},

	"dynamodb.DescribeContinuousBackups": {"dynamodb:DescribeContinuousBackups"},
	"dynamodb.DescribeExport":            {"dynamodb:DescribeExport"},
	"dynamodb.DescribeTable":             {"dynamodb:DescribeTable"},
	"dynamodb.ExportTableToPointInTime":  {"dynamodb:ExportTableToPointInTime"},
	"dynamodb.ListExports":               {"dynamodb:ListExports"},
	"dynamodb.Scan":                      {"dynamodb:Scan", "kms:Decrypt"},

	"glue.CreatePartition": {"glue:CreatePartition"},
	"glue.CreateTable":     {"glue:CreateTable"},
	"glue.DeletePartition": {"glue:DeletePartition"},
	"glue.GetPartition":    {"glue:GetPartition"},
	"glue.GetTable":        {"glue:GetTable"},
	"glue.GetTables":       {"glue:GetTables"},
	"glue.UpdatePartition": {"glue:UpdatePartition"},
	"glue.UpdateTable":     {"glue:UpdateTable"},

	"s3.AbortMultipartUpload":    {"s3:AbortMultipartUpload"},
	"s3.CompleteMultipartUpload": {"s3:PutObject", "kms:Decrypt"},
	"s3.CreateMultipartUpload":   {"s3:PutObject", "kms:GenerateDataKey"},
	"s3.DeleteObject":            {"s3:DeleteObject"},
	"s3.DeleteObjects":           {"s3:DeleteObject"},
	// S3 answers 404 if the bucket has no rules.
	"s3.GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
	// Without s3:ListBucket, S3 answers 403 instead of 404 for a missing object.
	"s3.GetObject":            {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"},
	"s3.HeadObject":           {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"},
	"s3.ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
	"s3.ListObjectsV2":        {"s3:ListBucket"},
	"s3.ListParts":            {"s3:ListMultipartUploadParts", "kms:Decrypt"},
	"s3.PutObject":            {"s3:PutObject", "kms:GenerateDataKey"},
	"s3.UploadPart":           {"s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"},

	"sfn.DescribeExecution": {"states:DescribeExecution"},

	"sts.AssumeRole": {"sts:AssumeRole"},
}

// forOthers are actions that no call of a function needs, with the service that needs them.
var forOthers = map[string]string{
	"*/Role logs:CreateLogStream":  "Lambda writes the function's logs",
	"*/Role logs:PutLogEvents":     "Lambda writes the function's logs",
	"*/Role xray:PutTraceSegments": "Lambda traces the invocations", "*/Role xray:PutTelemetryRecords": "Lambda traces the invocations",
	"*/Role ec2:CreateNetworkInterface": "Lambda connects the function to its VPC", "*/Role ec2:DeleteNetworkInterface": "Lambda connects the function to its VPC",
	"*/Role ec2:DescribeNetworkInterfaces": "Lambda connects the function to its VPC", "*/Role ec2:DescribeSubnets": "Lambda connects the function to its VPC",
	"*/Role ec2:AssignPrivateIpAddresses": "Lambda connects the function to its VPC", "*/Role ec2:UnassignPrivateIpAddresses": "Lambda connects the function to its VPC",
	"export/Role s3:PutObjectAcl": "DynamoDB writes an export", "export/Role s3:AbortMultipartUpload": "DynamoDB writes an export",
	"export/Role kms:DescribeKey": "DynamoDB describes the key before it writes an export",
}

// withheld are actions that the code of a function could call, but must not be allowed to, with the reason.
var withheld = map[string]string{
	"export/Role sts:AssumeRole":          "request.Parse refuses an export that names a role",
	"convert/Role dynamodb:Scan":          "convert gives scan a source of its own, which reads staged files",
	"convert/Role dynamodb:DescribeTable": "the same source has no table to look at",
}

// The role of each function has exactly the actions of the operations that its code can call.
func TestActionsFollowFromCode(t *testing.T) {
	code, err := loadProgram(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	granted, used := policies(t, synthFull(t)), map[string]bool{}
	for _, function := range contract.Functions() {
		role := string(function) + "/Role"
		operations, err := code.operations(function)
		if err != nil {
			t.Fatal(err)
		}
		needed := map[string]string{}
		for _, operation := range slices.Sorted(maps.Keys(operations)) {
			actions, known := actionsOf[operation]
			if !known {
				t.Errorf("%s calls %s: add the actions that it needs to actionsOf\n\t%s", function, operation, operations[operation])
			}
			for _, action := range actions {
				needed[action] = operation + "\n\t" + operations[operation]
			}
		}
		has := map[string]bool{}
		for _, s := range granted[role] {
			for _, action := range s.Action {
				has[action] = has[action] || s.Effect == "Allow"
			}
		}
		for action, operation := range needed {
			if _, name, _ := strings.Cut(action, ":"); !strings.Contains(string(page), name+"`") {
				t.Errorf("docs/security.md does not explain %s", action)
			}
			switch reason := withheld[role+" "+action]; {
			case reason != "":
				used[role+" "+action] = true
				if has[action] {
					t.Errorf("%s has %s, which is withheld: %s", role, action, reason)
				}
			case !has[action]:
				t.Errorf("%s lacks %s, but its code calls %s", role, action, operation)
			}
		}
		for action := range has {
			switch other := "*/Role " + action; {
			case needed[action] != "":
			case forOthers[other] != "":
				used[other] = true
			case forOthers[role+" "+action] != "":
				used[role+" "+action] = true
			default:
				t.Errorf("%s has %s, but no call of its code needs it", role, action)
			}
		}
	}
	for _, exceptions := range []map[string]string{forOthers, withheld} {
		for exception := range exceptions {
			if !used[exception] {
				t.Errorf("an exception that is not needed: %s", exception)
			}
		}
	}
}

// An environment without keys, roles, VPC and tracing grants nothing for them.
func TestActionsOfTheShortestEnvironment(t *testing.T) {
	for role, statements := range policies(t, synth(t)) {
		for _, s := range statements {
			for _, action := range s.Action {
				switch service, _, _ := strings.Cut(action, ":"); service {
				case "cloudwatch", "dynamodb", "s3", "logs", "lambda", "states":
				default:
					t.Errorf("%s has %s", role, action)
				}
			}
		}
	}
}

// If an environment turns explain.metrics off, plan has neither the permission to read metrics nor the variable that tells it to.
func TestMetricsCanBeTurnedOff(t *testing.T) {
	made, err := synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Explain.Metrics = new(false)
		return props
	})
	if err != nil {
		t.Fatal(err)
	}
	asks := []access{{"plan/Role", "cloudwatch:GetMetricData", "*"}}
	compareAccess(t, policies(t, synth(t)), asks, []access{{"scan/Role", "cloudwatch:GetMetricData", "*"}})
	compareAccess(t, policies(t, made), nil, asks)
	for name, function := range made.of(t, "AWS::Lambda::Function") {
		var got struct {
			Environment struct{ Variables map[string]string }
		}
		remarshal(t, function.Properties, &got)
		if value, has := got.Environment.Variables[contract.EnvMetrics]; has {
			t.Errorf("%s has %s=%s", name, contract.EnvMetrics, value)
		}
	}
}
