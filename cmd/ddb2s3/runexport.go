package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"
)

// sampleExport is the request that run-export runs twice. The first export is of the whole table, the second of the changes since.
const sampleExport = `{"table": "orders", "bucket": "demo", "prefix": "{table}", "export": {"from": "last", "checkIntervalSeconds": 1}}`

// sampleExportItems is the size of the sample table, which run-export reads five times.
const sampleExportItems = 20_000

// clockAdvance is how far run-export moves the clock between the exports. An export covers at least 15 minutes, and ends about 5
// minutes in the past.
const clockAdvance = time.Hour

func newRunExport() *cobra.Command {
	var o options
	verb := &cobra.Command{
		Use: "run-export", Short: "Export a sample table, change it, and export the changes", Args: cobra.NoArgs,
		Long: `Export a sample table, change it, export the changes, and print the output of both runs as JSON.

Then run-export verifies that both exports together are the table. It writes to the table and moves the clock of the exports
by an hour, so it uses only a DynamoDB that it starts itself.`,
		Example: `  go run ./cmd/ddb2s3 run-export

  # Let the first export fail. The state machine starts another one.
  go run ./cmd/ddb2s3 run-export --export-fail InternalServerError:1 --verbose`,
		RunE: func(verb *cobra.Command, _ []string) error {
			if name := endpointVariable(envDynamoDBEndpoint); name != "" {
				return fmt.Errorf("run-export changes the table that it exports: unset %s, or export your own table with run --input FILE --local-exports", name)
			}
			if err := o.check(verb.Flags()); err != nil {
				return err
			}
			begin(verb)
			return runExport(verb.Context(), o, verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	verb.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "show the logs of the functions")
	o.addFunctions(verb.Flags())
	return verb
}

func runExport(ctx context.Context, o options, stdout, stderr io.Writer) error {
	services, err := startServices(ctx, o, tables{sampleOrders: sampleExportItems}, true, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	if err := services.createBucket(ctx, "demo"); err != nil {
		return err
	}
	return exportTwice(ctx, services, o, sampleExportItems, stdout, stderr)
}

// exportTwice exports a sample table of so many items, changes it, exports the changes, and verifies both.
func exportTwice(ctx context.Context, s *services, o options, items int, stdout, stderr io.Writer) error {
	name := timeName()
	first := execution{
		services: s, options: o, request: json.RawMessage(sampleExport), name: name + "-1", table: sampletable.Table, exporting: true, stdout: stdout, stderr: stderr,
	}
	var full run.Result
	err := first.run(ctx, func(result run.Result) (string, error) {
		full = result
		return s.verify(ctx, request.Request{}, result, stderr)
	})
	if err != nil {
		return err
	}
	if err := s.changeSampleTable(ctx, items, stderr); err != nil {
		return err
	}
	s.exports.Advance(clockAdvance)
	_, _ = fmt.Fprintf(stderr, "moving the clock of the exports forward by %s, because an incremental export covers at least 15 minutes\n", clockAdvance)
	second := first
	second.name = name + "-2"
	return second.run(ctx, func(result run.Result) (string, error) { return s.verifyChanges(ctx, stderr, full, result) })
}

// changeSampleTable changes the sample table through the server that makes the exports, which records the changes.
func (s *services) changeSampleTable(ctx context.Context, items int, stderr io.Writer) error {
	plan := sampletable.PlanChanges(items)
	var changed atomic.Int64
	stop := progress.Show(stderr, progress.Work{
		Name: "changing " + sampletable.Table, Unit: "order", Total: func() int64 { return int64(plan.Total()) }, Done: changed.Load,
		Detail: func() string {
			return fmt.Sprintf("%s new, %s replaced, %s updated, %s deleted, %s new and deleted again", progress.Count(int64(plan.Added)),
				progress.Count(int64(plan.Replaced)), progress.Count(int64(plan.Updated)), progress.Count(int64(plan.Deleted)), progress.Count(int64(plan.Fleeting)))
		},
	})
	defer stop()
	return sampletable.Change(ctx, dynamodb.NewFromConfig(s.source), sampletable.Table, sampletable.Seed, items, func(n int) { changed.Add(int64(n)) })
}
