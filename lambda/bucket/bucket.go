// Package bucket is the destination: one S3 bucket, with the account that must own it and the key that encrypts what is
// written. Every call to S3 that the functions make goes through it, so that none forgets either.
//
// Errors that a person can act on carry a name from package failure. It imports the AWS SDK, failure and run.
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var (
	// ErrNotFound says that the bucket holds no object of that key.
	ErrNotFound = errors.New("no such object")
	// ErrChanged says that the condition of a write does not hold: somebody else has written first.
	ErrChanged = errors.New("the object is not the one that was read")
)

// Bucket is one bucket as one run sees it. It is safe for concurrent use.
type Bucket struct {
	client *s3.Client
	name   string
	owner  *string
	kms    *string
}

// New returns the bucket that the plan writes to.
func New(client *s3.Client, plan run.Plan) *Bucket {
	return &Bucket{client: client, name: plan.Bucket, owner: optional(plan.BucketOwner), kms: optional(plan.KMSKeyID)}
}

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// URI returns s3://bucket/key.
func (b *Bucket) URI(key string) string { return "s3://" + b.name + "/" + key }

// OwnedBy returns the same bucket, with every call refused unless that account owns it.
func (b *Bucket) OwnedBy(account string) *Bucket {
	owned := *b
	owned.owner = optional(account)
	return &owned
}

// Put writes an object, over any that is there, and returns its ETag without quotes.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) (string, error) {
	return b.put(ctx, key, body, condition{})
}

// Create writes an object only if there is none of that key. created is false where there is one.
func (b *Bucket) Create(ctx context.Context, key string, body []byte) (created bool, err error) {
	_, err = b.Replace(ctx, key, body, "")
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// Replace writes an object only over the one that has the ETag, or, for "", only if there is none, and returns the new ETag, all
// without quotes. It fails with ErrChanged where there is another, or none any more.
func (b *Bucket) Replace(ctx context.Context, key string, body []byte, etag string) (string, error) {
	if etag == "" {
		return b.put(ctx, key, body, condition{ifNoneMatch: aws.String("*")})
	}
	return b.put(ctx, key, body, condition{ifMatch: aws.String(`"` + etag + `"`)})
}

// condition is what must hold for a write; at most one of the two is given.
type condition struct{ ifMatch, ifNoneMatch *string }

// unmet tells whether a write has failed for its condition. S3 answers 409 where two conditional writes, or a write and a
// deletion, met, and 404 where there is nothing to match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (c condition) unmet(err error) bool {
	switch status(err) {
	case http.StatusPreconditionFailed:
		return true
	case http.StatusConflict:
		return c.ifMatch != nil || c.ifNoneMatch != nil
	case http.StatusNotFound:
		api, ok := errors.AsType[smithy.APIError](err)
		return c.ifMatch != nil && ok && api.ErrorCode() != "NoSuchBucket"
	default:
		return false
	}
}

func (b *Bucket) put(ctx context.Context, key string, body []byte, c condition) (string, error) {
	answer, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(body), ContentType: contentType(key),
		IfMatch: c.ifMatch, IfNoneMatch: c.ifNoneMatch,
		ExpectedBucketOwner: b.owner, ServerSideEncryption: b.encryption(), SSEKMSKeyId: b.kms,
	})
	switch {
	case c.unmet(err):
		return "", fmt.Errorf("%s: %w", b.URI(key), ErrChanged)
	case err != nil:
		return "", b.named(err, "s3:PutObject", key)
	}
	return unquote(answer.ETag), nil
}

// Get returns an object's content, or ErrNotFound.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	content, _, err := b.GetTagged(ctx, key)
	return content, err
}

// GetTagged returns an object's content and its ETag without quotes, by which Replace knows it again, or ErrNotFound.
//
// The SDK tries a request again, but not an answer that breaks off, or comes damaged, while it is read: that is done here.
func (b *Bucket) GetTagged(ctx context.Context, key string) (content []byte, etag string, err error) {
	for range reads {
		var answer *s3.GetObjectOutput
		answer, err = b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, ExpectedBucketOwner: b.owner})
		if err != nil {
			return nil, "", b.named(err, "s3:GetObject", key)
		}
		content, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close() // a fault on the way has shown in the read
		if err == nil {
			return content, unquote(answer.ETag), nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, "", fmt.Errorf("read %s: %w", b.URI(key), err)
}

// reads is how often an answer is read before a fault is reported.
const reads = 3

// Find returns the entry of one object, or ErrNotFound. It needs the right to list, not the one to read.
func (b *Bucket) Find(ctx context.Context, key string) (Entry, error) {
	for entry, err := range b.List(ctx, key) { // the first of those that begin so
		if err != nil {
			return Entry{}, err
		}
		if entry.Key == key {
			return entry, nil
		}
		break
	}
	return Entry{}, fmt.Errorf("%s: %w", b.URI(key), ErrNotFound)
}

