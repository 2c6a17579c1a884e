package bucket_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// through returns a bucket whose client sends its requests to a server of the test, and repeats them without a wait.
func through(server aws.HTTPClient, name string) *bucket.Bucket {
	_, cfg := testservers.Configs()
	tries := cfg.Retryer
	cfg.HTTPClient, cfg.Retryer = server, func() aws.Retryer { return retry.AddWithMaxBackoffDelay(tries(), time.Microsecond) }
	return bucket.New(awsclient.S3(cfg), run.Plan{Bucket: name})
}

// upload is an upload of one part.
var upload, parts = bucket.Upload{Key: "k", ID: "u"}, []run.Part{{ETag: "e"}}

// callsOfUploads are the calls about uploads, by the action that a policy must allow.
var callsOfUploads = map[string]map[string]func(*testing.T, *bucket.Bucket) error{
	"s3:PutObject": {
		"StartUpload": func(t *testing.T, b *bucket.Bucket) error { _, err := b.StartUpload(t.Context(), "k"); return err },
		"PutPart": func(t *testing.T, b *bucket.Bucket) error {
			_, err := b.PutPart(t.Context(), upload, 1, nil)
			return err
		},
		"Complete": func(t *testing.T, b *bucket.Bucket) error {
			_, err := b.Complete(t.Context(), upload, parts, 1)
			return err
		},
	},
	"s3:AbortMultipartUpload": {
		"Abort": func(t *testing.T, b *bucket.Bucket) error { return b.Abort(t.Context(), upload) },
	},
	"s3:ListMultipartUploadParts": {
		"IsOpen": func(t *testing.T, b *bucket.Bucket) error { _, err := b.IsOpen(t.Context(), upload); return err },
	},
	"s3:ListBucketMultipartUploads": {
		"Uploads": func(t *testing.T, b *bucket.Bucket) error {
			for _, err := range b.Uploads(t.Context(), "k") {
				return err
			}
			return nil
		},
	},
	"s3:GetObject": {
		"Checksum": func(t *testing.T, b *bucket.Bucket) error { _, _, err := b.Checksum(t.Context(), "k"); return err },
	},
}

// S3 says of a call in several ways that it is not allowed, that there are too many calls, or that it failed. An answer to HEAD has no body.
func TestFaultsOfUploadsAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status    int
		code      string // "" for an answer without a body
		want      failure.Name
		tries     int
		permanent bool
	}{
		{http.StatusForbidden, "AccessDenied", failure.AccessDenied, 1, true},
		{http.StatusForbidden, "", failure.AccessDenied, 1, true},
		{http.StatusServiceUnavailable, "SlowDown", failure.Throttled, 6, false},
		{http.StatusServiceUnavailable, "", failure.Throttled, 6, false},
		{http.StatusInternalServerError, "InternalError", failure.Internal, 6, false},
		{http.StatusConflict, "OperationAborted", failure.Internal, 1, false},
		{http.StatusNotFound, "NoSuchBucket", failure.BucketNotFound, 1, true},
		{0, "", failure.EndpointUnreachable, 6, false}, // the connection is cut
	} {
		for action, calls := range callsOfUploads {
			for name, call := range calls {
				if name == "Checksum" && test.code == "NoSuchBucket" {
					continue // the answer cannot say it
				}
				r := &recorder{status: test.status}
				if test.code != "" && name != "Checksum" {
					r.body = "<Error><Code>" + test.code + "</Code><Message>x</Message></Error>"
				}
				var server aws.HTTPClient = r
				if test.status == 0 {
					server = &cutting{HTTPClient: r, left: 6}
				}
				err := call(t, through(server, "my-bucket"))
				if got := failure.NameOf(err); err == nil || got != test.want || got.Permanent() != test.permanent || len(r.seen) != test.tries {
					t.Errorf("%s, %d %s: got %s after %d tries: %v", name, test.status, test.code, got, len(r.seen), err)
				}
				if test.want != failure.BucketNotFound && !strings.HasPrefix(err.Error(), action+" on s3://my-bucket/k") {
					t.Errorf("%s, %d %s: got %v, want the action %s", name, test.status, test.code, err, action)
				}
			}
		}
	}
}

