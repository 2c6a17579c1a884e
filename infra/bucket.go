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

// noncurrentDays is for how long a versioned bucket keeps what was overwritten or removed: of a run, leftovers of its own tries,
// and otherwise what somebody did by mistake.
const noncurrentDays = 30

// newBucket adds the destination, where the environment has it created. It outlives the stack, as what is in it must, except
// where the stack's very first deployment fails: then it is empty, and in the way of the next one.
//
// DynamoDB writes its exports with the ACL bucket-owner-full-control, which a bucket without ACLs takes.
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

// tellBucketPolicy adds, where the bucket is another account's, an output with what its owner must add to its policy: what the
// functions' roles may do with it, statement for statement. Access across accounts takes both.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func tellBucketPolicy(stack awscdk.Stack, functions map[contract.Function]awslambda.Function, props *Props) {
	if props.Bucket.Owner == "" {
		return
	}
	var statements []map[string]any
	for _, function := range contract.Functions() {
		for _, grant := range permissions(placeOf(stack), function, props) {
			if !strings.HasPrefix(grant.actions[0], "s3:") {
				continue
			}
			grant.condition = nil // the bucket's account, which its own policy need not say
			statement := grant.statement()
			statement["Principal"] = map[string]any{"AWS": functions[function].Role().RoleArn()}
			statements = append(statements, statement)
		}
	}
	policy := map[string]any{"Version": "2012-10-17", "Statement": statements}
	awscdk.NewCfnOutput(stack, jsii.String("BucketPolicy"), &awscdk.CfnOutputProps{
		Value: stack.ToJsonString(&policy, nil),
		Description: jsii.String("Account " + props.Bucket.Owner + " must add these statements to the policy of its bucket " + props.Bucket.Name +
			" (and to that of its KMS key, if it has one, what the functions' roles may do with keys)."),
	})
}
