package bucket_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sync/errgroup"
)

func TestMain(m *testing.M) { testservers.Main(m) }

func TestObjects(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})

	created, err := b.Create(t.Context(), "a/claim", []byte("first"))
	if err != nil || !created {
		t.Fatalf("the first write of an object: created %v, %v", created, err)
	}
	if created, err = b.Create(t.Context(), "a/claim", []byte("second")); err != nil || created {
		t.Errorf("the second write of an object: created %v, %v", created, err)
	}
	if body, err := b.Get(t.Context(), "a/claim"); err != nil || string(body) != "first" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, err := b.Put(t.Context(), "a/claim", []byte("third")); err != nil {
		t.Error(err)
	}
	if body, err := b.Get(t.Context(), "a/claim"); err != nil || string(body) != "third" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, err := b.Get(t.Context(), "a/other"); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("got %v, want %v", err, bucket.ErrNotFound)
	}
	if err := b.Delete(t.Context(), []string{"a/claim", "a/never-was"}); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(t.Context(), "a/claim"); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("got %v, want %v", err, bucket.ErrNotFound)
	}
}

// One call lists or removes a thousand objects at most.
func TestManyObjects(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	const n = 1100
	var group errgroup.Group
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			_, err := b.Put(t.Context(), fmt.Sprintf("many/%04d", i), []byte{byte(i)})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), "other", nil); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for entry, err := range b.List(t.Context(), "many/") {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("many/%04d", len(keys)); entry.Key != want || entry.Bytes != 1 || len(entry.ETag) != 32 {
			t.Fatalf("got %+v, want %s", entry, want)
		}
		keys = append(keys, entry.Key)
	}
	if len(keys) != n {
		t.Errorf("listed %d objects, want %d", len(keys), n)
	}
	if err := b.Delete(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	for entry, err := range b.List(t.Context(), "") {
		if err != nil || entry.Key != "other" {
			t.Errorf("%s is left, %v", entry.Key, err)
		}
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	upload, err := b.StartUpload(t.Context(), "r/data/1")
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]run.Part, 2)
	for i, body := range []string{strings.Repeat("a", bucket.MinPart), "b"} {
		if parts[i], err = b.PutPart(t.Context(), upload, i+1, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.StartUpload(t.Context(), "r/data/2"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.StartUpload(t.Context(), "elsewhere"); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]struct {
		parts []run.Part
		size  int64
	}{
		"another ETag": {[]run.Part{{ETag: strings.Repeat("0", 32)}, parts[1]}, bucket.MinPart + 1}, "another size": {parts, bucket.MinPart},
		"a small first part": {[]run.Part{parts[1], parts[0]}, bucket.MinPart + 1}, "a part too many": {append(slices.Clone(parts), parts[1]), bucket.MinPart + 2},
	} {
		if _, err := b.Complete(t.Context(), upload, wrong.parts, wrong.size); !errors.Is(err, bucket.ErrOtherParts) {
			t.Errorf("%s: got %v, want %v", name, err, bucket.ErrOtherParts)
		}
	}
	for after, want := range map[string][]string{"": {"r/data/1", "r/data/2"}, "r/data/": {"r/data/1", "r/data/2"}, "r/data/1": {"r/data/2"}, "r/data/2": nil} {
		var keys []string
		for open, err := range b.UploadsAfter(t.Context(), "r/", after) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, open.Key)
		}
		if !slices.Equal(keys, want) {
			t.Errorf("uploads after %q: got %v, want %v", after, keys, want)
		}
	}
	etag, err := b.Complete(t.Context(), upload, parts, bucket.MinPart+1)
	if err != nil || strings.Contains(etag, `"`) {
		t.Fatalf("got ETag %s, %v", etag, err)
	}
	if body, err := b.Get(t.Context(), "r/data/1"); err != nil || len(body) != bucket.MinPart+1 || body[len(body)-1] != 'b' {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
	if open, err := b.IsOpen(t.Context(), upload); err != nil || open {
		t.Errorf("a completed upload is open: %t, %v", open, err)
	}
	// S3 may answer again that the upload is completed, or answer that it has no such upload.
	if _, err := b.Complete(t.Context(), upload, parts, bucket.MinPart+1); err != nil && !errors.Is(err, bucket.ErrNoUpload) {
		t.Errorf("got %v, want %v", err, bucket.ErrNoUpload)
	}
	var keys []string
	for open, err := range b.Uploads(t.Context(), "r/") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, open.Key)
		if is, err := b.IsOpen(t.Context(), open); err != nil || !is {
			t.Errorf("%s is open: %t, %v", open.Key, is, err)
		}
		for range 2 { // the second time, the upload is already aborted
			if err := b.Abort(t.Context(), open); err != nil {
				t.Error(err)
			}
		}
	}
	if !slices.Equal(keys, []string{"r/data/2"}) {
		t.Errorf("got the uploads %v", keys)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	nowhere := bucket.New(testservers.S3(), run.Plan{Bucket: "no-such-bucket"})
	if _, err := nowhere.Put(t.Context(), "a", nil); failure.NameOf(err) != failure.BucketNotFound {
		t.Errorf("got %v", err)
	}
	for _, err := range nowhere.List(t.Context(), "a") {
		if failure.NameOf(err) != failure.BucketNotFound {
			t.Errorf("got %v", err)
		}
	}
	foreign := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t), BucketOwner: "123456789012"})
	if _, err := foreign.Put(t.Context(), "a", nil); failure.NameOf(err) != failure.AccessDenied || !strings.Contains(err.Error(), "s3:PutObject on s3://") {
		t.Errorf("got %v", err)
	}
}

