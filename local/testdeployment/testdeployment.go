// Package testdeployment gives tests a deployment: the real state machine and the real functions, over the servers of local/testservers. A
// package that uses it calls testservers.Main from its TestMain.
//
// Only tests import it. It is a package of its own because local/testservers serves the tests of the functions' steps, and so imports none.
package testdeployment

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/deployment"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/sdkintegration"
	"dynamodb-to-s3/local/states"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// Options are the settings of a deployment.
type Options struct {
	// Bucket is the bucket of the stack's output; "" for a new one.
	Bucket string
	// Functions are the settings of the functions. Their log, metrics, account and look-ups of executions have defaults.
	Functions function.Options
	// Wrap, if not nil, changes the handler of each function, for example to let it fail or wait.
	Wrap func(contract.Function, function.Handler) function.Handler
	// Source is the DynamoDB that the functions read; without a BaseEndpoint it is the DynamoDB server.
	Source aws.Config
	// Patient keeps the state machine's waits as they are. Otherwise each takes a millisecond.
	Patient bool
}

// Deployed is the real state machine with the real functions, over the DynamoDB and the S3 server. One address answers for Step Functions,
// CloudFormation and CloudWatch Logs.
type Deployed struct {
	*sfn.Client // of Step Functions. It tries each call once
	*deployment.Deployment
	Bucket string
	Config aws.Config // for clients of the three services
}

// Start starts a deployment for one test.
func Start(tb testing.TB, o Options) *Deployed {
	tb.Helper()
	d := &Deployed{Bucket: o.Bucket}
	if d.Bucket == "" {
		d.Bucket = testservers.Bucket(tb)
	}
	source, destination := testservers.Configs()
	if o.Source.BaseEndpoint == nil {
		o.Source = source
	}
	handlers := map[contract.Function]function.Handler{}
	functions := http.NewServeMux()
	functions.Handle("/", lambdaapi.Server{Timeout: 15 * time.Minute, Function: func(name contract.Function) function.Handler {
		handler := handlers[name]
		if handler == nil || o.Wrap == nil {
			return handler
		}
		return o.Wrap(name, handler)
	}}.Handler())
	functions.Handle("/aws-sdk/", sdkintegration.Server{DynamoDB: o.Source}.Handler())
	invoke := httptest.NewServer(functions)
	tb.Cleanup(invoke.Close)

	var err error
	d.Deployment, err = deployment.Start(tb.Context(), deployment.Options{Bucket: d.Bucket, InvokeURL: invoke.URL, Hurried: !o.Patient})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Stop)
	if d.Config, err = d.AWS(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if o.Functions.Account == "" {
		o.Functions.Account = states.Account
	}
	if o.Functions.Identity == nil {
		o.Functions.Identity = &d.Config
	}
	for _, name := range contract.Functions() {
		own := o.Functions
		if own.Log == nil {
			own.Log, own.Metrics, own.Environment = d.Log(name), d.Writer(name), deployment.Environment
		}
		handlers[name] = function.New(o.Source, destination, own).Handler(name)
	}
	d.Client = sfn.NewFromConfig(d.Config, func(o *sfn.Options) { o.Retryer = aws.NopRetryer{} })
	return d
}

// Run starts an execution of a request and returns its ARN.
func (d *Deployed) Run(tb testing.TB, name, request string) string {
	tb.Helper()
	started, err := d.StartExecution(tb.Context(), &sfn.StartExecutionInput{StateMachineArn: &d.StateMachineARN, Name: &name, Input: &request})
	if err != nil {
		tb.Fatal(err)
	}
	return *started.ExecutionArn
}

// Wait waits until an execution has ended, and returns what Step Functions says of it.
func (d *Deployed) Wait(tb testing.TB, arn string) *sfn.DescribeExecutionOutput {
	tb.Helper()
	d.Deployment.Wait(tb.Context(), arn)
	answer, err := d.DescribeExecution(tb.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		tb.Fatal(err)
	}
	return answer
}
