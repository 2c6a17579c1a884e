package servers

import (
	"context"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// AWS returns the SDK's configuration for clients of the server. The environment does not change it.
func (s *Server) AWS(ctx context.Context) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion(Region), config.WithBaseEndpoint(s.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, "")))
}
