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

// permissions returns what a function's calls to DynamoDB and S3 need, and no more: only plan can claim a run, only scan
// write data, and only finalize commit and remove.
//
// Uploads are permitted by s3:PutObject; so is a write under If-None-Match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func permissions(stack awscdk.Stack, function job.Function, props *Props) []awsiam.PolicyStatement {
	bucket := arn(stack, "s3", props.Bucket)
	objects := func(keys func(job.Layout) string) []*string {
		var arns []*string
		for _, layout := range runs {
			arns = append(arns, jsii.String(*bucket+"/"+keys(layout)))
		}
		return arns
	}
	var (
		claim     = objects(job.Layout.Claim)
		summary   = objects(job.Layout.ManifestSummary)
		manifests = objects(func(l job.Layout) string { return l.Root + "/manifest-*" })
		data      = objects(func(l job.Layout) string { return l.DataPrefix() + "*" })
		lists     = objects(func(l job.Layout) string { return l.SegmentLists() + "*" })
	)
	var tables, indexes []*string
	for _, name := range props.Tables {
		table := arn(stack, "dynamodb", "table/"+name)
		tables, indexes = append(tables, table), append(indexes, jsii.String(*table+"/index/*"))
	}
	switch function {
	case job.FunctionPlan:
		return []awsiam.PolicyStatement{
			allow(actions("dynamodb:DescribeTable"), tables),
			// Without s3:ListBucket, S3 answers 403 and not 404 for an object that is not there.
			allow(actions("s3:ListBucket"), []*string{bucket}),
			allow(actions("s3:GetObject"), claim, summary),
			allow(actions("s3:PutObject"), claim),
		}
	case job.FunctionScan:
		return []awsiam.PolicyStatement{
			allow(actions("dynamodb:Scan"), tables, indexes),
			allow(actions("s3:PutObject"), data, lists),
			allow(actions("s3:AbortMultipartUpload"), data),
		}
	case job.FunctionFinalize:
		return []awsiam.PolicyStatement{
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []*string{bucket}),
			allow(actions("s3:GetObject"), summary, lists),
			allow(actions("s3:PutObject"), manifests),
			allow(actions("s3:DeleteObject"), data, lists),
			allow(actions("s3:AbortMultipartUpload"), data),
		}
	default:
		panic("internal error: no permissions are laid down for the function " + string(function))
	}
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
