// Package handler is the boundary between AWS Lambda and the engine: it builds the clients once, turns payloads into the
// engine's words, and gives every failure the name that the state machine matches. The mains of the functions and the local
// runner both start here, so that they run the very same code.
package function

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/export"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/finalize"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/scan"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Handler answers one function's invocations: a payload in, a payload out, and an error that carries its name.
type Handler func(ctx context.Context, payload json.RawMessage) (any, error)

// Engine is all functions over one set of clients.
type Engine struct {
	plan     plan.Step
	scan     scan.Step
	export   export.Step
	finalize finalize.Step
	log      *slog.Logger
	metrics  *metric.Writer
}

// Options are what a process decides for its functions.
type Options struct {
	Log      *slog.Logger
	Progress *scan.Progress   // may be nil
	Defaults string           // the deployment's request fields, a JSON object; may be empty
	Account  string           // the account that the functions run in; "" if not known
	Now      func() time.Time // the clock of the invocations' budget; nil for the system's
	// Metrics takes the metrics of the deployment that is called Environment, a line each; nil for none.
	Metrics     io.Writer
	Environment string
	// Identity is what asks for sessions of the roles that runs name; nil for what reads tables.
	Identity *aws.Config
	// Executions tells what has become of the state machine's executions; nil for Step Functions, asked as Identity.
	Executions plan.Executions
	// Roles are those that a request may name; nil for any.
	Roles *request.AssumableRoles
}

// New returns the engine that reads tables with source and writes objects with destination.
func New(source, destination aws.Config, options Options) *Engine {
	if options.Identity == nil {
		options.Identity = &source
	}
	if options.Executions == nil {
		options.Executions = awsclient.NewExecutions(*options.Identity)
	}
	clients := awsclient.NewClients(source, destination, *options.Identity)
	metrics := metric.New(options.Metrics, options.Environment)
	return &Engine{
		plan: plan.Step{
			Tables: clients.Tables, Objects: clients.Objects,
			Executions: options.Executions, Defaults: json.RawMessage(options.Defaults), Account: options.Account, Roles: options.Roles,
		},
		scan: scan.Step{
			Tables: clients.Tables, Objects: clients.Objects, Log: options.Log, Progress: options.Progress, Metrics: metrics, Now: options.Now,
		},
		export:   export.Step{DynamoDB: awsclient.DynamoDB(source), S3: awsclient.S3(destination), Account: options.Account, Log: options.Log},
		finalize: finalize.Step{Objects: clients.Objects, Log: options.Log},
		log:      options.Log, metrics: metrics,
	}
}

// Handler returns the handler of one function, nil if there is no such function.
func (e *Engine) Handler(function contract.Function) Handler {
	ends := outcome{log: e.log, metrics: e.metrics, function: function}
	switch function {
	case contract.FunctionPlan:
		return step(ends, e.plan.Run)
	case contract.FunctionScan:
		return step(ends, e.scan.Run)
	case contract.FunctionExport:
		return step(ends, e.export.Run)
	case contract.FunctionFinalize:
		return step(ends, e.finalize.Run)
	default:
		return nil
	}
}

// step makes a handler of a step of the engine. A payload is decoded strictly: it comes from our own state machine, and a
// field that is not known would be one that is not heeded.
func step[In, Out any](ends outcome, xrun func(context.Context, In) (Out, error)) Handler {
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var in In
		fail := func(err error) (any, error) {
			failed := named(err)
			ends.failed(ctx, in, failed)
			return nil, failed
		}
		decoder := json.NewDecoder(bytes.NewReader(payload))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return fail(failure.Errorf(failure.InvalidRequest, "invalid payload, the state machine and the function are of different versions: %w", err))
		}
		out, err := xrun(ctx, in)
		if err != nil {
			return fail(err)
		}
		ends.succeeded(ctx, out)
		return out, nil
	}
}

// Main runs one function in AWS Lambda. It reads the environment once and returns only on a fault.
func Main(function contract.Function) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	cfg, err := awsclient.Config(context.Background())
	roles, invalid := request.ParseAssumableRoles(os.Getenv(contract.EnvAssumableRoles))
	if err = errors.Join(err, invalid); err != nil {
		log.Error("the function cannot start", "function", function, "cause", err.Error())
		os.Exit(1)
	}
	engine := New(cfg, cfg, Options{
		Log: log, Defaults: os.Getenv(contract.EnvDefaults), Account: os.Getenv(contract.EnvAccount), Roles: roles,
		Metrics: os.Stdout, Environment: os.Getenv(contract.EnvName),
	})
	handler := engine.Handler(function)
	if handler == nil {
		log.Error("the function cannot start", "cause", fmt.Sprintf("its handler name is %q, want one of %q", function, contract.Functions()))
		os.Exit(1)
	}
	lambda.Start(handler)
}
