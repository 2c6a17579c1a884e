package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// UploadRule is a lifecycle rule that aborts open uploads.
type UploadRule struct {
	ID     string
	Prefix string // of the keys of the uploads
	Days   int    // after the start of an upload
}

// UploadRules returns the enabled lifecycle rules of the bucket that abort open uploads. It returns none if S3 does not answer: the role may
// have no right to read the rules, and other servers have none.
func (b *Bucket) UploadRules(ctx context.Context) (rules []UploadRule) {
	answer, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner},
		func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return nil
	}
	for _, rule := range answer.Rules {
		abort := rule.AbortIncompleteMultipartUpload
		if rule.Status != types.ExpirationStatusEnabled || abort == nil || abort.DaysAfterInitiation == nil {
			continue
		}
		rules = append(rules, UploadRule{ID: aws.ToString(rule.ID), Prefix: prefixOf(rule), Days: int(*abort.DaysAfterInitiation)})
	}
	return rules
}

// prefixOf returns the prefix of a rule's keys. S3 has three places for it. It refuses tags and sizes in a rule that aborts uploads.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-actions
func prefixOf(rule types.LifecycleRule) string {
	switch {
	case rule.Filter == nil:
		return aws.ToString(rule.Prefix) //nolint:staticcheck // S3 returns old rules as they were written
	case rule.Filter.And != nil:
		return aws.ToString(rule.Filter.And.Prefix)
	default:
		return aws.ToString(rule.Filter.Prefix)
	}
}
