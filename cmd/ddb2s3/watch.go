package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/cmd/ddb2s3/watch"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/statemachine"

	"github.com/spf13/cobra"
)

// watchVerb is the verb watch, with its flags.
type watchVerb struct {
	deployed
}

func newWatch() *cobra.Command {
	v := &watchVerb{}
	verb := &cobra.Command{
		Use: "watch NAME", Short: "Watch an execution of a deployment until it ends", Args: oneName,
		Long: `Watch an execution of a deployment until it ends, and print its result.

The progress is on standard error, and the result is JSON on standard output. The exit code is 0 if the execution succeeded, and 1 if it did not.
Ctrl-C ends the watching only: the run continues. docs/terminal.md explains each number.`,
		Example: `  go run ./cmd/ddb2s3 watch orders-20260131-020000 --env prod

  # One line of JSON for each look, and the execution as the last one.
  go run ./cmd/ddb2s3 watch orders-20260131-020000 --env prod --json | jq -c '{phase, segments, secondsLeft}'`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.Check(); err != nil {
				return err
			}
			begin(verb)
			d, err := v.find(verb.Context())
			if err != nil {
				return err
			}
			return v.watch(verb.Context(), d, args[0], verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	v.add(verb.Flags(), "each look, and then the execution,")
	return verb
}

// watch follows an execution to its end and prints how it ended.
func (d *deployed) watch(ctx context.Context, of *deployment.Deployment, name string, stdout, stderr io.Writer) error {
	options := watch.Options{Progress: stderr}
	if d.json {
		options.JSON = stdout
	}
	e, err := watch.Follow(ctx, of, name, options)
	again := "  " + d.command("watch", e) + "\n"
	switch {
	case err != nil && e.ARN == "":
		return err
	case err != nil && ctx.Err() != nil:
		_, _ = fmt.Fprintf(stderr, "interrupted. The execution continues. To watch it again:\n%s", again)
		return errors.Join(errInterrupted, err)
	case err != nil:
		return fmt.Errorf("%w\nThe execution may still run. To watch it again:\n%s", err, again)
	}
	if d.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(e)
	} else {
		err = printOutcome(stdout, statemachine.Outcome{Succeeded: e.Status == status.Succeeded, Output: e.Output, Error: e.Error, Cause: e.Cause})
	}
	if err != nil && !errors.Is(err, errExecutionFailed) {
		return fmt.Errorf("print the output: %w", err)
	}
	if e.Status != status.Succeeded {
		_, _ = io.WriteString(stderr, d.advice(e))
		return errExecutionFailed
	}
	var result run.Result
	if err := json.Unmarshal(e.Output, &result); err != nil || result.Root == "" {
		return nil //nolint:nilerr // an execution that has only explained its run, or left it to another one, has no such result
	}
	_, err = io.WriteString(stderr, (&services{}).summary(result, e.Stop.Sub(e.Start), false))
	return err
}

// advice says why an execution did not succeed, and what a person can do.
func (d *deployed) advice(e deployment.Execution) string {
	var text strings.Builder
	if e.Error != "" {
		fmt.Fprintf(&text, "%s: %s\n", e.Error, e.Cause)
	}
	if slices.Contains(failure.Names(), failure.Name(e.Error)) {
		fmt.Fprintf(&text, "What to do: docs/errors.md explains %s.\n", e.Error)
	}
	if e.Redrivable && !slices.Contains(final, failure.Name(e.Error)) {
		fmt.Fprintf(&text, "  %s   # continues the run\n", d.command("redrive", e))
	}
	fmt.Fprintf(&text, "  %s   # shows what the functions have logged\n  %s   # makes a page about the run\n", d.command("logs", e), d.command("report", e))
	return text.String()
}

// command returns the command of a verb for an execution, for a shell.
func (d *deployed) command(verb string, e deployment.Execution) string {
	return strings.Join([]string{programName(os.Args[0]), verb, quote(e.Name), d.Flags()}, " ")
}