func TestRefusedCredentialsAreNamed(t *testing.T) {
	t.Parallel()
	name := testservers.Bucket(t)
	for says, key := range map[string]string{"SignatureDoesNotMatch": "000000000000", "XAdminUserNotFound": "nobody"} {
		_, cfg := testservers.Configs()
		cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "wrong", "")
		_, err := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: name}).Put(t.Context(), "k", nil)
		if failure.NameOf(err) != failure.CredentialsInvalid || !strings.Contains(err.Error(), says) {
			t.Errorf("got %s: %v, want %s", failure.NameOf(err), err, says)
		}
	}
}

// recorder answers every call to S3 with success and keeps its headers. It stands in for KMS and for other accounts, which no local
// server has.
type recorder struct {
	mu     sync.Mutex
	seen   []*http.Request
	status int    // 0 means 200
	body   string // for a fault
}

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, request)
	status, body := http.StatusOK, `<Answer><UploadId>u</UploadId><ETag>"e"</ETag></Answer>`
	if r.status != 0 {
		status, body = r.status, r.body
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Etag": {`"e"`}}, Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}, nil
}

func TestFaultsOnTheWireAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		code   string
		want   failure.Name
		says   string
	}{
		{http.StatusForbidden, "AccessDenied", failure.AccessDenied, "s3:PutObject on s3://my-bucket/k is not allowed: check the role that writes (the function's role or destinationRoleArn), the bucket's policy and owner, and its KMS key (AccessDenied: x)"},
		{http.StatusForbidden, "KMS.DisabledException", failure.KMSKeyUnusable, "s3:PutObject on s3://my-bucket/k: S3 cannot use the bucket's own KMS key: check that it exists"},
		{http.StatusMovedPermanently, "PermanentRedirect", failure.BucketInOtherRegion, `bucket "my-bucket" is in another region, and the functions are in us-east-1: use a bucket in us-east-1`},
		{http.StatusNotFound, "NoSuchBucket", failure.BucketNotFound, `there is no bucket "my-bucket"`},
		{http.StatusBadRequest, "EntityTooLarge", failure.Internal, "s3:PutObject on s3://my-bucket/k: "},
	} {
		_, cfg := testservers.Configs()
		cfg.HTTPClient = &recorder{status: test.status, body: "<Error><Code>" + test.code + "</Code><Message>x</Message></Error>"}
		_, err := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: "my-bucket"}).Put(t.Context(), "k", nil)
		if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %s: %v", test.code, failure.NameOf(err), err)
		}
	}
}

func TestEveryCallHasTheOwnerAndEveryObjectTheKey(t *testing.T) {
	t.Parallel()
	var r recorder
	_, cfg := testservers.Configs()
	cfg.HTTPClient = &r
	cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	b := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: "my-bucket", BucketOwner: "123456789012", KMSKeyID: "alias/lake"})

	upload, err := b.StartUpload(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	calls := []func() error{
		func() error { _, err := b.Put(t.Context(), "k", nil); return err },
		func() error { _, err := b.Create(t.Context(), "k", nil); return err },
		func() error { _, err := b.Replace(t.Context(), "k", nil, "e"); return err },
		func() error { _, err := b.Get(t.Context(), "k"); return err },
		func() error { return b.Delete(t.Context(), []string{"k"}) },
		func() error {
			for _, err := range b.Uploads(t.Context(), "k") {
				return err
			}
			return nil
		},
		func() error { _, err := b.IsOpen(t.Context(), upload); return err },
		func() error { _, _, err := b.Checksum(t.Context(), "k"); return err },
		func() error { _, err := b.PutPart(t.Context(), upload, 1, []byte("x")); return err },
		func() error { _, err := b.Complete(t.Context(), upload, nil, 0); return err },
		func() error { return b.Abort(t.Context(), upload) },
		func() error {
			for _, err := range b.List(t.Context(), "k") {
				return err
			}
			return nil
		},
	}
	for i, call := range calls {
		if err := call(); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if len(r.seen) != len(calls)+1 {
		t.Errorf("%d requests, want %d", len(r.seen), len(calls)+1)
	}
	encrypted := 0
	for _, request := range r.seen {
		if owner := request.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "123456789012" {
			t.Errorf("%s %s was sent with owner %q", request.Method, request.URL, owner)
		}
		if request.Header.Get("X-Amz-Server-Side-Encryption") == "aws:kms" && request.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") == "alias/lake" {
			encrypted++
		}
	}
	if encrypted != 4 { // the three writes of whole objects and the start of an upload
		t.Errorf("%d requests were sent with the key, want 4", encrypted)
	}
}
