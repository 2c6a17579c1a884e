package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/document"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/progress"

	"github.com/spf13/cobra"
)

// listVerb is the verb list, with its flags.
type listVerb struct {
	deployed
	status string
	limit  int
}

func newList() *cobra.Command {
	v := &listVerb{}
	verb := &cobra.Command{
		Use: "list", Short: "List the executions of a deployment", Args: cobra.NoArgs,
		Long: `List the executions of a deployment, the newest first.`,
		Example: `  # What runs now?
  go run ./cmd/ddb2s3 list --env prod --status RUNNING

  # The names of the last 100 failed executions, for a script.
  go run ./cmd/ddb2s3 list --env prod --status FAILED --limit 100 --json`,
		RunE: func(verb *cobra.Command, _ []string) error {
			if err := v.check(); err != nil {
				return err
			}
			begin(verb)
			return v.list(verb.Context(), verb.OutOrStdout())
		},
	}
	v.add(verb.Flags(), "the executions")
	verb.Flags().StringVar(&v.status, "status", "", "only executions with this `STATUS`: "+strings.Join(deployment.Statuses(), ", "))
	verb.Flags().IntVar(&v.limit, "limit", 20, "list at most this `NUMBER` of executions")
	return verb
}

func (v *listVerb) check() error {
	if err := v.Check(); err != nil {
		return err
	}
	v.status = strings.ToUpper(v.status)
	if all := deployment.Statuses(); v.status != "" && !slices.Contains(all, v.status) {
		return fmt.Errorf("--status: got %q, want one of %s%s", v.status, strings.Join(all, ", "), document.Suggestion(v.status, all))
	}
	if v.limit < 1 {
		return fmt.Errorf("--limit: got %d, want 1 or more", v.limit)
	}
	return nil
}

func (v *listVerb) list(ctx context.Context, stdout io.Writer) error {
	d, err := v.find(ctx)
	if err != nil {
		return err
	}
	listed, err := d.List(ctx, status.Status(v.status), v.limit)
	if err != nil {
		return err
	}
	if v.json {
		return printJSON(stdout, listed)
	}
	return writeList(stdout, listed, progress.Colors(stdout))
}

// writeList writes executions as a table.
func writeList(w io.Writer, listed []deployment.Execution, colors bool) error {
	header, shown := "STATUS", func(is status.Status) string { return string(is) }
	if colors {
		header, shown = "\x1b[39mSTATUS\x1b[0m", progress.Status // every color has the same length, so that the columns stay aligned
	}
	aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(aligned, "NAME\t%s\tSTARTED\tTOOK\tREDRIVES\n", header) // Flush returns the error
	for _, e := range listed {
		_, _ = fmt.Fprintf(aligned, "%s\t%s\t%s\t%s\t%d\n", e.Name, shown(e.Status), e.Start.Format("2006-01-02 15:04:05Z"), took(e), e.Redrives)
	}
	return aligned.Flush()
}

// took says how long an execution has taken so far.
func took(e deployment.Execution) string {
	end := e.Stop
	if end.IsZero() {
		end = time.Now()
	}
	return end.Sub(e.Start).Round(time.Second).String()
}
