package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/sampletable"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	var o options
	var address string
	verb := &cobra.Command{
		Use: "serve", Short: "Answer Lambda's Invoke API with the functions", Args: cobra.NoArgs,
		Long: `Answer Lambda's Invoke API with the functions, and DescribeExport as Step Functions does, until interrupted.

Use it to call the functions from your own state machine or program.`,
		Example: `  # Serve the functions over the sample table.
  go run ./cmd/ddb2s3 serve

  # Serve the functions over AWS on another port.
  go run ./cmd/ddb2s3 serve --aws --addr 127.0.0.1:4000`,
		RunE: func(verb *cobra.Command, _ []string) error {
			if err := o.check(verb.Flags()); err != nil {
				return err
			}
			begin(verb)
			return serve(verb.Context(), o, address, verb.ErrOrStderr())
		},
	}
	verb.Flags().StringVar(&address, "addr", "127.0.0.1:3001", "the `ADDRESS` to listen on")
	o.addFunctions(verb.Flags())
	o.addServices(verb.Flags())
	return verb
}

// serve serves the functions until ctx ends.
func serve(ctx context.Context, o options, address string, stderr io.Writer) error {
	services, err := startServices(ctx, o, tables{sampleOrders: sampletable.Count}, true, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	functions, err := startFunctions(ctx, services, o.lambdaTimeout, address, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	defer functions.close()
	for _, name := range contract.Functions() {
		_, _ = fmt.Fprintf(stderr, "POST %s/2015-03-31/functions/%s/invocations\n", functions.url, name)
	}
	_, _ = fmt.Fprintf(stderr, "POST %s/aws-sdk/dynamodb/describeExport\n", functions.url)
	<-ctx.Done()
	return nil
}
