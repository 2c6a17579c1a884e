// Package handler is the boundary between AWS Lambda and the engine: it builds the clients once, turns payloads into the
// engine's words, and gives every failure the name that the state machine matches. The mains of the functions and the local
// runner both start here, so that they run the very same code.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"time"

	"dynamodb-to-s3/lambda/client"
	"dynamodb-to-s3/lambda/commit"
	"dynamodb-to-s3/lambda/exporter"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/planner"
	"dynamodb-to-s3/lambda/segment"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Handler answers one function's invocations: a payload in, a payload out, and an error that carries its name.
type Handler func(ctx context.Context, payload json.RawMessage) (any, error)

// Engine is all functions over one set of clients.
type Engine struct {
	planner   planner.Planner
	runner    segment.Runner
	exporter  exporter.Exporter
	committer commit.Committer
}

// Options are what a process decides for its functions.
type Options struct {
	Log      *slog.Logger
	Progress *segment.Progress // may be nil
	Defaults string            // the deployment's request fields, a JSON object; may be empty
	Account  string            // the account that the functions run in; "" if not known
	Now      func() time.Time  // the clock of the invocations' budget; nil for the system's
}

// New returns the engine that reads tables with source and writes objects with destination.
func New(source, destination aws.Config, options Options) *Engine {
	tables, objects := client.DynamoDB(source), client.S3(destination)
	return &Engine{
		planner:   planner.Planner{DynamoDB: tables, S3: objects, Defaults: json.RawMessage(options.Defaults), Account: options.Account},
		runner:    segment.Runner{DynamoDB: tables, S3: objects, Log: options.Log, Progress: options.Progress, Now: options.Now},
		exporter:  exporter.Exporter{DynamoDB: tables, S3: objects, Account: options.Account, Log: options.Log},
		committer: commit.Committer{S3: objects, Log: options.Log},
	}
}

// Handler returns the handler of one function, nil if there is no such function.
func (e *Engine) Handler(function job.Function) Handler {
	switch function {
	case job.FunctionPlan:
		return step(e.planner.Run)
	case job.FunctionScan:
		return step(e.runner.Run)
	case job.FunctionExport:
		return step(e.exporter.Run)
	case job.FunctionFinalize:
		return step(e.committer.Run)
	default:
		return nil
	}
}

// step makes a handler of a step of the engine. A payload is decoded strictly: it comes from our own state machine, and a
// field that is not known would be one that is not heeded.
func step[In, Out any](run func(context.Context, In) (Out, error)) Handler {
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(payload))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, named(job.Errorf(job.InvalidRequest, "invalid payload, the state machine and the function are of different versions: %w", err))
		}
		out, err := run(ctx, in)
		if err != nil {
			return nil, named(err)
		}
		return out, nil
	}
}

// Main runs one function in AWS Lambda. It reads the environment once and returns only on a fault.
func Main(function job.Function) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	cfg, err := client.Config(context.Background())
	if err != nil {
		log.Error("the function cannot start", "function", function, "cause", err.Error())
		os.Exit(1)
	}
	engine := New(cfg, cfg, Options{Log: log, Defaults: os.Getenv(job.EnvDefaults), Account: os.Getenv(job.EnvAccount)})
	lambda.Start(engine.Handler(function))
}
