package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/spf13/cobra"
)

// startVerb is the verb start, with its flags.
type startVerb struct {
	deployed
	input, name string
	wait        bool
}

func newStart() *cobra.Command {
	v := &startVerb{}
	verb := &cobra.Command{
		Use: "start", Short: "Start an execution of a deployment", Args: cobra.NoArgs,
		Long: `Start an execution of a deployment. A request that cannot run is refused before anything is started.`,
		Example: `  go run ./cmd/ddb2s3 start --env prod --input request.json

  # Wait until it ends.
  go run ./cmd/ddb2s3 start --env prod --input request.json --wait

  # Under a name of your own, with the request on standard input.
  echo '{"table": "orders"}' | go run ./cmd/ddb2s3 start --env prod --input - --name orders-before-the-migration`,
		RunE: func(verb *cobra.Command, _ []string) error {
			input, err := v.check()
			if err != nil {
				return err
			}
			begin(verb)
			return v.start(verb.Context(), input, verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	v.add(verb.Flags(), "the execution")
	verb.Flags().StringVar(&v.input, "input", "", "the request: a JSON `FILE`, or - for standard input")
	verb.Flags().StringVar(&v.name, "name", "", "the `NAME` of the execution, and so of the run (default: the table and the time)")
	verb.Flags().BoolVar(&v.wait, "wait", false, "wait until the execution ends, and show its progress and its result as the verb watch does")
	return verb
}

// check checks the flags and reads the request.
func (v *startVerb) check() (json.RawMessage, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if v.name != "" {
		if err := deployment.CheckName(v.name); err != nil {
			return nil, fmt.Errorf("--name: %w", err)
		}
	}
	if v.input == "" {
		return nil, errors.New("--input is missing: give a file with the request, or - for standard input")
	}
	return readInput(v.input)
}

// readInput reads a request from a file, or from standard input for -.
func readInput(file string) (text json.RawMessage, err error) {
	if file == "-" {
		text, err = io.ReadAll(os.Stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("--input: read the request: %w", err)
	}
	return text, nil
}

func (v *startVerb) start(ctx context.Context, input json.RawMessage, stdout, stderr io.Writer) error {
	d, err := v.find(ctx)
	if err != nil {
		return err
	}
	if v.name == "" {
		v.name = nameFor(input, time.Now())
	}
	if err := checkFor(d, v.name, input); err != nil {
		if v.json {
			return printRefusal(stdout, err)
		}
		return err
	}
	e, err := d.Start(ctx, v.name, input)
	if err != nil {
		return err
	}
	switch {
	case v.wait && v.json:
		return v.watch(ctx, d, e.Name, stdout, stderr)
	case v.wait:
		return errors.Join(printStarted(stderr, d, "started", e), v.watch(ctx, d, e.Name, stdout, stderr))
	case v.json:
		return printJSON(stdout, e)
	default:
		return printStarted(stdout, d, "started", e)
	}
}

// printStarted says which execution was started, and how it can be followed.
func printStarted(w io.Writer, d *deployment.Deployment, what string, e deployment.Execution) error {
	text := fmt.Sprintf("%s %s\n%s\n", what, e.Name, e.ARN)
	if link := d.Console(e.ARN); link != "" {
		text += link + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// strange matches what the name of a run cannot have.
var strange = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// nameFor returns the name of an execution that was given none: the name of the table and the time.
func nameFor(input json.RawMessage, at time.Time) string {
	var of struct{ Table string }
	_ = json.Unmarshal(input, &of) // the check of the request reports what is wrong
	table := of.Table
	if parsed, err := request.ParseTable(table); err == nil {
		table = parsed.Name
	}
	ending := at.UTC().Format("20060102-150405")
	table = strings.Trim(strange.ReplaceAllString(table, "-"), "-.")
	const longest = 80
	if table = table[:min(len(table), longest-1-len(ending))]; table == "" {
		table = "run"
	}
	return table + "-" + ending
}

// checkFor checks a request as the function plan does, as far as it needs no service. The environment of the deployment can have defaults, which
// are not known here: a missing table or bucket may be one of them, and plan checks that.
func checkFor(d *deployment.Deployment, name string, input json.RawMessage) error {
	arn, err := d.ARN(name)
	if err != nil {
		return err
	}
	defaults, err := json.Marshal(map[string]string{"table": "table", "bucket": cmp.Or(d.Bucket, "bucket")})
	if err != nil {
		return err
	}
	cfg, parts := d.AWS.Copy(), strings.Split(d.StateMachineARN, ":")
	cfg.Region = parts[3]
	engine := function.New(cfg, cfg, function.Options{Log: slog.New(slog.DiscardHandler), Defaults: string(defaults), Account: parts[4]})
	return refused(engine.CheckInput(run.PlanInput{Request: input, Execution: run.Execution{ID: arn, Name: name, StartTime: time.Now()}}))
}
