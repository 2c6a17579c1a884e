package bucket_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestReplaceWritesOnlyOverWhatWasRead(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	first, err := b.Replace(t.Context(), "k", []byte("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Replace(t.Context(), "k", []byte("other"), ""); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("over an object that was not read: %v", err)
	}
	body, etag, err := b.GetTagged(t.Context(), "k")
	if err != nil || etag != first || string(body) != "first" {
		t.Errorf("got %q, %q, %v, want the ETag %q", body, etag, err, first)
	}
	second, err := b.Replace(t.Context(), "k", []byte("second"), first)
	if err != nil || second == first {
		t.Fatalf("got %q, %v", second, err)
	}
	if _, err := b.Replace(t.Context(), "k", []byte("third"), first); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("over a changed object: %v", err)
	}
	if body, err := b.Get(t.Context(), "k"); err != nil || string(body) != "second" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := b.Delete(t.Context(), []string{"k"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Replace(t.Context(), "k", []byte("third"), second); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("over a removed object: %v", err)
	}
}

// S3's answers to a write whose condition is not met.
func TestUnmetConditionsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		code   string
		want   error
	}{
		{http.StatusPreconditionFailed, "PreconditionFailed", bucket.ErrChanged},
		{http.StatusConflict, "ConditionalRequestConflict", bucket.ErrChanged},
		{http.StatusNotFound, "NoSuchKey", bucket.ErrChanged},
		{http.StatusNotFound, "NoSuchBucket", nil},
	} {
		_, cfg := testservers.Configs()
		cfg.HTTPClient = &recorder{status: test.status, body: "<Error><Code>" + test.code + "</Code><Message>x</Message></Error>"}
		_, err := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: "my-bucket"}).Replace(t.Context(), "k", nil, "e")
		if errors.Is(err, bucket.ErrChanged) != (test.want != nil) || err == nil {
			t.Errorf("%s: got %v", test.code, err)
		}
	}
}

func TestFindListsOneObject(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	for _, key := range []string{"a/k", "a/k.md5", "a/ka"} {
		if _, err := b.Put(t.Context(), key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	entry, err := b.Find(t.Context(), "a/k")
	if err != nil || entry.Key != "a/k" || entry.Bytes != 3 || entry.ETag == "" {
		t.Errorf("got %+v, %v", entry, err)
	}
	for _, key := range []string{"a/", "a/k.", "b"} {
		if entry, err := b.Find(t.Context(), key); !errors.Is(err, bucket.ErrNotFound) {
			t.Errorf("%s: got %+v, %v", key, entry, err)
		}
	}
}

// breaking breaks off the first answers while they are read.
type breaking struct {
	aws.HTTPClient
	left int
}

func (b *breaking) Do(request *http.Request) (*http.Response, error) {
	response, err := b.HTTPClient.Do(request)
	if err == nil && b.left > 0 && request.Method == http.MethodGet {
		b.left--
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(response.Body, 2), iotest.ErrReader(io.ErrUnexpectedEOF)), response.Body}
	}
	return response, err
}

func TestAnswersThatBreakOffAreReadAgain(t *testing.T) {
	t.Parallel()
	name := testservers.Bucket(t)
	if _, err := bucket.New(testservers.S3(), run.Plan{Bucket: name}).Put(t.Context(), "k", []byte("whole")); err != nil {
		t.Fatal(err)
	}
	for breaks, want := range []string{"whole", "whole", "whole", ""} {
		_, cfg := testservers.Configs()
		cfg.HTTPClient = &breaking{HTTPClient: cfg.HTTPClient, left: breaks}
		body, err := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: name}).Get(t.Context(), "k")
		if string(body) != want || (err == nil) != (want != "") {
			t.Errorf("broken off %d times: got %q, %v", breaks, body, err)
		}
		if err != nil && !strings.Contains(err.Error(), "read s3://"+name+"/k: ") {
			t.Errorf("got %v", err)
		}
	}
}

func TestOwnedByExpectsAnOwner(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	if _, err := b.OwnedBy("000000000000").Put(t.Context(), "k", nil); err != nil {
		t.Error(err)
	}
	if _, err := b.OwnedBy("123456789012").Put(t.Context(), "k", nil); failure.NameOf(err) != failure.AccessDenied {
		t.Errorf("got %v", err)
	}
}