// CompleteMultipartUpload can answer 200 before it knows how it ends. The body then has the error.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func TestErrorsInsideASuccess(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"InternalError": nil, "SlowDown": failure.Errorf(failure.Throttled, ""), "AccessDenied": failure.Errorf(failure.AccessDenied, ""),
		"KMS.DisabledException": failure.Errorf(failure.KMSKeyUnusable, ""), "ExpiredToken": failure.Errorf(failure.CredentialsInvalid, ""),
		"NoSuchUpload": bucket.ErrNoUpload, "InvalidPart": bucket.ErrOtherParts, "EntityTooSmall": bucket.ErrOtherParts,
		"MalformedXML": bucket.ErrOtherParts,
	} {
		r := &recorder{status: http.StatusOK, body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n   \n<Error><Code>" + code + "</Code><Message>x</Message></Error>"}
		_, err := through(r, "my-bucket").Complete(t.Context(), upload, parts, 1)
		if err == nil || len(r.seen) != 6 { // the SDK takes each such error for one of S3's own
			t.Errorf("%s: got %v after %d tries", code, err, len(r.seen))
		}
		if sentinel := want != nil && failure.NameOf(want) == failure.Internal; sentinel && !errors.Is(err, want) || !sentinel && failure.NameOf(err) != failure.NameOf(want) {
			t.Errorf("%s: got %s: %v", code, failure.NameOf(err), err)
		}
	}
	for _, body := range []string{"", "\n  \n", `<CompleteMultipartUploadResult><ETag>"e`, "<CompleteMultipartUploadResult/>", "an error page", "<html/>"} {
		_, err := through(&recorder{status: http.StatusOK, body: body}, "my-bucket").Complete(t.Context(), upload, parts, 1)
		if failure.NameOf(err) != failure.MalformedAnswer {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// An error inside a success may pass. The SDK then repeats the request.
func TestErrorInsideASuccessPasses(t *testing.T) {
	t.Parallel()
	server := &answers{bodies: []string{"<Error><Code>InternalError</Code></Error>", `<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>`}}
	if etag, err := through(server, "my-bucket").Complete(t.Context(), upload, parts, 1); err != nil || etag != "e-1" {
		t.Errorf("got %q, %v", etag, err)
	}
}

func TestUploadThatIsNotOpen(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"NoSuchUpload", "NoSuchKey"} { // of S3, and of S3Proxy
		b := through(&recorder{status: http.StatusNotFound, body: "<Error><Code>" + code + "</Code></Error>"}, "my-bucket")
		_, putErr := b.PutPart(t.Context(), upload, 1, nil)
		_, completeErr := b.Complete(t.Context(), upload, parts, 1)
		open, openErr := b.IsOpen(t.Context(), upload)
		for _, err := range []error{putErr, completeErr} {
			if !errors.Is(err, bucket.ErrNoUpload) || err.Error() != "s3:PutObject on s3://my-bucket/k: no such upload" {
				t.Errorf("%s: got %v", code, err)
			}
		}
		if err := b.Abort(t.Context(), upload); err != nil || open || openErr != nil {
			t.Errorf("%s: abort: %v, open: %t, %v", code, err, open, openErr)
		}
	}
}

// moto ignores the marker.
func TestUploadsAfterAKeyThatTheServerIgnores(t *testing.T) {
	t.Parallel()
	server := &answers{bodies: []string{`<R><Upload><Key>k1</Key></Upload><Upload><Key>k2</Key></Upload><Upload><Key>k3</Key></Upload></R>`}}
	var keys []string
	for u, err := range through(server, "my-bucket").UploadsAfter(t.Context(), "k", "k2") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, u.Key)
	}
	if !slices.Equal(keys, []string{"k3"}) {
		t.Errorf("got %v", keys)
	}
}

