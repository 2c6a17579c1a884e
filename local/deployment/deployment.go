// Package deployment stands in for a deployment on this computer, as the commands for a deployment see it. One address answers for Step
// Functions with the state machine of this project, for CloudFormation with the outputs of its stack, and for CloudWatch Logs with the lines of
// the functions.
//
// It may import infra/definition, lambda/awsclient, lambda/contract, its neighbours in local/ and the SDK.
package deployment

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/logs"
	"dynamodb-to-s3/local/stacks"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/states"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const (
	// Environment is the name of the deployment, as --env takes it.
	Environment = "local"
	// Name is the name of the stack and of the state machine.
	Name = "dynamodb-to-s3-" + Environment
)

// Options are the settings of a deployment.
type Options struct {
	// Bucket is the bucket that runs write to.
	Bucket string
	// InvokeURL is the address of the functions and of SDK integrations, as in statemachine.Execution.
	InvokeURL string
	// Listener is where the deployment is reached; nil for a free port of 127.0.0.1. The deployment closes it.
	Listener net.Listener
	// Hurried shortens every wait of the state machine to a millisecond.
	Hurried bool
}

// A Deployment is a running deployment. Its methods may be called from any goroutine.
type Deployment struct {
	URL             string // http://127.0.0.1:<port>, an SDK's endpoint
	StateMachineARN string

	states      *states.Server
	logs        *logs.Server
	interpreter *statemachine.Interpreter
	http        http.Server
}

// Start starts a deployment. ctx limits the start only: the deployment runs until Stop.
func Start(ctx context.Context, o Options) (*Deployment, error) {
	listener := o.Listener
	if listener == nil {
		var err error
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start the deployment: %w", err)
		}
	}
	interpreter, err := statemachine.StartInterpreter(ctx)
	if err != nil {
		_ = listener.Close() // nobody has connected
		return nil, fmt.Errorf("start the deployment: %w", err)
	}
	var groups []string
	for _, function := range contract.Functions() {
		groups = append(groups, group(function))
	}
	lines := logs.New(groups...)
	machine := states.New(states.Options{Name: Name, Definition: definition.JSON, Interpreter: interpreter, InvokeURL: o.InvokeURL, Hurried: o.Hurried})
	d := &Deployment{URL: "http://" + listener.Addr().String(), StateMachineARN: machine.StateMachineARN(), states: machine, logs: lines, interpreter: interpreter}
	stack := stacks.Stack{
		Name: Name, ID: "arn:aws:cloudformation:" + states.Region + ":" + states.Account + ":stack/" + Name + "/" + Environment, Created: time.Now(),
		Outputs: []stacks.Output{
			{Key: "StateMachineArn", Value: d.StateMachineARN, Description: "Start executions of this state machine."},
			{Key: "BucketName", Value: o.Bucket, Description: "The bucket that runs write to."},
			{Key: "LogGroups", Value: strings.Join(groups, " "), Description: "The log groups of the functions."},
		},
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case stacks.Answers(r):
			stack.ServeHTTP(w, r)
		case logs.Answers(r):
			lines.ServeHTTP(w, r)
		default:
			machine.ServeHTTP(w, r)
		}
	}
	quiet := log.New(io.Discard, "", 0) // a client that leaves is no error
	d.http = http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = d.http.Serve(listener) }() // ends with Stop
	return d, nil
}

// group returns the name of the log group of a function.
func group(function contract.Function) string { return Name + "-" + string(function) }

// Writer returns what writes lines to the log group of a function. Each Write is one event.
func (d *Deployment) Writer(function contract.Function) io.Writer {
	return d.logs.Writer(group(function))
}

// Log returns the log of a function, in the form that it has in AWS Lambda. Other handlers get each record too.
func (d *Deployment) Log(function contract.Function, others ...slog.Handler) *slog.Logger {
	return slog.New(slog.NewMultiHandler(append(others, slog.NewJSONHandler(d.Writer(function), nil))...))
}

// Stop aborts the executions and ends the deployment. It may be called more than once.
func (d *Deployment) Stop() {
	_ = d.http.Close() // its listener and connections are not needed any more
	d.states.Stop()
	d.interpreter.Stop()
}

// AWS returns the SDK's configuration for clients of the three services. The environment does not change it.
func (d *Deployment) AWS(ctx context.Context) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion(states.Region), config.WithBaseEndpoint(d.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(states.Account, "local-secret", "")))
}

// Wait waits until an execution has ended, or until ctx ends.
func (d *Deployment) Wait(ctx context.Context, arn string) { d.states.Wait(ctx, arn) }
