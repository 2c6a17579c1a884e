package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
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
