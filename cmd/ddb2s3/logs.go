package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/local/progress"

	"github.com/spf13/cobra"
)

// logsVerb is the verb logs, with its flags.
type logsVerb struct {
	deployed
	follow    bool
	functions []string
}

func newLogs() *cobra.Command {
	v := &logsVerb{}
	verb := &cobra.Command{
		Use: "logs NAME", Short: "Show what the functions have logged for an execution of a deployment", Args: oneName,
		Long: `Show what the functions have logged for an execution of a deployment, the oldest line first. Times are in UTC.

Lines that Lambda itself writes name no run, so they are not shown. The logs have no items and no values of keys.`,
		Example: `  go run ./cmd/ddb2s3 logs orders-20260131-020000 --env prod

  # New lines as they appear, until the execution ends.
  go run ./cmd/ddb2s3 logs orders-20260131-020000 --env prod --follow --function scan,finalize`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.check(); err != nil {
				return err
			}
			begin(verb)
			return v.logs(verb.Context(), args[0], verb.OutOrStdout())
		},
	}
	v.add(verb.Flags(), "each line as it was logged")
	verb.Flags().BoolVarP(&v.follow, "follow", "f", false, "wait for more lines until the execution ends")
	verb.Flags().StringSliceVar(&v.functions, "function", nil, "only lines of these `FUNCTIONS`, separated by commas: "+strings.Join(functionNames(), ", "))
	return verb
}

func functionNames() []string {
	var names []string
	for _, function := range contract.Functions() {
		names = append(names, string(function))
	}
	return names
}

func (v *logsVerb) check() error {
	if err := v.Check(); err != nil {
		return err
	}
	for _, name := range v.functions {
		if all := functionNames(); !slices.Contains(all, name) {
			return fmt.Errorf("--function: got %q, want one of %s%s", name, strings.Join(all, ", "), document.Suggestion(name, all))
		}
	}
	return nil
}

const (
	// logPause is the pause between two looks for new lines. CloudWatch Logs allows a few calls a second.
	logPause = 2 * time.Second
	// lastLooks is how often to look for new lines after the end of the execution: they appear some seconds late.
	lastLooks = 2
)

func (v *logsVerb) logs(ctx context.Context, name string, stdout io.Writer) error {
	d, err := v.find(ctx)
	if err != nil {
		return err
	}
	e, err := d.Describe(ctx, name)
	if err != nil {
		return err
	}
	var functions []contract.Function
	for _, name := range v.functions {
		functions = append(functions, contract.Function(name))
	}
	reader, colors := d.ReadLogs(e, functions), progress.Colors(stdout)
	for last := 0; ; {
		lines, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for _, line := range lines {
			text := line.Text
			if !v.json {
				text = line.Readable(colors)
			}
			if _, err := fmt.Fprintln(stdout, text); err != nil {
				return fmt.Errorf("print the lines: %w", err)
			}
		}
		if !v.follow || last == lastLooks {
			return nil
		}
		if e.Ended() {
			last++
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(logPause):
		}
		if !e.Ended() {
			if e, err = d.Describe(ctx, name); err != nil {
				return err
			}
		}
	}
}
