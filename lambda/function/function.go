// Package function is the boundary between AWS Lambda and the steps. It makes the clients once, decodes payloads, and gives every
// failure the name that the state machine matches. The Lambda program and local runs both start here, so that they run the same
// code.
//
// It may import every package in lambda/ and is the only one that imports aws-lambda-go.
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
	"runtime"
	"strconv"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/catalog"
	"dynamodb-to-s3/lambda/columns"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/convert"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/export"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/finalize"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/prune"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Handler answers the invocations of one function: it takes a payload and returns an answer, or an error with its name.
type Handler func(ctx context.Context, payload json.RawMessage) (any, error)

// Engine has the handlers of all functions, with one set of clients.
type Engine struct {
	handlers map[contract.Function]Handler
	plan     *plan.Step
}

// Options are the settings of a process for its functions.
type Options struct {
	Log      *slog.Logger
	Progress *scan.Progress // of scans; may be nil
	// ConvertProgress is that of conversions; it may be nil.
	ConvertProgress *scan.Progress
	Defaults        string           // the deployment's request fields as a JSON object; may be empty
	Account         string           // the functions' account; "" if it is not known
	Now             func() time.Time // the clock of the invocations' budgets, of commits and of prune; nil for the system's
	// Metrics receives one line for each metric of the deployment Environment; nil for no metrics.
	Metrics     io.Writer
	Environment string
	// Identity's credentials ask for sessions of the roles that runs name; nil for those that read tables.
	Identity *aws.Config
	// Glue is the configuration for calls to Glue; nil for that which reads tables.
	Glue *aws.Config
	// CloudWatch is the configuration for calls to CloudWatch; nil for none.
	CloudWatch *aws.Config
	// Database is the Glue database of the catalog; "" for no catalog. Retention says which runs stay; nil for all.
	Database  string
	Retention *run.RetentionRule
	// Prices are the deployment's; nil for those of us-east-1.
	Prices price.Prices
	// X86 says that the functions run on x86_64, which has another price than arm64.
	X86 bool
	// Executions looks up the state machine's executions; nil asks Step Functions with Identity's credentials.
	Executions plan.Executions
	// Roles are the roles that a request may name; nil allows any role.
	Roles *request.AssumableRoles
	// ScanTimeout is the timeout of the function scan, 0 if it is not known.
	ScanTimeout time.Duration
	// ScanMemory is the memory of the function scan in MiB, 0 if it has no limit.
	ScanMemory int
	// SegmentBytes is about how many stored bytes a segment of a conversion has; 0 for the usual number.
	SegmentBytes int64
	// PageBytes is about how many bytes of lines a page of a conversion has; 0 for the usual number.
	PageBytes int
	// MostUploads is how many uploads one invocation of finalize completes; 0 for the usual number.
	MostUploads int
}

