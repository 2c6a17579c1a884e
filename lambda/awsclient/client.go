// Package client makes the AWS clients as the engine counts on them: how often and how long a request is tried, and how a
// bucket is addressed, and with whose rights a run reads and writes. It imports the AWS SDK and job.
package awsclient

import (
	"context"
	"fmt"
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
	// requestTimeout bounds one try: a page of 1 MB or a part of 8 MiB takes a second or so, a stalled connection for ever.
	requestTimeout = 60 * time.Second
	// maxBackoff bounds the wait between two tries.
	maxBackoff = 5 * time.Second
	// tries is how often a request is tried, over ten seconds or so: what is not there is then reported.
	tries = 6
)

// retryer returns the SDK's standard retryer, but one that never gives a request up because other requests failed.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
	})
}

// Config reads the SDK's configuration from the environment; options come before what is found there. Clients that are made with it
// name this software and its version in their User-Agent.
func Config(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	options = append([]func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(requestTimeout)),
		config.WithRetryer(retryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{awsmiddleware.AddUserAgentKeyValue(version.Name, version.Number)}),
	}, options...)
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	return cfg, nil
}

// DynamoDB returns a client of DynamoDB.
func DynamoDB(cfg aws.Config) *dynamodb.Client { return dynamodb.NewFromConfig(cfg) }

// S3 returns a client of S3, or of another server that speaks as S3 does.
func S3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		// A custom endpoint is an emulator or another S3-speaking server: few of them answer to bucket.host names.
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}
