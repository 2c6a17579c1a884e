package bucket

import (
	"bytes"
	"context"
	"slices"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3's limits of a multipart upload: every part except the last has MinPart bytes or more, and there are MaxParts parts or fewer.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	MinPart  = 5 << 20
	MaxParts = 10_000
)

// Upload is an open multipart upload. Nobody sees its object before Complete.
type Upload struct {
	bucket *Bucket
	key    string
	id     string
}

// Part is an uploaded part of an Upload.
type Part struct{ completed types.CompletedPart }

// StartUpload begins a multipart upload.
func (b *Bucket) StartUpload(ctx context.Context, key string) (*Upload, error) {
	answer, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: contentType(key), ChecksumAlgorithm: b.checksum(),
		ExpectedBucketOwner: b.owner, ServerSideEncryption: b.encryption(), SSEKMSKeyId: b.kms,
	})
	if err != nil {
		return nil, b.named(err, "s3:PutObject", key)
	}
	if aws.ToString(answer.UploadId) == "" { // an empty id would name the object itself
		return nil, failure.Errorf(failure.MalformedAnswer, "s3:PutObject on %s: S3 began an upload and returned no upload id", b.URI(key))
	}
	return &Upload{bucket: b, key: key, id: *answer.UploadId}, nil
}

// Put uploads one part. number counts from 1. Parts may be uploaded in any order and at the same time.
func (u *Upload) Put(ctx context.Context, number int, body []byte) (Part, error) {
	n := aws.Int32(int32(number)) //nolint:gosec // at most MaxParts
	answer, err := u.bucket.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.bucket.name, Key: &u.key, UploadId: &u.id, PartNumber: n, Body: bytes.NewReader(body),
		ChecksumAlgorithm: u.bucket.checksum(), ExpectedBucketOwner: u.bucket.owner,
	})
	if err != nil {
		return Part{}, u.bucket.named(err, "s3:PutObject", u.key)
	}
	tag, err := u.bucket.tag(answer.ETag, "s3:PutObject", u.key)
	if err != nil {
		return Part{}, err
	}
	return Part{types.CompletedPart{ETag: aws.String(quoted(tag)), PartNumber: n, ChecksumCRC32: answer.ChecksumCRC32}}, nil
}

// checksum returns the algorithm for an upload and its parts, none if the SDK's configuration leaves out what S3 does not require: some
// servers refuse checksums.
func (b *Bucket) checksum() types.ChecksumAlgorithm {
	if b.client.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired {
		return ""
	}
	return types.ChecksumAlgorithmCrc32
}

// Complete makes the object of the parts, in any order, and returns its ETag without quotes.
func (u *Upload) Complete(ctx context.Context, parts []Part) (string, error) {
	completed := make([]types.CompletedPart, len(parts))
	for i, part := range parts {
		completed[i] = part.completed
	}
	slices.SortFunc(completed, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	answer, err := u.bucket.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket.name, Key: &u.key, UploadId: &u.id, ExpectedBucketOwner: u.bucket.owner,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: completed},
	})
	if err != nil {
		return "", u.bucket.named(err, "s3:PutObject", u.key)
	}
	return u.bucket.tag(answer.ETag, "s3:PutObject", u.key)
}

// Abort aborts the upload and frees its parts.
func (u *Upload) Abort(ctx context.Context) error {
	_, err := u.bucket.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &u.bucket.name, Key: &u.key, UploadId: &u.id, ExpectedBucketOwner: u.bucket.owner,
	})
	if err != nil {
		return u.bucket.named(err, "s3:AbortMultipartUpload", u.key)
	}
	return nil
}

// AbortUploads aborts the uploads whose keys begin with prefix and are chosen, except own, which may be nil. It returns how many it
// aborted.
func (b *Bucket) AbortUploads(ctx context.Context, prefix string, chosen func(key string) bool, own *Upload) (int, error) {
	count := 0
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{
		Bucket: &b.name, Prefix: &prefix, ExpectedBucketOwner: b.owner,
	})
	for pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return count, b.named(err, "s3:ListBucketMultipartUploads", prefix)
		}
		for _, found := range answer.Uploads {
			upload := Upload{bucket: b, key: aws.ToString(found.Key), id: aws.ToString(found.UploadId)}
			if own != nil && upload.id == own.id && upload.key == own.key || !chosen(upload.key) {
				continue
			}
			if err := upload.Abort(ctx); err != nil {
				return count, err
			}
			count++
		}
	}
	return count, nil
}
