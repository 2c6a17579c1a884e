package awsclient

import (
	"context"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ownCredentials names the errors of the credentials that this process has. They show up in calls to all services.
type ownCredentials struct{ aws.CredentialsProvider }

// Retrieve returns the credentials. It fails with CredentialsInvalid. The cause is in the message only, because the providers try again by
// themselves.
func (c ownCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := c.CredentialsProvider.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return credentials, err
	}
	return credentials, failure.Errorf(failure.CredentialsInvalid,
		"there are no credentials for AWS, or they cannot be renewed: log in again, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (%s)", err.Error())
}
