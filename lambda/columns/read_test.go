package columns

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An answer of S3 that a retry can repair must not look like an object that somebody has changed.
func TestFaultOfS3IsNotAChangedObject(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{http.StatusInternalServerError: false, http.StatusNotFound: true} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		client := s3.New(s3.Options{
			BaseEndpoint: &server.URL, Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		})
		plan := run.Plan{Bucket: "b", Root: "AWSDynamoDB/r", Parquet: &run.ParquetPlan{}, Scan: &run.ScanPlan{}}
		w := work{plan: plan, bucket: bucket.New(client, plan)}
		for name, read := range map[string]func(context.Context) error{
			"the result of an export": func(ctx context.Context) error { _, err := w.export(ctx); return err },
			"the manifest of a scan":  func(ctx context.Context) error { _, err := w.source(ctx, &run.Schema{}); return err },
			"the files of a manifest": func(ctx context.Context) error { _, err := w.files(ctx, "manifest-summary.json", 1); return err },
		} {
			if err := read(t.Context()); err == nil || (failure.NameOf(err) == failure.ListsInconsistent) != permanent {
				t.Errorf("%s, answered with %d: got %v", name, status, err)
			}
		}
	}
}
