package bucket

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/lazyregexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// named gives an error of the S3 client the name that tells a person what to do.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (b *Bucket) named(err error, action, key string) error {
	call := fault.Call{
		Service: "S3", Action: action, On: b.URI(key), Key: "the bucket's own KMS key",
		Role: "the role that writes (the function's role or destinationRoleArn), the bucket's policy and owner, and its KMS key",
	}
	if b.kms != nil {
		call.Key = "the KMS key " + *b.kms
	}
	if action == "s3:GetObject" {
		call.Role += "; without s3:ListBucket, S3 also answers this for an object that does not exist"
	}
	own, region := b.client.Options().Region, regionOf(err)
	switch code := fault.Code(err); {
	case missing(code):
		return fmt.Errorf("%s: %w", b.URI(key), ErrNotFound)
	case code == "NoSuchBucket", code == "InvalidBucketName":
		return failure.Errorf(failure.BucketNotFound, "there is no bucket %q: create it, or correct the request's bucket", b.name)
	case elsewhere(code, fault.Status(err), region) && region != own:
		return failure.Errorf(failure.BucketInOtherRegion, "bucket %q is in %s, and the functions are in %s: use a bucket in %s, or deploy the stack where the bucket is (%s: %s)",
			b.name, cmp.Or(region, "another region"), own, own, code, fault.Words(err))
	case code == "ServiceUnavailable", code == "SlowDown": // the bucket gets more requests than S3 is scaled to
		return failure.Errorf(failure.Throttled, "%s on %s: S3 asks for fewer requests: redrive the execution, and lower concurrency (%s: %s)", action, b.URI(key), code, fault.Words(err))
	default:
		return call.Named(err)
	}
}

// missing reports whether S3 says that there is no object. Without a body, an answer has the code of its status.
func missing(code string) bool { return code == "NoSuchKey" || code == "NotFound" }

// elsewhere reports whether S3 says that the bucket is in another region. It does so in several ways, some with the region.
func elsewhere(code string, status int, region string) bool {
	switch code {
	case "IllegalLocationConstraintException", "IncorrectEndpoint":
		return true
	case "AuthorizationHeaderMalformed", "BadRequest": // also for credentials or a request without any meaning
		return region != ""
	default:
		return code != "" && status/100 == 3
	}
}

// expecting is in the message of AuthorizationHeaderMalformed: the region 'us-east-1' is wrong; expecting 'eu-west-1'.
var expecting = lazyregexp.New(`expecting '([a-z0-9-]+)'`)

// regionOf returns the bucket's region, if S3's error says it.
func regionOf(err error) string {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		if region := response.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			return region
		}
	}
	if parts := expecting().FindStringSubmatch(fault.Words(err)); parts != nil {
		return parts[1]
	}
	return ""
}

// tag returns an ETag without quotes. It fails with MalformedAnswer if the answer has no ETag: conditional writes and uploads need it.
func (b *Bucket) tag(etag *string, action, key string) (string, error) {
	if tag := opaque(etag); tag != "" {
		return tag, nil
	}
	return "", failure.Errorf(failure.MalformedAnswer, "%s on %s: the answer has no ETag, which S3 always sends", action, b.URI(key))
}

// opaque returns the text in an ETag's quotes. A program between may have made the ETag weak, as if the content had been compressed.
func opaque(etag *string) string {
	return strings.Trim(strings.TrimPrefix(aws.ToString(etag), "W/"), `"`)
}

func quoted(tag string) string { return `"` + tag + `"` }