// Entry is one object as the bucket lists it. ETag is without quotes.
type Entry struct {
	Key, ETag string
	Bytes     int64
	Modified  time.Time // in whole seconds
}

// List yields the objects whose keys begin with prefix, in the order of their keys. An error ends it.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return b.ListAfter(ctx, prefix, "")
}

// ListPage is how many objects S3 lists at a time: after so many, going on asks it again.
const ListPage = 1000

// ListAfter yields, as List does, those of the objects whose keys come after one.
func (b *Bucket) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{
			Bucket: &b.name, Prefix: &prefix, StartAfter: optional(after), ExpectedBucketOwner: b.owner,
		})
		for pages.HasMorePages() {
			answer, err := pages.NextPage(ctx)
			if err != nil {
				yield(Entry{}, b.named(err, "s3:ListBucket", prefix))
				return
			}
			for _, object := range answer.Contents {
				entry := Entry{Key: aws.ToString(object.Key), ETag: unquote(object.ETag), Bytes: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified)}
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// Delete removes objects; one that is not there counts as removed.
func (b *Bucket) Delete(ctx context.Context, keys []string) error {
	const most = 1000 // what one call takes
	for len(keys) > 0 {
		batch := keys[:min(most, len(keys))]
		keys = keys[len(batch):]
		objects := make([]types.ObjectIdentifier, len(batch))
		for i := range batch {
			objects[i].Key = &batch[i]
		}
		answer, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}, ExpectedBucketOwner: b.owner,
		})
		if err != nil {
			return b.named(err, "s3:DeleteObject", batch[0])
		}
		for _, failed := range answer.Errors {
			return b.named(&smithy.GenericAPIError{Code: aws.ToString(failed.Code), Message: aws.ToString(failed.Message)},
				"s3:DeleteObject", aws.ToString(failed.Key))
		}
	}
	return nil
}

// named gives an error of the S3 client the name under which a person can act on it.
func (b *Bucket) named(err error, action, key string) error {
	if named, ok := errors.AsType[*failure.Error](err); ok { // of the credentials, before anything was asked of S3
		return fmt.Errorf("%s on %s: %w", action, b.URI(key), named)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok && status(err) != 0 {
		return failure.Errorf(failure.MalformedAnswer, "%s %s: S3's answer is none that can be read: %w", action, b.URI(key), err)
	}
	if !ok {
		return fmt.Errorf("%s %s: %w", action, b.URI(key), err)
	}
	switch code := api.ErrorCode(); {
	case !failure.Name(code).Understood():
		return failure.Errorf(failure.MalformedAnswer, "%s on %s was refused with the code %q, which is none of S3's", action, b.URI(key), code)
	case code == "NoSuchKey", code == "NotFound":
		return fmt.Errorf("%s: %w", b.URI(key), ErrNotFound)
	case code == "NoSuchBucket":
		return failure.Errorf(failure.BucketNotFound, "there is no bucket %q: create it, or correct the request's bucket", b.name)
	case code == "PermanentRedirect", code == "AuthorizationHeaderMalformed":
		return failure.Errorf(failure.BucketInOtherRegion, "bucket %q is in another region than the functions: use one in theirs (%s)", b.name, api.ErrorMessage())
	case strings.HasPrefix(code, "KMS."), code == "AccessDenied" && strings.Contains(api.ErrorMessage(), "kms:"):
		return failure.Errorf(failure.KMSKeyUnusable, "%s on %s: S3 cannot use %s: check that it exists in the bucket's region and is enabled, and that its policy and the function's role allow kms:GenerateDataKey and kms:Decrypt (%s: %s)",
			action, b.URI(key), b.keyName(), code, api.ErrorMessage())
	case code == "AccessDenied", status(err) == http.StatusForbidden && !strings.Contains(code, "Token"):
		return failure.Errorf(failure.AccessDenied, "%s on %s is not allowed: check the role that writes, the function's or destinationRoleArn, the bucket's policy and owner, and its key (%s: %s)",
			action, b.URI(key), code, api.ErrorMessage())
	default:
		return fmt.Errorf("%s %s: %w", action, b.URI(key), err)
	}
}

func status(err error) int {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

func (b *Bucket) keyName() string {
	if b.kms == nil {
		return "the bucket's own KMS key"
	}
	return "the KMS key " + *b.kms
}

func (b *Bucket) encryption() types.ServerSideEncryption {
	if b.kms == nil {
		return "" // the bucket's own
	}
	return types.ServerSideEncryptionAwsKms
}

// contentType is what native exports give their objects, as far as a browser or a crawler cares.
func contentType(key string) *string {
	switch {
	case strings.HasSuffix(key, ".gz"):
		return aws.String("application/gzip")
	case strings.HasSuffix(key, ".zst"):
		return aws.String("application/zstd")
	case strings.HasSuffix(key, ".json"):
		return aws.String("application/json")
	default:
		return aws.String("text/plain")
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
