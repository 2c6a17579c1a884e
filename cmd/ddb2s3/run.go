package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/sampletable"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sampleRequest is the request of a run without --input: 8 segments with several objects each.
const sampleRequest = `{"table": "orders", "bucket": "demo", "prefix": "{table}", "segments": 8, "fileSizeBytes": 262144}`

// runVerb is the verb run, with its flags.
type runVerb struct {
	options
	own         ownTable
	input, name string
	format      string
	named       bool // by the user
	verify      bool
	flags       *pflag.FlagSet

	text    json.RawMessage // the request, as it was given
	request request.Request // what text says, if it is valid
	invalid error           // run reports it as the execution does
}

func newRun() *cobra.Command {
	v := &runVerb{}
	verb := &cobra.Command{
		Use: "run", Short: "Run the state machine once and print its output as JSON", Args: cobra.NoArgs,
		Long: `Run the state machine once and print its output as JSON.

Without --input, run replicates the sample table, or the table of --load, and verifies the result.`,
		Example: `  # Replicate the sample table.
  go run ./cmd/ddb2s3 run

  # Replicate it to Parquet files. Show the columns and the answer to a query.
  go run ./cmd/ddb2s3 run --format PARQUET

  # Run your own request. If the run is interrupted, it prints the command that continues it.
  go run ./cmd/ddb2s3 run --input request.json --name try-1

  # Replicate your own items. The key of the table is the attribute id.
  go run ./cmd/ddb2s3 run --load items.jsonl --key id

  # Create your own table as it is in AWS, and run your own request on it.
  aws dynamodb describe-table --table-name orders > table.json
  go run ./cmd/ddb2s3 run --load items.jsonl --table-definition table.json --input request.json --verify

  # Read the request from standard input, and verify the result.
  echo '{"table": "orders", "bucket": "demo", "format": "ION"}' | go run ./cmd/ddb2s3 run --input - --verify

  # Replicate a table in AWS to a bucket in AWS.
  go run ./cmd/ddb2s3 run --input request.json --aws`,
		RunE: func(verb *cobra.Command, _ []string) error {
			if err := v.check(verb.Flags()); err != nil {
				return err
			}
			begin(verb)
			return v.run(verb.Context(), verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	flags := verb.Flags()
	v.flags = flags
	flags.StringVar(&v.input, "input", "", "the request: a JSON `FILE`, or - for standard input (default: a request for the sample table)")
	flags.StringVar(&v.format, "format", "", "the `FORMAT` of the files of a run without --input, such as PARQUET (default: DYNAMODB_JSON)")
	flags.StringVar(&v.name, "name", "", "the `NAME` of the execution; the same name with the same request continues an interrupted run, or returns the result of a complete one (default: the time)")
	flags.BoolVar(&v.verify, "verify", false, "read the result back and compare it with the table")
	flags.BoolVarP(&v.verbose, "verbose", "v", false, "show the logs of the functions")
	v.own.add(flags)
	v.addFunctions(flags)
	v.addServices(flags)
	return verb
}

// check reads the request, and refuses flags that do not fit it.
func (v *runVerb) check(flags *pflag.FlagSet) error {
	if err := v.options.check(flags); err != nil {
		return err
	}
	if err := v.own.check(v.aws); err != nil {
		return err
	}
	if err := v.readRequest(); err != nil {
		return err
	}
	v.request, v.invalid = request.Parse(v.text, json.RawMessage(os.Getenv(contract.EnvDefaults)))
	if v.input == "" && v.invalid == nil && !verifiable(v.request) {
		v.verify = flags.Changed("verify") // plain JSON cannot be compared with the table
	}
	switch given := exportFlag(flags); {
	case v.invalid == nil && v.verify && !verifiable(v.request):
		return errors.New("--verify cannot check what this request asks for. It checks scans of a whole table in DYNAMODB_JSON, ION or PARQUET, " +
			"exports of a whole table in DYNAMODB_JSON or PARQUET, and the number of records of a scan with a transform")
	case v.invalid == nil && given != "" && !v.exporting():
		return fmt.Errorf("%s is for exports, but the mode of the request is %s", given, v.request.Mode)
	}
	return nil
}

// readRequest reads the request. A run without a request of its own is verified.
func (v *runVerb) readRequest() (err error) {
	switch {
	case v.input != "" && v.format != "":
		return errors.New("--input and --format contradict each other: write the format into the request, as its field format")
	case v.input == "":
		v.verify = true
		if v.own.given() {
			v.text = v.withFormat(fmt.Appendf(nil, `{"table": %q, "bucket": "demo", "prefix": "{table}"}`, v.own.name()))
			return nil
		}
		if v.aws || endpointVariable(envDynamoDBEndpoint) != "" {
			return errors.New("--input is missing: without it, run uses the sample table, which is only in the DynamoDB that run starts itself")
		}
		v.text = v.withFormat([]byte(sampleRequest))
	case v.input == "-":
		if v.own.file == "-" {
			return errors.New("--input - and --load - contradict each other: standard input can be only one of them")
		}
		v.text, err = io.ReadAll(os.Stdin)
	default:
		v.text, err = os.ReadFile(v.input)
	}
	if err != nil {
		return fmt.Errorf("--input: read the request: %w", err)
	}
	return nil
}

// withFormat returns a request with the format of --format.
func (v *runVerb) withFormat(text []byte) json.RawMessage {
	if v.format == "" {
		return text
	}
	return fmt.Appendf(bytes.TrimSuffix(text, []byte("}")), `, "format": %q}`, v.format)
}

func (v *runVerb) exporting() bool { return v.invalid == nil && v.request.Mode == request.ModeExport }

func (v *runVerb) run(ctx context.Context, stdout, stderr io.Writer) error {
	if v.named = v.name != ""; !v.named {
		v.name = timeName()
	}
	if err := v.checkInput(ctx); err != nil {
		return printRefusal(stdout, err)
	}
	if err := v.checkDuckDB(); err != nil {
		return err
	}
	own, err := v.openTable(ctx, stderr)
	if err != nil {
		return err
	}
	defer own.close()
	services, err := startServices(ctx, v.options, own, v.exporting(), stderr)
	if err != nil {
		return printRefusal(stdout, err)
	}
	defer services.close()
	if err := services.createBucket(ctx, v.request.Bucket); err != nil {
		return err
	}
	if services.exports != nil {
		if v.text, err = withLocalWait(v.text, json.RawMessage(os.Getenv(contract.EnvDefaults))); err != nil {
			return err
		}
	}
	e := execution{
		services: services, options: v.options, request: v.text, name: v.name, table: v.request.Table, exporting: v.exporting(),
		scheduled: v.request.Schedule != "", stdout: stdout, stderr: stderr, continuation: v.continuation,
	}
	return e.run(ctx, func(result run.Result) (string, error) {
		_, objects := services.clients(v.request, result)
		if err := services.showParquet(ctx, objects, result, stderr); err != nil || !v.verify {
			return "", err
		}
		return services.verify(ctx, v.request, result, stderr)
	})
}

// openTable returns the tables to load. It checks the user's own items before anything is started. Other items are another table, so
// no run continues on them.
func (v *runVerb) openTable(ctx context.Context, stderr io.Writer) (tables, error) {
	if !v.own.given() {
		sample := fmt.Appendf(nil, "sample %d %d", sampletable.Seed, sampletable.Count)
		return tables{sampleOrders: sampletable.Count, id: tableID(sample), created: v.checkTable}, nil
	}
	table, err := request.ParseTable(v.request.Table)
	if err != nil {
		return tables{}, err
	}
	own, err := v.own.open(ctx, os.Stdin, stderr)
	if err != nil {
		return tables{}, err
	}
	return tables{own: own, name: table.Name, id: tableID(own.Identity(table.Name)), created: v.checkTable}, nil
}

// verifiable reports whether --verify can check a run of the request. Only the result shows whether an export in a chain is full.
func verifiable(req request.Request) bool {
	if req.Mode == request.ModeExport {
		export := req.Export
		return export.Format == request.FormatDynamoDBJSON && export.Filter == nil && (export.ExportType == request.ExportFull || export.InChain())
	}
	scan := req.Scan
	whole := req.Format == request.FormatDynamoDBJSON || req.Format == request.FormatION || req.Format == request.FormatParquet
	return (whole || req.Transform != "") && scan.IndexName == "" && scan.FilterExpression == "" && scan.ProjectionExpression == "" &&
		scan.Segment == nil && len(scan.AttributesToGet) == 0 && len(scan.ScanFilter) == 0
}
