package states

import (
	"maps"
	"slices"
	"testing"

	"dynamodb-to-s3/local/awsjson/modeltest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

func TestShapesAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	service := modeltest.Service{
		Protocol: &protocol, Operations: slices.Collect(maps.Keys(New(Options{}).calls)),
		Client: func(url string) any {
			return sfn.New(sfn.Options{
				Region: Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
			})
		},
	}
	service.CheckInputs(t)
	service.CheckOutputs(t)
}
