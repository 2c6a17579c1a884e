package fault_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// configured returns the functions' own configuration, with one try of each request.
func configured(t *testing.T, endpoint string, provider aws.CredentialsProvider) aws.Config {
	t.Helper()
	cfg, err := awsclient.Config(t.Context(), config.WithRegion("eu-west-1"), config.WithBaseEndpoint(endpoint), config.WithCredentialsProvider(provider),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

var valid = credentials.NewStaticCredentialsProvider("a", "b", "")

// refused returns an address on which nothing listens.
func refused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing waits
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

func TestEndpointThatGivesNoAnswerIsNamed(t *testing.T) {
	t.Parallel()
	encrypted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(encrypted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closing := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(closing.Close)
	stop := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	}))
	t.Cleanup(func() {
		close(stop)
		silent.Close()
	})
	for name, test := range map[string]struct{ endpoint, says string }{
		"nothing listens":          {"http://" + refused(t), "connection refused"},
		"no such host":             {"https://s3.us-nowhere-9.invalid", "s3.us-nowhere-9.invalid"},
		"an unknown certificate":   {encrypted.URL, "x509"},
		"no TLS":                   {"https" + strings.TrimPrefix(plain.URL, "http"), "server gave HTTP response to HTTPS client"},
		"the connection is closed": {closing.URL, "EOF"},
		"no answer in time":        {silent.URL, "Client.Timeout exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := configured(t, test.endpoint, valid)
			if name == "no answer in time" {
				cfg.HTTPClient.(*http.Client).Timeout = 50 * time.Millisecond
			}
			_, puts := bucket.New(awsclient.S3(cfg), scanned).Put(t.Context(), "k", nil)
			for call, err := range map[string]error{
				"s3:PutObject on s3://b/k: S3 cannot be reached at " + test.endpoint + ": ":                          puts,
				`dynamodb:Scan on table "orders": DynamoDB cannot be reached at ` + test.endpoint + ": ":             scan(t, cfg, scanned),
				`sts:AssumeRole on arn:aws:iam::123456789012:role/reader: STS cannot be reached at ` + test.endpoint: calls[4].call(t, cfg),
			} {
				if failure.NameOf(err) != failure.EndpointUnreachable || !strings.Contains(err.Error(), call) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %s: %v, want %q", failure.NameOf(err), err, call)
				}
			}
			_, err := awsclient.NewExecutions(cfg).Describe(t.Context(), "arn:e")
			if failure.NameOf(err) != failure.EndpointUnreachable || !strings.Contains(err.Error(), "Step Functions cannot be reached at "+test.endpoint) {
				t.Errorf("got %s: %v", failure.NameOf(err), err)
			}
		})
	}
}

// A call that ends because its time is over is no failure of the endpoint: its invocation made no progress.
func TestEndedCallKeepsItsReason(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	cfg := configured(t, "http://"+refused(t), valid)
	_, err := bucket.New(awsclient.S3(cfg), scanned).Put(ctx, "k", nil)
	if failure.NameOf(err) != failure.Internal || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %s: %v", failure.NameOf(err), err)
	}
}

func TestMissingCredentialsAreNamed(t *testing.T) {
	t.Parallel()
	none := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("the SSO session has expired or is invalid")
	})
	cfg := configured(t, "http://"+refused(t), none)
	_, err := bucket.New(awsclient.S3(cfg), scanned).Put(t.Context(), "k", nil)
	for call, err := range map[string]error{"s3:PutObject on s3://b/k: ": err, `dynamodb:Scan on table "orders": `: scan(t, cfg, scanned)} {
		if failure.NameOf(err) != failure.CredentialsInvalid || !strings.HasPrefix(err.Error(), call+"there are no credentials for AWS") || !strings.HasSuffix(err.Error(), "the SSO session has expired or is invalid)") {
			t.Errorf("got %s: %v", failure.NameOf(err), err)
		}
	}
}

// A redirect is S3's answer about the bucket. It is not followed: the other host would get the request without its signature, or with it.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%d: %s %s", status, r.Method, r.URL) }))
		s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", elsewhere.URL)
			w.Header().Set("X-Amz-Bucket-Region", "ap-south-2")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<Error><Code>TemporaryRedirect</Code><Message>x</Message></Error>")
		}))
		t.Cleanup(s3.Close)
		t.Cleanup(elsewhere.Close)
		b := bucket.New(awsclient.S3(configured(t, s3.URL, valid)), scanned)
		_, put := b.Put(t.Context(), "k", []byte("x"))
		_, got := b.Get(t.Context(), "k")
		for _, err := range []error{put, got} {
			if failure.NameOf(err) != failure.BucketInOtherRegion || !strings.Contains(err.Error(), `bucket "b" is in ap-south-2, and the functions are in eu-west-1`) {
				t.Errorf("%d: got %s: %v", status, failure.NameOf(err), err)
			}
		}
	}
}
