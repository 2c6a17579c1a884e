package main

import (
	"dynamodb-to-s3/lambda/job"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// runs are the keys of every run, as patterns: below the bucket's root, and below any prefix, which a request is free to
// choose. A * of IAM matches slashes too.
var runs = []job.Layout{{Root: "AWSDynamoDB/*"}, {Root: "*/AWSDynamoDB/*"}}

// chainJournals are the keys of the journals that runs of a chain share, as patterns.
var chainJournals = []string{job.ChainJournals("") + "*", job.ChainJournals("*") + "*"}

// permissions returns what a function's calls to DynamoDB and S3 need, and no more: of a scan, only plan can claim the run, only
// scan write data, and only finalize commit and remove. Only export starts exports; it lends DynamoDB the right to write them.
//
// Uploads are permitted by s3:PutObject; so is a write under If-None-Match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func permissions(stack awscdk.Stack, function job.Function, props *Props) []awsiam.PolicyStatement {
	bucket := arn(stack, "s3", props.Bucket.Name)
	object := func(key string) *string { return jsii.String(*bucket + "/" + key) }
	objects := func(keys func(job.Layout) string) []*string {
		var arns []*string
		for _, layout := range runs {
			arns = append(arns, object(keys(layout)))
		}
		return arns
	}
	var (
		claim     = objects(job.Layout.Claim)
		summary   = objects(job.Layout.ManifestSummary)
		result    = objects(job.Layout.Result)
		manifests = objects(func(l job.Layout) string { return l.Root + "/manifest-*" })
		// A ? of IAM is one character: what a scan writes is <segment>-<part>, what DynamoDB does is not.
		data     = objects(func(l job.Layout) string { return l.DataPrefix() + "??????-??????.json*" })
		lists    = objects(func(l job.Layout) string { return l.SegmentLists() + "*" })
		journals = objects(job.Layout.Journal)
		all      = objects(func(l job.Layout) string { return l.Root })
	)
	for _, pattern := range chainJournals {
		journals = append(journals, object(pattern))
	}
	switch function {
	case job.FunctionPlan:
		return []awsiam.PolicyStatement{
			allow(actions("dynamodb:DescribeTable"), tables(stack, props, "")),
			// Without s3:ListBucket, S3 answers 403 and not 404 for an object that is not there.
			allow(actions("s3:ListBucket"), []*string{bucket}),
			allow(actions("s3:GetObject"), claim, summary, result),
			allow(actions("s3:PutObject"), claim),
		}
	case job.FunctionScan:
		return []awsiam.PolicyStatement{
			allow(actions("dynamodb:Scan"), tables(stack, props, ""), tables(stack, props, "/index/*")),
			allow(actions("s3:PutObject"), data, lists),
			allow(actions("s3:AbortMultipartUpload"), data),
		}
	case job.FunctionExport:
		return []awsiam.PolicyStatement{
			// Whether, and how far back, the table can be exported is looked at before anything is started.
			allow(actions("dynamodb:DescribeContinuousBackups", "dynamodb:ExportTableToPointInTime"), tables(stack, props, "")),
			allow(actions("dynamodb:DescribeExport"), tables(stack, props, "/export/*")),
			// An export that was started before is looked for, so that it is not paid for twice. The action knows no resource:
			// it cannot be limited to a table, and tells the ARNs, types and statuses of exports only.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html#amazondynamodb-ListExports
			allow(actions("dynamodb:ListExports"), *jsii.Strings("*")),
			// As in plan.
			allow(actions("s3:ListBucket"), []*string{bucket}),
			allow(actions("s3:GetObject"), journals),
			// DynamoDB writes the export with the rights of who has started it, to a folder whose name nobody knows before,
			// and, if it is incremental, to one beside it. The journals and what the function itself writes lie there too.
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html#S3DataExport_Requesting_Permissions
			allow(actions("s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"), all),
		}
	case job.FunctionFinalize:
		return []awsiam.PolicyStatement{
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []*string{bucket}),
			// Native exports have manifests of the same names, and are checked against them.
			allow(actions("s3:GetObject"), manifests, lists, journals, result),
			allow(actions("s3:PutObject"), manifests, journals, result),
			allow(actions("s3:DeleteObject"), data, lists),
			allow(actions("s3:AbortMultipartUpload"), data),
		}
	default:
		panic("internal error: no permissions are laid down for the function " + string(function))
	}
}

// tables returns the ARNs of what is below each table, or of the tables themselves.
func tables(stack awscdk.Stack, props *Props, below string) []*string {
	var arns []*string
	for _, name := range props.Tables {
		arns = append(arns, arn(stack, "dynamodb", "table/"+name+below))
	}
	return arns
}

func actions(names ...string) *[]*string { return jsii.Strings(names...) }

func allow(actions *[]*string, resources ...[]*string) awsiam.PolicyStatement {
	var all []*string
	for _, some := range resources {
		all = append(all, some...)
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: actions, Resources: &all})
}

// arn returns the ARN of a resource of the stack's account and region; a bucket's has neither.
func arn(stack awscdk.Stack, service, resource string) *string {
	components := &awscdk.ArnComponents{
		Service: &service, Resource: &resource, ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	}
	if service == "s3" {
		components.Region, components.Account = jsii.String(""), jsii.String("")
	}
	return stack.FormatArn(components)
}