func TestObjectThatIsNotThereHasNoChecksum(t *testing.T) {
	t.Parallel()
	if _, _, err := through(&recorder{status: http.StatusNotFound}, "my-bucket").Checksum(t.Context(), "k"); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// A success whose answer is lost is repeated by the SDK. The object is there, whatever S3 answers then.
func TestLostAnswersOfUploads(t *testing.T) {
	t.Parallel()
	_, cfg := testservers.Configs()
	cut := &cutting{HTTPClient: cfg.HTTPClient}
	name := testservers.Bucket(t)
	b := through(cut, name)

	cut.left = 1
	u, err := b.StartUpload(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if open := testservers.Uploads(t, name, "k"); len(open) != 2 { // nobody knows the id of the first one
		t.Errorf("%d uploads are open", len(open))
	}
	cut.left = 1
	part, err := b.PutPart(t.Context(), u, 1, []byte("items"))
	if err != nil {
		t.Fatal(err)
	}
	cut.left = 1
	etag, err := b.Complete(t.Context(), u, []run.Part{part}, 5)
	want := run.Object{Parts: []run.Part{part}}
	if err == nil && etag != want.ETag() || err != nil && !errors.Is(err, bucket.ErrNoUpload) {
		t.Errorf("got %q, %v", etag, err)
	}
	cut.left = 1
	if size, sum, err := b.Checksum(t.Context(), "k"); err != nil || size != 5 || sum != want.CRC32() {
		t.Errorf("got %d bytes, checksum %q, %v, want %q", size, sum, err, want.CRC32())
	}
	for _, open := range testservers.Uploads(t, name, "k") {
		cut.left = 1
		if err := b.Abort(t.Context(), bucket.Upload{Key: *open.Key, ID: *open.UploadId}); err != nil {
			t.Error(err)
		}
	}
	if open := testservers.Uploads(t, name, "k"); len(open) > 0 {
		t.Errorf("%d uploads are open", len(open))
	}
}

// S3 has checked the part against the request's checksum. Its answer can still be damaged, and complete would then be refused.
func TestPartWithAWrongChecksum(t *testing.T) {
	t.Parallel()
	_, cfg := testservers.Configs()
	b := through(&store{HTTPClient: cfg.HTTPClient, change: func(h http.Header) { h.Set("X-Amz-Checksum-Crc32", "AAAAAA==") }}, testservers.Bucket(t))
	u, err := b.StartUpload(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.PutPart(t.Context(), u, 1, []byte("items"))
	if failure.NameOf(err) != failure.MalformedAnswer || !strings.Contains(err.Error(), `the answer has the checksum "AAAAAA==" of part 1`) {
		t.Errorf("got %v", err)
	}
}

// A prefix may have every one of these characters.
func TestUploadsUnderUnusualKeys(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	const prefix = `a b/!-_.*'()=@:+,&$;?/%41/für/`
	var keys []string
	for i := range 3 {
		u, err := b.StartUpload(t.Context(), fmt.Sprint(prefix, i))
		if err != nil {
			t.Fatal(err)
		}
		part, err := b.PutPart(t.Context(), u, 1, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, u.Key)
		if i > 0 {
			continue
		}
		if _, err := b.Complete(t.Context(), u, []run.Part{part}, 1); err != nil {
			t.Fatal(err)
		}
		if size, sum, err := b.Checksum(t.Context(), u.Key); err != nil || size != 1 || sum == "" {
			t.Errorf("got %d, %q, %v", size, sum, err)
		}
	}
	var listed []string
	for u, err := range b.Uploads(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, u.Key)
		if open, err := b.IsOpen(t.Context(), u); err != nil || !open {
			t.Errorf("%s: open %t, %v", u.Key, open, err)
		}
		if err := b.Abort(t.Context(), u); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(listed, keys[1:]) {
		t.Errorf("got %q, want %q", listed, keys[1:])
	}
}

// A page ends in the middle of a key with several uploads. The next one begins after its last upload.
func TestUploadsAreListedInPages(t *testing.T) {
	t.Parallel()
	server := &answers{bodies: []string{
		`<R><Upload><Key>p &amp; q/ü+1</Key><UploadId>a</UploadId></Upload><IsTruncated>true</IsTruncated><NextKeyMarker>p &amp; q/ü+1</NextKeyMarker><NextUploadIdMarker>a</NextUploadIdMarker></R>`,
		`<R><Upload><Key>p &amp; q/ü+1</Key><UploadId>b</UploadId></Upload><Upload><Key>p &amp; q/ü+2</Key><UploadId>c</UploadId></Upload><IsTruncated>false</IsTruncated></R>`,
	}}
	var got []bucket.Upload
	for u, err := range through(server, "my-bucket").Uploads(t.Context(), "p & q/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u)
	}
	if want := []bucket.Upload{{Key: "p & q/ü+1", ID: "a"}, {Key: "p & q/ü+1", ID: "b"}, {Key: "p & q/ü+2", ID: "c"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if first, second := server.asked[0], server.asked[1]; first.Has("key-marker") || second.Get("prefix") != "p & q/" || second.Get("key-marker") != "p & q/ü+1" || second.Get("upload-id-marker") != "a" {
		t.Errorf("asked for %v, then %v", first, second)
	}
}

// cutting cuts the next connections after the server has carried out the request.
type cutting struct {
	aws.HTTPClient
	left int
}

func (c *cutting) Do(request *http.Request) (*http.Response, error) {
	response, err := c.HTTPClient.Do(request)
	if c.left == 0 || err != nil {
		return response, err
	}
	c.left--
	response.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

// answers answers each request with the next of these bodies.
type answers struct {
	bodies []string
	asked  []url.Values
}

func (a *answers) Do(request *http.Request) (*http.Response, error) {
	body := a.bodies[len(a.asked)]
	a.asked = append(a.asked, request.URL.Query())
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
}
