package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/problem"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// endpointLimit is how long a server that the environment names may take for its first answer.
const endpointLimit = 5 * time.Second

// endpoint is a service whose server the environment can name.
type endpoint struct {
	service  string
	variable string // that names the server; "" if none does
	language string // of its answers, a part of their content type
	ask      func(context.Context, aws.Config) error
}

func endpoints() []endpoint {
	return []endpoint{
		{"DynamoDB", endpointVariable(envDynamoDBEndpoint), "json", func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{Limit: aws.Int32(1)})
			return err
		}},
		{"S3", endpointVariable(envS3Endpoint), "xml", func(ctx context.Context, cfg aws.Config) error {
			_, err := awsclient.S3(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		}},
		{"Glue", envGlueEndpoint, "json", func(ctx context.Context, cfg aws.Config) error { // only a catalog needs it
			_, err := awsclient.Glue(cfg).GetDatabases(ctx, &glue.GetDatabasesInput{MaxResults: aws.Int32(1)})
			return err
		}},
		{"STS", envSTSEndpoint, "xml", func(ctx context.Context, cfg aws.Config) error { // only requests with roles need it
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		}},
	}
}

// checkEndpoints asks each server that the environment names for something small. The error has every variable whose server does not
// answer as its service does. It does not matter what the answer is: the functions report what they may not do.
func checkEndpoints(ctx context.Context, cfg aws.Config) error {
	all := endpoints()
	faults := make([]error, len(all))
	var asking sync.WaitGroup
	for i, each := range all {
		if each.variable != "" && os.Getenv(each.variable) != "" {
			asking.Go(func() { faults[i] = each.check(ctx, cfg) })
		}
	}
	asking.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(faults...)
}

func (e endpoint) check(ctx context.Context, cfg aws.Config) error {
	given := os.Getenv(e.variable)
	fault := func(words string, args ...any) error {
		return fmt.Errorf("%s names %s, but %s", e.variable, problem.Quote(given), fmt.Sprintf(words, args...))
	}
	at, err := url.Parse(given)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "" {
		return fault("that is not a URL such as http://127.0.0.1:8000")
	}
	var p probe
	cfg = cfg.Copy()
	cfg.Logger = logging.Nop{} // the SDK would warn about answers that it does not understand
	cfg.HTTPClient, cfg.Retryer = &p, func() aws.Retryer { return aws.NopRetryer{} }
	ctx, cancel := context.WithTimeoutCause(ctx, endpointLimit, fmt.Errorf("no answer within %s", endpointLimit))
	defer cancel()
	err = e.ask(ctx, cfg)
	advice := "start the server or correct " + e.variable
	switch {
	case p.response != nil && strings.Contains(p.response.Header.Get("Content-Type"), e.language):
		return nil
	case p.response != nil:
		return fault("the server there is no %s: it answers %q%s. Correct %s", e.service, p.response.Status, p.text(), e.variable)
	case p.plain():
		return fault("the server there does not speak HTTPS: begin the URL with http://")
	case p.err != nil && at.Port() == "":
		return fault("no %s answers there. The URL has no port, so it means port %s (%v): %s", e.service, map[string]string{"http": "80", "https": "443"}[at.Scheme], p.cause(ctx), advice)
	case p.err != nil:
		return fault("no %s answers there (%v): %s", e.service, p.cause(ctx), advice)
	default:
		return fault("it cannot be asked: %v", err) // the SDK sent nothing
	}
}

// probe is an HTTP client that keeps its last answer.
type probe struct {
	response *http.Response
	body     []byte
	err      error
}

// Do sends a request.
func (p *probe) Do(request *http.Request) (*http.Response, error) {
	if p.response, p.err = http.DefaultClient.Do(request); p.err != nil {
		return nil, p.err
	}
	p.body, _ = io.ReadAll(io.LimitReader(p.response.Body, 200)) // only for a message
	p.response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(string(p.body)), p.response.Body), p.response.Body}
	return p.response, nil
}

// plain reports whether the server has answered a TLS handshake without TLS.
func (p *probe) plain() bool {
	_, other := errors.AsType[tls.RecordHeaderError](p.err)
	return other || errors.Is(p.err, http.ErrSchemeMismatch)
}

// text returns the beginning of an answer that is plain text.
func (p *probe) text() string {
	if kind := p.response.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "text/plain") || len(p.body) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s)", problem.Quote(strings.TrimSpace(string(p.body))))
}

// cause returns why there was no answer, without the URL.
func (p *probe) cause(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if failed, ok := errors.AsType[*url.Error](p.err); ok {
		return failed.Err
	}
	return p.err
}
