package main

import (
	"context"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

// redriveVerb is the verb redrive, with its flags.
type redriveVerb struct {
	deployed
}

func newRedrive() *cobra.Command {
	v := &redriveVerb{}
	verb := &cobra.Command{
		Use: "redrive NAME", Short: "Continue an execution of a deployment that failed or was stopped", Args: oneName,
		Long: `Continue an execution that failed, timed out or was stopped. It continues where it stopped: it does not read completed segments again.

Step Functions allows a redrive within 14 days of the end of the execution.`,
		Example: `  go run ./cmd/ddb2s3 redrive orders-20260131-020000 --env prod`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.Check(); err != nil {
				return err
			}
			begin(verb)
			return v.redrive(verb.Context(), args[0], verb.OutOrStdout())
		},
	}
	v.add(verb.Flags(), "the execution")
	return verb
}

func (v *redriveVerb) redrive(ctx context.Context, name string, stdout io.Writer) error {
	d, err := v.find(ctx)
	if err != nil {
		return err
	}
	e, err := d.CheckRedrive(ctx, name)
	if err != nil {
		return err
	}
	if e, err = d.Redrive(ctx, e); err != nil {
		return err
	}
	if v.json {
		return printJSON(stdout, e)
	}
	return printStarted(stdout, d, "redriven (redrive "+strconv.Itoa(e.Redrives)+")", e)
}
