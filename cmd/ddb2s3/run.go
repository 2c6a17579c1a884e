package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/statemachine"
)

// demo is the request that is run where none is given: 8 segments, several objects each.
const demo = `{"table": "orders", "bucket": "demo", "prefix": "{table}", "segments": 8, "fileSizeBytes": 262144}`

type runFlags struct {
	settings
	input, name     string
	verify, verbose bool
}

// runCommand runs one execution.
func runCommand(ctx context.Context, args []string, stdout io.Writer, stderr *os.File) error {
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
	req, err := f.request()
	if err != nil {
		return err
	}
	// What is wrong with a request is for the execution to say; here only what it asks for is looked at.
	parsed, invalid := request.Parse(req, json.RawMessage(os.Getenv(contract.EnvDefaults)))
	exporting := invalid == nil && parsed.Mode == request.ModeExport
	switch {
	case !json.Valid(req): // as StartExecution refuses it, before there is an execution
		return report(stdout, statemachine.Outcome{Error: string(failure.InvalidRequest), Cause: invalid.Error()})
	case f.verify && invalid == nil && !comparable(parsed):
		return &usageError{"-verify compares whole items of a whole table in DYNAMODB_JSON, of a scan in ION too, or counts those of a transformed one: the request asks for something else"}
	case invalid == nil && !exporting && f.exports.named() != "":
		return &usageError{fmt.Sprintf("-%s is of an export, and the request is of a %s", f.exports.named(), parsed.Mode)}
	}
	if f.name == "" {
		f.name = runName()
	}
	services, err := open(ctx, f.settings, sampletable.Count, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	if exporting {
		if err := services.standInFor(ctx, f.exports, stderr); err != nil {
			return err
		}
	}
	if services.s3 != nil && invalid == nil {
		if err := createBucket(ctx, services, parsed.Bucket); err != nil {
			return err
		}
	}
	return execution{
		services: services, settings: f.settings, request: req, name: f.name, exporting: exporting, verbose: f.verbose,
	}.run(ctx, stdout, stderr, func(result run.Result) error {
		if !f.verify {
			return nil
		}
		return verifyRun(ctx, services, parsed, result, stderr)
	})
}

// runName names a run by the time.
func runName() string { return "local-" + time.Now().UTC().Format("20060102-150405.000000") }

// request returns the execution's input, as it was given. The demo's is verified.
func (f *runFlags) request() (req json.RawMessage, err error) {
	switch f.input {
	case "":
		if f.aws || given(envDynamoDBEndpoint) {
			return nil, &usageError{"-input is missing: only the sample table has a request of its own"}
		}
		f.verify = true
		return json.RawMessage(demo), nil
	case "-":
		req, err = io.ReadAll(os.Stdin)
	default:
		req, err = os.ReadFile(f.input)
	}
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return req, nil
}

// comparable tells whether a run of the request can be compared with its table, or, where a transform makes the records, counted. That a run of a chain is a full one shows later.
func comparable(req request.Request) bool {
	if req.Mode == request.ModeExport {
		export := req.Export
		return export.Format == request.FormatDynamoDBJSON && export.Filter == nil && (export.ExportType == request.ExportFull || export.InChain())
	}
	scan := req.Scan
	whole := req.Format == request.FormatDynamoDBJSON || req.Format == request.FormatION
	return (whole || req.Transform != "") && scan.IndexName == "" && scan.FilterExpression == "" && scan.ProjectionExpression == "" &&
		scan.Segment == nil && len(scan.AttributesToGet) == 0 && len(scan.ScanFilter) == 0
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
