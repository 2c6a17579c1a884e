package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/lake"

	"github.com/spf13/cobra"
)

// queryVerb is the verb query, with its flags.
type queryVerb struct {
	from      string
	list      bool
	json, csv bool
	sql       string
}

func newQuery() *cobra.Command {
	v := &queryVerb{}
	verb := &cobra.Command{
		Use: "query [SQL]", Short: "Query the newest run of each table with DuckDB", Args: cobra.MaximumNArgs(1),
		Long: `Query the newest run of each table with DuckDB. The tables have these names in SQL:

  <table>           the newest committed run of the whole table
  <table>_history   all committed runs of the whole table, with the columns run_time and run_id
  <table>_changes   the incremental exports, with the columns window_from and window_to
  <table>_current   the newest run with all later changes applied to it (DYNAMODB_JSON)

<table> is the name of the DynamoDB table in lower case. Every character other than a-z, 0-9 and _ becomes _. All times are text
in UTC, such as 2026-11-27 05:00:00.000. In DYNAMODB_JSON, an item is a map: item['total'].n is the number in the attribute total.

The files are those that the manifests of committed runs name. A run with an index, a filter, a projection, one segment or
a transform is in no table. DuckDB cannot read ION. In plain JSON, it reads 15 digits of a number with a fraction. Use PARQUET or
DYNAMODB_JSON if your numbers have more.

With --from s3://bucket/prefix, the files of the tables in the query are downloaded into a temporary folder, because DuckDB reads S3
only with an extension. The number of bytes is shown before. The SDK's variables name the credentials, the region and the endpoint.

The answer is on standard output. The exit code is 0 after success, 1 after a failure, for example of the query, 2 for wrong arguments
and 130 after an interruption.`,
		Example: `  go run ./cmd/ddb2s3 query --list
  go run ./cmd/ddb2s3 query "select count(*) from orders"
  go run ./cmd/ddb2s3 query "select run_time, count(*) from orders_history group by run_time"
  go run ./cmd/ddb2s3 query --csv "select item['orderId'].s from orders_current" > orders.csv

  # Query the runs in S3.
  go run ./cmd/ddb2s3 query --from s3://my-bucket/orders "select count(*) from orders"

  # Read the query from standard input, and the runs from another folder.
  go run ./cmd/ddb2s3 query --from backup/orders - < report.sql`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.check(args); err != nil {
				return err
			}
			begin(verb)
			return v.run(verb.Context(), verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	flags := verb.Flags()
	flags.StringVar(&v.from, "from", "", "the `PLACE` of the runs: a folder, or s3://bucket/prefix (default: .local/s3, where local runs are)")
	flags.BoolVar(&v.list, "list", false, "show the tables, their runs and their windows")
	flags.BoolVar(&v.json, "json", false, "print a JSON object for each row, on a line of its own")
	flags.BoolVar(&v.csv, "csv", false, "print the rows as CSV, with a header")
	return verb
}

func (v *queryVerb) check(args []string) error {
	switch {
	case v.json && v.csv:
		return errors.New("--json and --csv contradict each other: give only one")
	case v.list && v.csv:
		return errors.New("--list has no form as CSV: use --json")
	case v.list && len(args) > 0:
		return errors.New("--list and a query contradict each other: give only one")
	case v.list:
		return nil
	case len(args) == 0:
		return errors.New(`the query is missing: give it as an argument, such as "select count(*) from orders", or give --list`)
	}
	v.sql = args[0]
	if v.sql == "-" {
		text, err := io.ReadAll(os.Stdin)
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		v.sql = string(text)
	}
	if strings.TrimSpace(v.sql) == "" {
		return errors.New("the query is empty")
	}
	return nil
}

func (v *queryVerb) run(ctx context.Context, stdout, stderr io.Writer) error {
	found, err := v.open(ctx)
	if err != nil {
		return err
	}
	defer found.Close()
	if v.list {
		return found.List(stdout, v.json)
	}
	db, err := duckdb.Open(ctx)
	if errors.Is(err, checkout.ErrNotInstalled) {
		if err = duckdb.Install(ctx, stderr); err == nil {
			db, err = duckdb.Open(ctx)
		}
	}
	if err != nil {
		return err
	}
	defer db.Close()
	if err := found.Prepare(ctx, db, v.sql, stderr); err != nil {
		return err
	}
	var to printer = &table{to: stdout}
	switch {
	case v.json:
		to = lines{stdout}
	case v.csv:
		to = &values{to: csv.NewWriter(stdout)}
	}
	columns, err := db.Plain(ctx, v.sql, to.row)
	if err == nil {
		err = to.end(columns)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, found.Hint())
	}
	return nil
}

// open finds the tables. In S3, the SDK's variables name the credentials and the endpoint.
func (v *queryVerb) open(ctx context.Context) (*lake.Lake, error) {
	if strings.HasPrefix(v.from, "s3://") {
		load := localConfig
		if endpointVariable(envS3Endpoint) == "" {
			load = awsConfig
		}
		cfg, err := load(ctx)
		if err != nil {
			return nil, err
		}
		cfg.HTTPClient = nil // that of the functions has a limit of time, which a large file may need longer than
		return lake.OpenS3(ctx, cfg, v.from)
	}
	if v.from != "" {
		return lake.Open(ctx, v.from)
	}
	repository, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	return lake.Open(ctx, filepath.Join(repository.Local(), "s3"))
}
