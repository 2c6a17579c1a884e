// Package bucket is the destination: one S3 bucket, with the account that must own it and the key that encrypts new objects. Every
// S3 call of the functions goes through it, so no call forgets either.
//
// Errors that a person can act on carry a name from package failure. The package may import failure, fault, lazyregexp
// and run.
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
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var (
	// ErrNotFound says that the bucket has no object with that key.
	ErrNotFound = errors.New("no such object")
	// ErrChanged says that the condition of a write is not met: another program wrote first.
	ErrChanged = errors.New("the object is not the one that was read")
)

// Bucket is the bucket of one run. It is safe for concurrent use.
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

// OwnedBy returns the same bucket. S3 refuses its calls unless the account owns the bucket.
func (b *Bucket) OwnedBy(account string) *Bucket {
	owned := *b
	owned.owner = optional(account)
	return &owned
}

// Once returns the same bucket. Its requests are sent once: if an answer is lost, the caller must not think that the request was not carried out.
func (b *Bucket) Once() *Bucket {
	once := *b
	once.client = s3.New(b.client.Options(), func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	return &once
}

// Put writes an object, over an existing one too, and returns its ETag without quotes.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) (string, error) {
	return b.put(ctx, key, body, condition{})
}

// Create writes an object only if the key is free; created is false if it is not.
func (b *Bucket) Create(ctx context.Context, key string, body []byte) (created bool, err error) {
	_, err = b.Replace(ctx, key, body, "")
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// Replace writes an object only over the one with the ETag, or for "" only if the key is free. It returns the new ETag. ETags are
// without quotes. It fails with ErrChanged if there is another object, or no object any more.
func (b *Bucket) Replace(ctx context.Context, key string, body []byte, etag string) (string, error) {
	if etag == "" {
		return b.put(ctx, key, body, condition{ifNoneMatch: aws.String("*")})
	}
	return b.put(ctx, key, body, condition{ifMatch: aws.String(quoted(etag))})
}

// condition is the condition of a write. At most one of the two is given.
type condition struct{ ifMatch, ifNoneMatch *string }

// unmet reports whether a write failed because of its condition. S3 answers 409 if two conditional writes, or a write and a
// deletion, happen at the same time. It answers 404 if there is no object to match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (c condition) unmet(err error) bool {
	switch fault.Status(err) {
	case http.StatusPreconditionFailed:
		return true
	case http.StatusConflict:
		return c.ifMatch != nil || c.ifNoneMatch != nil
	case http.StatusNotFound:
		return c.ifMatch != nil && missing(fault.Code(err))
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
	return b.tag(answer.ETag, "s3:PutObject", key)
}

// Get returns an object's content, or ErrNotFound.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	content, _, err := b.GetTagged(ctx, key)
	return content, err
}

// GetTagged returns an object's content and the ETag for Replace, or ErrNotFound.
//
// The SDK repeats a request, but it does not repeat a download that breaks off or is damaged. GetTagged does.
func (b *Bucket) GetTagged(ctx context.Context, key string) (content []byte, etag string, err error) {
	for range reads {
		var answer *s3.GetObjectOutput
		answer, err = b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, ExpectedBucketOwner: b.owner})
		if err != nil {
			return nil, "", b.named(err, "s3:GetObject", key)
		}
		content, err = readAll(answer)
		_ = answer.Body.Close() // a fault of the download has shown in the read
		if err == nil {
			etag, err = b.tag(answer.ETag, "s3:GetObject", key)
			return content, etag, err
		}
		if ctx.Err() != nil {
			return nil, "", fmt.Errorf("read %s: %w", b.URI(key), err)
		}
	}
	return nil, "", failure.Errorf(failure.MalformedAnswer, "read %s: %w", b.URI(key), fault.Damage(err))
}

// readAll reads an object into as much memory as it needs: a manifest can have hundreds of megabytes.
func readAll(answer *s3.GetObjectOutput) ([]byte, error) {
	content := bytes.NewBuffer(make([]byte, 0, max(0, aws.ToInt64(answer.ContentLength))+bytes.MinRead))
	_, err := content.ReadFrom(answer.Body)
	return content.Bytes(), err
}

// Open begins to read an object that has this ETag. It fails with ErrNotFound, or with ErrChanged if the object has another ETag. The caller
// closes the object, and a read of it fails if the download breaks off.
func (b *Bucket) Open(ctx context.Context, key, etag string) (io.ReadCloser, error) {
	tag := quoted(etag)
	answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, IfMatch: &tag, ExpectedBucketOwner: b.owner})
	if err != nil {
		if fault.Status(err) == http.StatusPreconditionFailed {
			return nil, fmt.Errorf("%s: %w", b.URI(key), ErrChanged)
		}
		return nil, b.named(err, "s3:GetObject", key)
	}
	return answer.Body, nil
}

// reads is how often GetTagged reads an answer before it fails.
const reads = 3

// Find returns the listing's entry of one object, or ErrNotFound. It needs the permission to list, not to read.
func (b *Bucket) Find(ctx context.Context, key string) (Entry, error) {
	for entry, err := range b.List(ctx, key) { // the first key with this prefix
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

// Entry is one object in a listing. ETag is without quotes.
type Entry struct {
	Key, ETag string
	Bytes     int64
	Modified  time.Time // in whole seconds
}

// List yields the objects whose keys begin with prefix, in the order of their keys. It stops after an error.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return b.ListAfter(ctx, prefix, "")
}

// ListPage is how many objects one request to S3 lists.
const ListPage = 1000

// ListAfter is like List, for the keys that come after one.
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
				entry := Entry{Key: aws.ToString(object.Key), ETag: opaque(object.ETag), Bytes: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified)}
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// Folders yields the folders directly below prefix whose keys begin with it, each with the slash at its end, in order. It stops after an error.
func (b *Bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{
			Bucket: &b.name, Prefix: &prefix, Delimiter: aws.String("/"), ExpectedBucketOwner: b.owner,
		})
		for pages.HasMorePages() {
			answer, err := pages.NextPage(ctx)
			if err != nil {
				yield("", b.named(err, "s3:ListBucket", prefix))
				return
			}
			for _, folder := range answer.CommonPrefixes {
				if !yield(aws.ToString(folder.Prefix), nil) {
					return
				}
			}
		}
	}
}

// Delete removes objects. An object that does not exist counts as removed.
func (b *Bucket) Delete(ctx context.Context, keys []string) error {
	const most = 1000 // the most that one call takes
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

func (b *Bucket) encryption() types.ServerSideEncryption {
	if b.kms == nil {
		return "" // the bucket's own
	}
	return types.ServerSideEncryptionAwsKms
}

// contentType returns the content type that native exports give to such an object.
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
