package stacks_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"dynamodb-to-s3/local/stacks"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// The SDK reads what the stack has, and gets the error of CloudFormation for another stack.
func TestDescribeStacks(t *testing.T) {
	t.Parallel()
	stack := stacks.Stack{
		Name: "dynamodb-to-s3-local", ID: "arn:aws:cloudformation:us-east-1:000000000000:stack/dynamodb-to-s3-local/1", Created: time.Date(2026, 11, 27, 9, 0, 0, 5e6, time.UTC),
		Outputs: []stacks.Output{{Key: "BucketName", Value: "demo & <more>", Description: "The bucket."}, {Key: "Other", Value: ""}},
	}
	server := httptest.NewServer(stack)
	t.Cleanup(server.Close)
	client := cloudformation.New(cloudformation.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
	})
	for _, name := range []*string{nil, &stack.Name, &stack.ID} {
		answer, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
		if err != nil || len(answer.Stacks) != 1 {
			t.Fatalf("%s: got %+v, %v", aws.ToString(name), answer, err)
		}
		got := answer.Stacks[0]
		if *got.StackName != stack.Name || *got.StackId != stack.ID || !got.CreationTime.Equal(stack.Created) || got.StackStatus != types.StackStatusCreateComplete || len(got.Outputs) != 2 ||
			*got.Outputs[0].OutputKey != "BucketName" || *got.Outputs[0].OutputValue != "demo & <more>" || *got.Outputs[0].Description != "The bucket." {
			t.Errorf("%s: got %+v", aws.ToString(name), got)
		}
	}
	for _, test := range []struct {
		call func() error
		want string
	}{
		{func() error {
			_, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("dynamodb-to-s3-prod")})
			return err
		}, "ValidationError: Stack with id dynamodb-to-s3-prod does not exist"},
		{func() error {
			_, err := client.ListStacks(t.Context(), &cloudformation.ListStacksInput{})
			return err
		}, `InvalidAction: this server does not have the action "ListStacks" of version "2010-05-15"`},
	} {
		refusal, ok := errors.AsType[smithy.APIError](test.call())
		if !ok || refusal.ErrorCode()+": "+refusal.ErrorMessage() != test.want {
			t.Errorf("got %v, want %s", refusal, test.want)
		}
	}
}
