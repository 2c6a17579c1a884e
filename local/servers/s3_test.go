package servers_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func TestS3ListensWhereItShould(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := testConfig(t)
	config.Listener = listener
	server := start(t, servers.StartS3, config)
	if server.URL != "http://"+listener.Addr().String() || !answers(server.URL) {
		t.Errorf("it is at %s, want %s", server.URL, listener.Addr())
	}
	server.Stop()
	if answers(server.URL) {
		t.Error("it answers after its end")
	}
}

func TestS3(t *testing.T) {
	t.Parallel()
	config := testConfig(t)
	server := start(t, servers.StartS3, config)
	client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server), UsePathStyle: true})
	ctx := t.Context()
	bucket := aws.String("backup")
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}

	t.Run("a conditional write succeeds once, and is a plain file", func(t *testing.T) {
		put := &s3.PutObjectInput{Bucket: bucket, Key: aws.String("run/_claim"), IfNoneMatch: aws.String("*"), Body: strings.NewReader("first")}
		if _, err := client.PutObject(ctx, put); err != nil {
			t.Fatal(err)
		}
		put.Body = strings.NewReader("second")
		_, err := client.PutObject(ctx, put)
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "PreconditionFailed" {
			t.Errorf("the second write: %v", err)
		}
		if text, err := os.ReadFile(filepath.Join(config.DataDir, "backup", "run", "_claim")); err != nil || string(text) != "first" {
			t.Errorf("the file holds %q, %v", text, err)
		}
	})

	t.Run("a multipart upload", func(t *testing.T) {
		key := aws.String("run/data/00000-00000.json.gz")
		upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		var parts []s3types.CompletedPart
		for i, body := range [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("end")} {
			number := aws.Int32(int32(i + 1))
			part, err := client.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(body),
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
		}
		if _, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: upload.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
		}); err != nil {
			t.Fatal(err)
		}
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key})
		if err != nil || aws.ToInt64(head.ContentLength) != 5<<20+3 {
			t.Errorf("stored %+v, %v", head, err)
		}
	})

	t.Run("a listing shows objects only", func(t *testing.T) {
		list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, object := range list.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
		if want := []string{"run/_claim", "run/data/00000-00000.json.gz"}; !slices.Equal(keys, want) {
			t.Errorf("listed %v, want %v", keys, want)
		}
	})

	t.Run("objects outlive the server", func(t *testing.T) {
		server.Stop()
		server := start(t, servers.StartS3, config)
		client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server), UsePathStyle: true})
		if _, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("run/_claim")}); err != nil {
			t.Error(err)
		}
	})
}