// New returns an engine that reads tables with source and writes objects with destination.
func New(source, destination aws.Config, options Options) *Engine {
	if options.Identity == nil {
		options.Identity = &source
	}
	if options.Glue == nil {
		options.Glue = &source
	}
	if options.Executions == nil {
		options.Executions = awsclient.NewExecutions(*options.Identity)
	}
	clients := awsclient.NewClients(source, destination, *options.Identity)
	metrics := metric.New(options.Metrics, options.Environment)
	model := estimate.Model{Prices: options.Prices, ScanMemory: options.ScanMemory, ScanTimeout: options.ScanTimeout, X86: options.X86}
	planStep := &plan.Step{
		Tables: clients.Tables, Objects: clients.Objects,
		Executions: options.Executions, Defaults: json.RawMessage(options.Defaults), Account: options.Account, Roles: options.Roles,
		ScanTimeout: options.ScanTimeout, ScanMemory: options.ScanMemory, Database: options.Database, Retention: options.Retention,
		Model: model, Log: options.Log,
	}
	if options.CloudWatch != nil {
		planStep.Metrics = awsclient.CloudWatch(*options.CloudWatch)
	}
	scanStep := scan.Step{
		Tables: clients.Tables, Objects: clients.Objects, Log: options.Log, Progress: options.Progress, Metrics: metrics, Now: options.Now,
	}
	columnsStep := columns.Step{Objects: clients.Objects, Log: options.Log, SegmentBytes: options.SegmentBytes}
	convertStep := convert.Step{Objects: clients.Objects, Log: options.Log, Progress: options.ConvertProgress, Now: options.Now, PageBytes: options.PageBytes}
	exportStep := export.Step{DynamoDB: awsclient.DynamoDB(source), S3: awsclient.S3(destination), Account: options.Account, Log: options.Log}
	finalizeStep := finalize.Step{Objects: clients.Objects, Log: options.Log, MostUploads: options.MostUploads, Now: options.Now, Model: model}
	catalogStep := catalog.Step{Objects: clients.Objects, Glue: awsclient.Glue(*options.Glue), Log: options.Log}
	pruneStep := prune.Step{Objects: clients.Objects, Glue: catalogStep.Glue, Log: options.Log, Now: options.Now}
	ends := func(function contract.Function) outcome {
		return outcome{log: options.Log, metrics: metrics, function: function}
	}
	return &Engine{plan: planStep, handlers: map[contract.Function]Handler{
		contract.FunctionPlan:     step(ends(contract.FunctionPlan), planStep.Run),
		contract.FunctionScan:     step(ends(contract.FunctionScan), scanStep.Run),
		contract.FunctionExport:   step(ends(contract.FunctionExport), exportStep.Run),
		contract.FunctionColumns:  step(ends(contract.FunctionColumns), columnsStep.Run),
		contract.FunctionConvert:  step(ends(contract.FunctionConvert), convertStep.Run),
		contract.FunctionFinalize: step(ends(contract.FunctionFinalize), finalizeStep.Run),
		contract.FunctionCatalog:  step(ends(contract.FunctionCatalog), catalogStep.Run),
		contract.FunctionPrune:    step(ends(contract.FunctionPrune), pruneStep.Run),
	}}
}

// Handler returns the handler of one function, nil if there is no such function.
func (e *Engine) Handler(function contract.Function) Handler { return e.handlers[function] }

// step makes a handler of a step. It decodes payloads strictly: they come from this project's state machine, and an unknown field
// would be ignored otherwise.
func step[In, Out any](ends outcome, run func(context.Context, In) (Out, error)) Handler {
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
			return fail(failure.Errorf(failure.InvalidRequest, "invalid payload: the state machine and the function are of different versions, start a new execution: %w", err))
		}
		out, err := run(ctx, in)
		if err != nil {
			return fail(err)
		}
		ends.succeeded(ctx, out)
		return out, nil
	}
}

// Main runs one function in AWS Lambda. It reads the environment once, and returns only after an error.
func Main(function contract.Function) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	cfg, err := awsclient.Config(context.Background())
	roles, invalid := request.ParseAssumableRoles(os.Getenv(contract.EnvAssumableRoles))
	scanTimeout, _ := strconv.Atoi(os.Getenv(contract.EnvScanTimeout)) // 0 if an older stack does not set it
	scanMemory, _ := strconv.Atoi(os.Getenv(contract.EnvScanMemory))   // the same
	retention, unread := run.ParseRetention(os.Getenv(contract.EnvRetention))
	prices, mispriced := price.Parse(os.Getenv(contract.EnvPrices))
	var metrics *aws.Config
	if os.Getenv(contract.EnvMetrics) == "true" {
		metrics = &cfg
	}
	engine := New(cfg, cfg, Options{
		Log: log, Defaults: os.Getenv(contract.EnvDefaults), Account: os.Getenv(contract.EnvAccount), Roles: roles,
		Metrics: os.Stdout, Environment: os.Getenv(contract.EnvName), ScanTimeout: time.Duration(scanTimeout) * time.Second,
		ScanMemory: scanMemory, Database: os.Getenv(contract.EnvCatalog), Retention: retention, Prices: prices, X86: runtime.GOARCH == "amd64", CloudWatch: metrics,
	})
	handler := engine.Handler(function)
	if err = errors.Join(err, invalid, unread, mispriced); err == nil && handler == nil {
		err = fmt.Errorf("the handler name is %q, want one of %q", function, contract.Functions())
	}
	if err != nil {
		log.Error("the function cannot start", "function", function, "cause", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}
