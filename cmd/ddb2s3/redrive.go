package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/limit"

	"github.com/spf13/cobra"
)

// redriveVerb is the verb redrive, with its flags.
type redriveVerb struct {
	deployed
	maxReadUnits float64
}

func newRedrive() *cobra.Command {
	v := &redriveVerb{}
	verb := &cobra.Command{
		Use: "redrive NAME", Short: "Continue an execution of a deployment that failed or was stopped", Args: oneName,
		Long: `Continue an execution that failed, timed out or was stopped. It continues where it stopped: it does not read completed segments again.

Step Functions allows a redrive within 14 days of the end of the execution.

If the execution failed with LimitReached, give it a higher limit with --max-read-units. A redrive cannot change the input of an execution, so the
limit is an object in the folder of the run. Your credentials need s3:GetObject and s3:PutObject there.`,
		Example: `  go run ./cmd/ddb2s3 redrive orders-20260131-020000 --env prod
  go run ./cmd/ddb2s3 redrive orders-20260131-020000 --env prod --max-read-units 80000`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.Check(); err != nil {
				return err
			}
			begin(verb)
			return v.redrive(verb.Context(), args[0], verb.OutOrStdout())
		},
	}
	v.add(verb.Flags(), "the execution")
	verb.Flags().Float64Var(&v.maxReadUnits, "max-read-units", 0, "a higher `LIMIT` than maxReadUnits of the input")
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
	if v.maxReadUnits != 0 {
		if err := v.raise(ctx, d, name); err != nil {
			return err
		}
	}
	if e, err = d.Redrive(ctx, e); err != nil {
		return err
	}
	if v.json {
		return printJSON(stdout, e)
	}
	return printStarted(stdout, d, "redriven (redrive "+strconv.Itoa(e.Redrives)+")", e)
}

// raise raises the limit of the execution's run.
func (v *redriveVerb) raise(ctx context.Context, d *deployment.Deployment, name string) error {
	planned, err := d.Planned(ctx, name)
	if err == nil && planned == nil {
		err = fmt.Errorf("the execution %s has no run, so it has no limit: leave --max-read-units out", name)
	}
	if err != nil {
		return err
	}
	return limit.Raise(ctx, bucket.New(d.S3, planned.Plan), planned.Plan, v.maxReadUnits)
}
