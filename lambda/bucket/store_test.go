package bucket_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// store is a server with S3's API that is less complete than S3: it changes the headers of a real server's answers.
type store struct {
	aws.HTTPClient
	change func(http.Header)
	sent   []http.Header
}

func (s *store) Do(request *http.Request) (*http.Response, error) {
	s.sent = append(s.sent, request.Header.Clone())
	response, err := s.HTTPClient.Do(request)
	if err == nil {
		s.change(response.Header)
	}
	return response, err
}

func etags(form func(quoted string) string) func(http.Header) {
	return func(h http.Header) {
		if tag := h.Get("Etag"); tag != "" {
			h.Set("Etag", form(tag))
		}
	}
}

// use does everything that a run does with a bucket.
func use(t *testing.T, b *bucket.Bucket) error {
	t.Helper()
	first, err := b.Replace(t.Context(), "claim", []byte("1"), "")
	if err != nil {
		return err
	}
	if _, tag, err := b.GetTagged(t.Context(), "claim"); err != nil || tag != first {
		t.Errorf("got the ETag %q, %v, want %q", tag, err, first)
	}
	if _, err := b.Replace(t.Context(), "claim", []byte("2"), first); err != nil {
		return err
	}
	upload, err := b.StartUpload(t.Context(), "data")
	if err != nil {
		return err
	}
	part, err := b.PutPart(t.Context(), upload, 1, []byte("items"))
	if err != nil {
		return err
	}
	tag, err := b.Complete(t.Context(), upload, []run.Part{part}, 5)
	if err != nil {
		return err
	}
	if entry, err := b.Find(t.Context(), "data"); err != nil || entry.ETag != tag || entry.Bytes != 5 {
		t.Errorf("got %+v, %v, want the ETag %q", entry, err, tag)
	}
	return b.Delete(t.Context(), []string{"claim", "data"})
}

func TestLessCompleteStores(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(http.Header)
		want   failure.Name // "" for success
	}{
		"ETags of no quotes": {etags(func(tag string) string { return strings.Trim(tag, `"`) }), ""},
		"weak ETags":         {etags(func(tag string) string { return "W/" + tag }), ""},
		"no ETags":           {func(h http.Header) { h.Del("Etag") }, failure.MalformedAnswer},
		"empty ETags":        {etags(func(string) string { return `""` }), failure.MalformedAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, cfg := testservers.Configs()
			s := &store{HTTPClient: cfg.HTTPClient, change: test.change}
			cfg.HTTPClient = s
			b := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: testservers.Bucket(t)})
			if err := use(t, b); (err == nil) != (test.want == "") || err != nil && failure.NameOf(err) != test.want {
				t.Errorf("got %s: %v", failure.NameOf(err), err)
			}
		})
	}
}

// A store that ignores the checksums of requests answers without checksums. Then none are needed to complete an upload.
func TestChecksumsThatAreIgnored(t *testing.T) {
	t.Parallel()
	var ignoring recorder
	_, cfg := testservers.Configs()
	cfg.HTTPClient = &ignoring
	b := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: "my-bucket"})
	upload, err := b.StartUpload(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	part, err := b.PutPart(t.Context(), upload, 1, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Complete(t.Context(), upload, []run.Part{part}, 1); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(t.Context(), "k"); err != nil {
		t.Error(err)
	}
}

func TestWrongChecksumsAreNamed(t *testing.T) {
	t.Parallel()
	_, cfg := testservers.Configs()
	cfg.HTTPClient = &store{HTTPClient: cfg.HTTPClient, change: func(h http.Header) { h.Set("X-Amz-Checksum-Crc32", "AAAAAA==") }}
	b := bucket.New(awsclient.S3(cfg), run.Plan{Bucket: testservers.Bucket(t)})
	if _, err := b.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), "k"); failure.NameOf(err) != failure.MalformedAnswer || !strings.Contains(err.Error(), "checksum did not match") {
		t.Errorf("got %s: %v", failure.NameOf(err), err)
	}
}

// AWS_REQUEST_CHECKSUM_CALCULATION=when_required is for servers that refuse the checksums of the SDK. Only the removal of objects needs one.
func TestChecksumsAreLeftOutOnRequest(t *testing.T) {
	t.Parallel()
	for _, when := range []aws.RequestChecksumCalculation{aws.RequestChecksumCalculationWhenSupported, aws.RequestChecksumCalculationWhenRequired} {
		_, cfg := testservers.Configs()
		s := &store{HTTPClient: cfg.HTTPClient, change: func(http.Header) {}}
		cfg.HTTPClient, cfg.RequestChecksumCalculation = s, when
		if err := use(t, bucket.New(awsclient.S3(cfg), run.Plan{Bucket: testservers.Bucket(t)})); err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, header := range s.sent {
			for name := range header {
				if strings.Contains(name, "Checksum") && name != "X-Amz-Checksum-Mode" || name == "X-Amz-Trailer" {
					checked++
					break
				}
			}
		}
		if want := map[bool]int{true: 1, false: 5}[when == aws.RequestChecksumCalculationWhenRequired]; checked != want {
			t.Errorf("%v: %d of %d requests have a checksum, want %d", when, checked, len(s.sent), want)
		}
	}
}

// httpClient is a server of one function.
type httpClient func(*http.Request) (*http.Response, error)

func (c httpClient) Do(request *http.Request) (*http.Response, error) { return c(request) }

// Over TLS, a part is sent as its bytes, with its checksum in a header: the SDK neither signs the bytes nor puts them into chunks.
func TestPartsAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	server := httpClient(func(request *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		got := []string{string(body), request.Header.Get("X-Amz-Checksum-Crc32"), request.Header.Get("X-Amz-Content-Sha256"), request.Header.Get("Content-Encoding")}
		if want := []string{"items", "4R7pTQ==", "UNSIGNED-PAYLOAD", ""}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"e"`}}, Body: http.NoBody, Request: request}, nil
	})
	b := bucket.New(awsclient.S3(aws.Config{
		Region: "us-east-1", HTTPClient: server, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}), run.Plan{Bucket: "b"})
	if part, err := b.PutPart(t.Context(), upload, 1, []byte("items")); err != nil || part.ETag != "e" {
		t.Errorf("got %+v, %v", part, err)
	}
}
