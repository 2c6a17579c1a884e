package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/explained"
	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/spf13/cobra"
)

// explainVerb is the verb explain, with its flags.
type explainVerb struct {
	runVerb
	deployed
}

func newExplain() *cobra.Command {
	v := &explainVerb{}
	verb := &cobra.Command{
		Use: "explain", Short: "Say what a request would take, before it runs", Args: cobra.NoArgs,
		Long: `Say what a request would take: read units, minutes, objects and dollars, also for other ways to copy the table.

An execution explains the request and ends. It reads a sample of the table, and writes nothing.`,
		Example: `  # Explain a request on the sample table.
  go run ./cmd/ddb2s3 explain

  # Explain a request of your own on your own items. The key of the table is the attribute id.
  go run ./cmd/ddb2s3 explain --input request.json --load items.jsonl --key id

  # Explain it for a table in AWS, with nothing deployed.
  go run ./cmd/ddb2s3 explain --input request.json --aws

  # Explain it for a deployment, which has prices and functions of its own.
  go run ./cmd/ddb2s3 explain --env prod --input request.json`,
		RunE: func(verb *cobra.Command, _ []string) error {
			input, err := v.check()
			if err != nil {
				return err
			}
			begin(verb)
			return v.explain(verb.Context(), input, verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	flags := verb.Flags()
	v.flags = flags
	flags.StringVar(&v.input, "input", "", "the request: a JSON `FILE`, or - for standard input (default: a request for the sample table)")
	flags.BoolVarP(&v.verbose, "verbose", "v", false, "show the logs of the functions")
	v.add(flags, "the explanation")
	v.own.add(flags)
	v.addFunctions(flags)
	v.addServices(flags)
	return verb
}

// remote says that a deployment explains the request.
func (v *explainVerb) remote() bool { return v.Given() }

// check checks the flags, and returns the request with explain.
func (v *explainVerb) check() (json.RawMessage, error) {
	if v.remote() {
		if v.aws || v.own.given() {
			return nil, errors.New("--env and --state-machine name a deployment: leave --aws and --load out")
		}
		if v.input == "" {
			return nil, errors.New("--input is missing: give a file with the request, or - for standard input")
		}
		if err := v.Check(); err != nil {
			return nil, err
		}
		text, err := readInput(v.input)
		return explaining(text), err
	}
	if err := v.options.check(v.flags); err != nil {
		return nil, err
	}
	if err := v.own.check(v.aws); err != nil {
		return nil, err
	}
	if err := v.readRequest(); err != nil {
		return nil, err
	}
	v.text = explaining(v.text)
	v.request, v.invalid = request.Parse(v.text, json.RawMessage(os.Getenv(contract.EnvDefaults)))
	return v.text, nil
}

// explaining returns a request with explain. What is no object, or has the field, stays as it is: plan says what is wrong.
func explaining(text json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members["explain"] != nil {
		return text
	}
	_, rest, _ := bytes.Cut(text, []byte("{"))
	if len(members) > 0 {
		rest = append([]byte(", "), rest...)
	}
	return append([]byte(`{"explain": true`), rest...)
}

func (v *explainVerb) explain(ctx context.Context, input json.RawMessage, stdout, stderr io.Writer) error {
	v.name = "explain-" + time.Now().UTC().Format("20060102-150405.000000")
	var output json.RawMessage
	var err error
	if v.remote() {
		output, err = v.deployed.explain(ctx, v.name, input)
	} else {
		output, err = v.local(ctx, stdout, stderr)
	}
	if err != nil {
		return err
	}
	var e run.Explained
	if err := json.Unmarshal(output, &e); err != nil {
		return fmt.Errorf("the execution's output: %w", err)
	}
	if v.json {
		return printJSON(stdout, output)
	}
	return explained.Write(stdout, e)
}

// local executes the request on this computer.
func (v *explainVerb) local(ctx context.Context, stdout, stderr io.Writer) (json.RawMessage, error) {
	if err := v.checkInput(ctx); err != nil {
		return nil, printRefusal(stdout, err)
	}
	own, err := v.openTable(ctx, stderr)
	if err != nil {
		return nil, err
	}
	defer own.close()
	services, err := startServices(ctx, v.options, own, false, stderr)
	if err != nil {
		return nil, printRefusal(stdout, err)
	}
	defer services.close()
	e := execution{services: services, options: v.options, request: v.text, name: v.name, table: v.request.Table, stdout: stdout, stderr: stderr}
	outcome, _, _, err := e.execute(ctx)
	if err != nil {
		return nil, err
	}
	if !outcome.Succeeded {
		return nil, printOutcome(stdout, outcome)
	}
	return outcome.Output, nil
}

// explain executes the request in the deployment, and returns the output.
func (d *deployed) explain(ctx context.Context, name string, input json.RawMessage) (json.RawMessage, error) {
	of, err := d.find(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkFor(of, name, input); err != nil {
		return nil, err
	}
	started, err := of.Start(ctx, name, input)
	if err != nil {
		return nil, err
	}
	for {
		e, err := of.Describe(ctx, started.Name)
		switch {
		case err != nil:
			return nil, err
		case e.Status == status.Succeeded:
			return e.Output, nil
		case e.Ended():
			return nil, fmt.Errorf("the execution %s is %s: %s: %s", e.Name, e.Status, e.Error, e.Cause)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
