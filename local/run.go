package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/client"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/local/machine"
	"dynamodb-to-s3/local/meter"
	"dynamodb-to-s3/local/readback"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// errExecutionFailed says that the execution ended in a failure, which was printed as its output.
var errExecutionFailed = errors.New("the execution failed")

// demo is the request that is run where none is given: 8 segments, several objects each.
const demo = `{"table": "orders", "bucket": "demo", "prefix": "{table}", "segments": 8, "fileSizeBytes": 262144}`

// functionOf is the function that a state calls.
var functionOf = map[string]job.Function{
	job.StatePlan: job.FunctionPlan, job.StateScanSegment: job.FunctionScan, job.StateFinalize: job.FunctionFinalize,
}

// arnPrefix is what a local execution's id begins with, in place of a real region and account.
const arnPrefix = "arn:aws:states:local:000000000000:"

type runFlags struct {
	settings
	input, name     string
	verify, verbose bool
}

// run runs one execution.
func run(ctx context.Context, args []string, stdout io.Writer, stderr *os.File) error {
	f := runFlags{}
	flags := flag.NewFlagSet("local run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	f.register(flags)
	flags.StringVar(&f.input, "input", "", "the request: a JSON `file`, or - for standard input (default: the demo's, with -verify)")
	flags.StringVar(&f.name, "name", "", "the execution's `name`, and so the run's; the same one with the same request goes on where it was (default: the time)")
	flags.BoolVar(&f.verify, "verify", false, "read everything back through the manifest and compare it with the table")
	flags.BoolVar(&f.verbose, "v", false, "show the functions' logs")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	request, err := f.request()
	if err != nil {
		return err
	}
	// What is wrong with a request is for the execution to say; here only what it asks for is looked at.
	parsed, invalid := job.Parse(request, json.RawMessage(os.Getenv(job.EnvDefaults)))
	switch {
	case !json.Valid(request): // as StartExecution refuses it, before there is an execution
		return report(stdout, machine.Outcome{Error: string(job.InvalidRequest), Cause: invalid.Error()})
	case f.verify && invalid == nil && !comparable(parsed):
		return &usageError{"-verify compares whole items of a whole table in DYNAMODB_JSON: the request asks for something else"}
	}
	if f.name == "" {
		f.name = "local-" + time.Now().UTC().Format("20060102-150405.000")
	}
	services, err := open(ctx, f.settings, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	if services.s3 != nil && invalid == nil {
		if err := createBucket(ctx, services, parsed.Bucket); err != nil {
			return err
		}
	}
	outcome, took, err := f.execute(ctx, services, request, stderr)
	if err != nil {
		return err
	}
	if err := report(stdout, outcome); err != nil {
		return err
	}
	var result job.Result
	if err := json.Unmarshal(outcome.Output, &result); err != nil {
		return fmt.Errorf("the execution's output: %w", err)
	}
	if f.verify {
		if err := verify(ctx, services, result, stderr); err != nil {
			return err
		}
	}
	summarize(stderr, services, result, took)
	return nil
}

// request returns the execution's input, as it was given. The demo's is verified.
func (f *runFlags) request() (request json.RawMessage, err error) {
	switch f.input {
	case "":
		if f.aws || given(envDynamoDBEndpoint) {
			return nil, &usageError{"-input is missing: only the sample table has a request of its own"}
		}
		f.verify = true
		return json.RawMessage(demo), nil
	case "-":
		request, err = io.ReadAll(os.Stdin)
	default:
		request, err = os.ReadFile(f.input)
	}
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return request, nil
}

// comparable tells whether a run of the request can be compared with its table.
func comparable(request job.Request) bool {
	scan := request.Scan
	return request.Format == job.FormatDynamoDBJSON && scan.IndexName == "" && scan.FilterExpression == "" && scan.ProjectionExpression == "" &&
		scan.Segment == nil && len(scan.AttributesToGet) == 0 && len(scan.ScanFilter) == 0
}

// execute runs the state machine over the functions and shows how far it is.
func (f runFlags) execute(ctx context.Context, v *services, request json.RawMessage, stderr *os.File) (machine.Outcome, time.Duration, error) {
	log := slog.New(slog.DiscardHandler)
	if f.verbose {
		log = slog.New(slog.NewTextHandler(stderr, nil))
	}
	functions, err := startFunctions(ctx, v, f.settings, "127.0.0.1:0", log)
	if err != nil {
		return machine.Outcome{}, 0, err
	}
	defer functions.close()

	start := time.Now()
	var done atomic.Int64
	stop := meter.Show(stderr, meter.Work{
		Name: "replicating: segments", Total: functions.segments.Load, Done: done.Load,
		Detail: func() string {
			seconds := time.Since(start).Seconds()
			return fmt.Sprintf("(%s items, %s read, %.1f MB/s)", meter.Count(functions.progress.Items()),
				meter.Megabytes(functions.progress.Bytes()), float64(functions.progress.Bytes())/1e6/seconds)
		},
	})
	defer stop()
	outcome, err := machine.Run(ctx, machine.Execution{
		Definition: definition.JSON, Input: request, InvokeURL: functions.url, StartTime: start,
		ID: arnPrefix + "execution:dynamodb-to-s3:" + f.name, Name: f.name,
		StateMachineID: arnPrefix + "stateMachine:dynamodb-to-s3", StateMachineName: "dynamodb-to-s3",
		OnEvent: func(e machine.Event) {
			switch e.Kind {
			case machine.MapIterationSucceeded:
				done.Add(1)
			case machine.StateRetried:
				_, _ = fmt.Fprintf(stderr, "retry %d of %s after %s: %s\n", e.Attempt, e.State, e.Error, functions.lastFailure(functionOf[e.State]))
			}
		},
	})
	return outcome, time.Since(start), err
}

// report prints how the execution ended, as JSON.
func report(stdout io.Writer, outcome machine.Outcome) error {
	var shown any = outcome.Output
	if !outcome.Succeeded {
		shown = map[string]string{"error": outcome.Error, "cause": outcome.Cause}
	}
	lines := json.NewEncoder(stdout)
	lines.SetEscapeHTML(false)
	lines.SetIndent("", "  ")
	if err := lines.Encode(shown); err != nil {
		return fmt.Errorf("print the output: %w", err)
	}
	if !outcome.Succeeded {
		return errExecutionFailed
	}
	return nil
}

// createBucket creates the request's bucket in the embedded S3, where nobody else can have.
func createBucket(ctx context.Context, v *services, name string) error {
	_, err := client.S3(v.destination).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	if _, exists := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !exists {
		return fmt.Errorf("create the bucket %s: %w", name, err)
	}
	return nil
}

// verify reads the run back and compares it with the table.
func verify(ctx context.Context, v *services, result job.Result, stderr *os.File) error {
	start := time.Now()
	_, _ = fmt.Fprintln(stderr, "verifying: reading everything back through the manifest and comparing it with the table")
	compared, err := readback.Compare(ctx, dynamodb.NewFromConfig(v.source), client.S3(v.destination), result)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	_, err = fmt.Fprintf(stderr, "verified: read back %s objects through the manifest, all %s items are those of the table, none missing, none twice (%.1f s)\n",
		meter.Count(int64(compared.Objects)), meter.Count(int64(compared.Items)), time.Since(start).Seconds())
	return err
}

func summarize(stderr io.Writer, v *services, result job.Result, took time.Duration) {
	manifest := result.Manifest
	if v.s3 != nil {
		manifest = relative(filepath.Join(v.objects, result.Bucket, job.Layout{Root: result.Root}.ManifestSummary()))
	}
	_, _ = fmt.Fprintf(stderr, "replicated table %s: %s items in %s objects, %s as stored, %.1f s\nmanifest: %s\n",
		result.Table, meter.Count(result.Items), meter.Count(result.Objects), meter.Megabytes(result.Bytes), took.Seconds(), manifest)
}

// relative shortens a path below the current folder.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}

// parse parses flags that take no arguments after them.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return &usageError{err.Error()}
	}
	if flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", flags.Arg(0))}
	}
	return nil
}
