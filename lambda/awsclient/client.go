// Package awsclient makes the AWS clients: how often and how long a client tries, how it addresses a bucket, and with which role a
// run reads and writes.
//
// It may import failure, fault, run and version.
package awsclient

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

const (
	// requestTimeout limits one try: a page of 1 MB or a part of 8 MiB takes about a second, a stalled connection forever.
	requestTimeout = 60 * time.Second
	// connectTimeout limits the connection to an endpoint. Without a route, for example in a VPC, every try takes as long.
	connectTimeout = 5 * time.Second
	// maxBackoff limits the wait between two tries.
	maxBackoff = 5 * time.Second
	// maxIdle is how many connections stay open between requests. finalize has up to 176 requests at the same time: 16 spans, each with 3
	// listings and 8 lists. The SDK's own limit is 10 for each host. Then most requests open a connection, with a TLS handshake.
	maxIdle = 200
	// tries is how often a client tries a request. All tries take about ten seconds.
	tries = 6
)

// retryer returns the SDK's standard retryer, without the rate limit that gives up a request because other requests failed.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
	})
}

// Config reads the SDK's configuration from the environment; options win over the environment. Clients that are made with it name
// this software and its version in their User-Agent.
func Config(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	options = append([]func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(requestTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdle, maxIdle })),
		config.WithRetryer(retryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{awsmiddleware.AddUserAgentKeyValue(version.Name, version.Number)}),
	}, options...)
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Credentials != nil {
		cfg.Credentials = ownCredentials{cfg.Credentials}
	}
	cfg.HTTPClient = withoutRedirects(cfg.HTTPClient)
	return cfg, nil
}

// withoutRedirects returns a client that returns redirects as answers, so that the SDK sees S3's own error. The SDK's client follows 307 and
// 308 to any host, without the signature if it is another domain, and S3 would then deny the access.
func withoutRedirects(client aws.HTTPClient) aws.HTTPClient {
	built, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	return &http.Client{
		Transport: built.GetTransport(), Timeout: built.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// DynamoDB returns a client for DynamoDB, or for another server with DynamoDB's API.
func DynamoDB(cfg aws.Config, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, append(options, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = true
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(checkAnswers{}, middleware.After)
		})
	})...)
}

// S3 returns a client for S3, or for another server with S3's API.
func S3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		// A custom endpoint is an emulator or another server with S3's API. Few of them answer to bucket.host names.
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}
