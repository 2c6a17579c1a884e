package bucket

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

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

var (
	// ErrNoUpload says that S3 has no such open upload: it was completed or aborted.
	ErrNoUpload = errors.New("no such upload")
	// ErrOtherParts says that an open upload does not have the parts, or not the size, that Complete named.
	ErrOtherParts = errors.New("the upload has other parts")
)

// Upload identifies a multipart upload. Nobody sees its object before Complete.
type Upload struct {
	Key, ID string
	// Begun is when it was begun; zero unless a listing has found it.
	Begun time.Time
}

// StartUpload begins a multipart upload.
func (b *Bucket) StartUpload(ctx context.Context, key string) (Upload, error) {
	answer, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: contentType(key), ChecksumAlgorithm: b.checksum(),
		ExpectedBucketOwner: b.owner, ServerSideEncryption: b.encryption(), SSEKMSKeyId: b.kms,
	})
	if err != nil {
		return Upload{}, b.named(err, "s3:PutObject", key)
	}
	if aws.ToString(answer.UploadId) == "" { // an empty id would name the object itself
		return Upload{}, failure.Errorf(failure.MalformedAnswer, "s3:PutObject on %s: S3 began an upload and returned no upload id", b.URI(key))
	}
	return Upload{Key: key, ID: *answer.UploadId}, nil
}

// PutPart uploads one part. number counts from 1. Parts may be uploaded in any order and at the same time. It fails with ErrNoUpload if the
// upload is not open.
//
// It computes the checksum itself. The SDK would wrap each read of the body to compute it, and send it behind the body in aws-chunked
// encoding. The SDK also does not compare the checksum of S3's answer, so PutPart does: with a wrong one, S3 would refuse to complete the
// upload.
func (b *Bucket) PutPart(ctx context.Context, u Upload, number int, body []byte) (run.Part, error) {
	want := checksumOf(body)
	input := s3.UploadPartInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, PartNumber: aws.Int32(int32(number)), Body: bytes.NewReader(body), //nolint:gosec // at most MaxParts
		ExpectedBucketOwner: b.owner,
	}
	if b.checksum() != "" {
		input.ChecksumCRC32 = &want
	}
	answer, err := b.client.UploadPart(ctx, &input)
	if err != nil {
		return run.Part{}, b.ofUpload(err, "s3:PutObject", u)
	}
	got := aws.ToString(answer.ChecksumCRC32)
	if got != "" && got != want {
		return run.Part{}, failure.Errorf(failure.MalformedAnswer, "s3:PutObject on %s: the answer has the checksum %.20q of part %d, which has the checksum %s", b.URI(u.Key), got, number, want)
	}
	tag, err := b.tag(answer.ETag, "s3:PutObject", u.Key)
	return run.Part{ETag: tag, CRC32: got}, err
}

// checksumOf returns the CRC-32 in base64, as S3 writes it.
func checksumOf(body []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// checksum returns the algorithm for an upload and its parts, none if the SDK's configuration leaves out what S3 does not require: some
// servers refuse checksums.
func (b *Bucket) checksum() types.ChecksumAlgorithm {
	if b.client.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired {
		return ""
	}
	return types.ChecksumAlgorithmCrc32
}

// Complete makes the object of the parts, which are in the order of their numbers and have so many bytes together. It returns the object's
// ETag without quotes. It fails with ErrNoUpload if there is no such upload any more. That also follows on a success whose answer was
// lost. It fails with ErrOtherParts if the upload does not have these parts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html#API_CompleteMultipartUpload_Errors
func (b *Bucket) Complete(ctx context.Context, u Upload, parts []run.Part, size int64) (etag string, err error) {
	completed := make([]types.CompletedPart, len(parts))
	for i, part := range parts {
		completed[i] = types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: aws.String(quoted(part.ETag)), ChecksumCRC32: optional(part.CRC32)} //nolint:gosec // at most MaxParts
	}
	answer, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, ExpectedBucketOwner: b.owner, MpuObjectSize: &size,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: completed},
	})
	switch fault.Code(err) {
	case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidRequest", "BadDigest", "MalformedXML": // InvalidRequest for another size, MalformedXML for no parts
		return "", fmt.Errorf("%s: %w (%s: %s)", b.URI(u.Key), ErrOtherParts, fault.Code(err), fault.Words(err))
	}
	if err != nil {
		return "", b.ofUpload(err, "s3:PutObject", u)
	}
	return b.tag(answer.ETag, "s3:PutObject", u.Key)
}

// Abort aborts the upload and frees its parts. An upload that is no longer open counts as aborted.
func (b *Bucket) Abort(ctx context.Context, u Upload) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, ExpectedBucketOwner: b.owner,
	})
	if err = b.ofUpload(err, "s3:AbortMultipartUpload", u); errors.Is(err, ErrNoUpload) {
		return nil
	}
	return err
}

// IsOpen reports whether the upload is neither completed nor aborted.
func (b *Bucket) IsOpen(ctx context.Context, u Upload) (bool, error) {
	_, err := b.client.ListParts(ctx, &s3.ListPartsInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, MaxParts: aws.Int32(1), ExpectedBucketOwner: b.owner,
	})
	if err = b.ofUpload(err, "s3:ListMultipartUploadParts", u); errors.Is(err, ErrNoUpload) {
		return false, nil
	}
	return err == nil, err
}

// Uploads yields the open uploads whose keys begin with prefix, in the order of their keys. It stops after an error.
func (b *Bucket) Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error] {
	return b.UploadsAfter(ctx, prefix, "")
}

// UploadsAfter is like Uploads, for the keys that come after one.
func (b *Bucket) UploadsAfter(ctx context.Context, prefix, after string) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{
			Bucket: &b.name, Prefix: &prefix, KeyMarker: optional(after), ExpectedBucketOwner: b.owner,
		})
		for pages.HasMorePages() {
			answer, err := pages.NextPage(ctx)
			if err != nil {
				yield(Upload{}, b.named(err, "s3:ListBucketMultipartUploads", prefix))
				return
			}
			for _, found := range answer.Uploads {
				u := Upload{Key: aws.ToString(found.Key), ID: aws.ToString(found.UploadId), Begun: aws.ToTime(found.Initiated)}
				if after != "" && u.Key <= after { // from a server that ignores the marker, such as moto
					continue
				}
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// ofUpload names the error of a call about one upload, or returns ErrNoUpload.
func (b *Bucket) ofUpload(err error, action string, u Upload) error {
	switch {
	case err == nil:
		return nil
	case fault.Code(err) == "NoSuchUpload", fault.Code(err) == "NoSuchKey": // S3Proxy says NoSuchKey
		return fmt.Errorf("%s on %s: %w", action, b.URI(u.Key), ErrNoUpload)
	default:
		return b.named(err, action, u.Key)
	}
}

// Checksum returns the size of an object and S3's CRC-32 of it, which is "" if the object has none. It fails with ErrNotFound if there is
// no object.
func (b *Bucket) Checksum(ctx context.Context, key string) (size int64, sum string, err error) {
	answer, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &b.name, Key: &key, ChecksumMode: types.ChecksumModeEnabled, ExpectedBucketOwner: b.owner,
	})
	if err != nil {
		return 0, "", b.named(err, "s3:GetObject", key)
	}
	return aws.ToInt64(answer.ContentLength), aws.ToString(answer.ChecksumCRC32), nil
}
