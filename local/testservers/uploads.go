package testservers

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Uploads returns the open multipart uploads whose keys begin with prefix, in the order of their keys.
func Uploads(tb testing.TB, bucket, prefix string) []types.MultipartUpload {
	tb.Helper()
	var uploads []types.MultipartUpload
	pages := s3.NewListMultipartUploadsPaginator(S3(), &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		uploads = append(uploads, page.Uploads...)
	}
	return uploads
}

// Parts returns the parts of an open upload, in the order of their numbers.
func Parts(tb testing.TB, bucket string, upload types.MultipartUpload) []types.Part {
	tb.Helper()
	answer, err := S3().ListParts(tb.Context(), &s3.ListPartsInput{Bucket: &bucket, Key: upload.Key, UploadId: upload.UploadId})
	if err != nil {
		tb.Fatal(err)
	}
	return answer.Parts
}

// Abort aborts an upload.
func Abort(tb testing.TB, bucket string, upload types.MultipartUpload) {
	tb.Helper()
	if _, err := S3().AbortMultipartUpload(tb.Context(), &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: upload.Key, UploadId: upload.UploadId}); err != nil {
		tb.Fatal(err)
	}
}

// StartUpload begins an upload.
func StartUpload(tb testing.TB, bucket, key string) {
	tb.Helper()
	if _, err := S3().CreateMultipartUpload(tb.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}); err != nil {
		tb.Fatal(err)
	}
}
