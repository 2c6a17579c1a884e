package main

import (
	"strings"

	"dynamodb-to-s3/lambda/contract"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// noncurrentDays is how long a versioned bucket keeps overwritten and removed objects. Runs remove leftovers of their own tries;
// everything else was probably a mistake.
const noncurrentDays = 30

// newBucket adds the destination bucket if the environment asks for it. The bucket and its data stay when the stack is destroyed. If
// the very first deployment of the stack fails, the bucket is removed: it is empty, and it would block the next deployment.
//
// DynamoDB writes its exports with the ACL bucket-owner-full-control, which a bucket without ACLs accepts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
func newBucket(stack awscdk.Stack, props *Props) {
	if !props.Bucket.Create {
		return
	}
	unfinished := awss3.LifecycleRule{
		Id:                                  jsii.String("AbortUnfinishedUploads"),
		AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(props.Bucket.AbortUploadsAfterDays)),
	}
	rules := []*awss3.LifecycleRule{&unfinished}
	if props.Bucket.Versioning {
		rules = append(rules, &awss3.LifecycleRule{
			Id:                          jsii.String("RemoveOldVersions"),
			NoncurrentVersionExpiration: awscdk.Duration_Days(jsii.Number(noncurrentDays)),
			ExpiredObjectDeleteMarker:   jsii.Bool(true),
		})
	}
	bucket := &awss3.BucketProps{
		BucketName:        &props.Bucket.Name,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		Versioned:         &props.Bucket.Versioning,
		LifecycleRules:    &rules,
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	}
	if key := props.DefaultKey(); key != "" {
		bucket.Encryption, bucket.BucketKeyEnabled = awss3.BucketEncryption_KMS, jsii.Bool(true)
		bucket.EncryptionKey = awskms.Key_FromKeyArn(stack, jsii.String("Key"), &key)
	}
	awss3.NewBucket(stack, jsii.String("Bucket"), bucket)
}

// outputBucketPolicy adds an output for a bucket in another account: the statements that its owner must add to the bucket policy. They
// repeat what the functions' roles may do with the bucket, because access across accounts needs both policies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func outputBucketPolicy(stack awscdk.Stack, functions map[contract.Function]awslambda.Function, props *Props) {
	if props.Bucket.Owner == "" {
		return
	}
	var statements []map[string]any
	for _, function := range contract.Functions() {
		for _, grant := range permissions(placeOf(stack), function, props) {
			if !strings.HasPrefix(grant.actions[0], "s3:") {
				continue
			}
			grant.condition = nil // it names the account of the bucket, which the bucket policy need not check
			statement := grant.statement()
			statement["Principal"] = map[string]any{"AWS": functions[function].Role().RoleArn()}
			statements = append(statements, statement)
		}
	}
	policy := map[string]any{"Version": "2012-10-17", "Statement": statements}
	awscdk.NewCfnOutput(stack, jsii.String("BucketPolicy"), &awscdk.CfnOutputProps{
		Value: stack.ToJsonString(&policy, nil),
		Description: jsii.String("Account " + props.Bucket.Owner + " must add these statements to the policy of its bucket " + props.Bucket.Name +
			". If a KMS key encrypts the bucket, the policy of the key must allow what the functions' roles may do with keys."),
	})
}
