package main

import (
	"context"
	"fmt"
	"io"

	status "dynamodb-to-s3/lambda/execution"

	"github.com/spf13/cobra"
)

// stopVerb is the verb stop, with its flags.
type stopVerb struct {
	deployed
	cause string
}

func newStop() *cobra.Command {
	v := &stopVerb{}
	verb := &cobra.Command{
		Use: "stop NAME", Short: "Stop an execution of a deployment", Args: oneName,
		Long: `Stop an execution of a deployment.

A stopped run commits nothing. Functions that are at work end within 15 minutes. Until then they can still read the table. The run can continue:
see redrive. If it will not continue, remove what it has left: see clean.`,
		Example: `  go run ./cmd/ddb2s3 stop orders-20260131-020000 --env prod --cause 'the table needs its capacity'`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.Check(); err != nil {
				return err
			}
			begin(verb)
			return v.stop(verb.Context(), args[0], verb.OutOrStdout())
		},
	}
	v.add(verb.Flags(), "the execution")
	verb.Flags().StringVar(&v.cause, "cause", "", "a `TEXT` that the execution shows as its cause")
	return verb
}

func (v *stopVerb) stop(ctx context.Context, name string, stdout io.Writer) error {
	d, err := v.find(ctx)
	if err != nil {
		return err
	}
	e, err := d.Stop(ctx, name, v.cause)
	if err != nil {
		return err
	}
	if v.json {
		return printJSON(stdout, e)
	}
	_, err = fmt.Fprintf(stdout, `stopped %s. Functions that are at work end by %s. Nothing is committed.
continue it:                ddb2s3 redrive %s %s
remove what it has left:    ddb2s3 clean %s %s
`, e.Name, e.Stop.Add(status.QuietAfter).Format("15:04:05Z"), e.Name, v.Flags(), e.Name, v.Flags())
	return err
}
