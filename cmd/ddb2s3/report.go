package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/cmd/ddb2s3/report"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/checkout"

	"github.com/spf13/cobra"
)

// reportVerb is the verb report, with its flags.
type reportVerb struct {
	deployed
	output string
}

func newReport() *cobra.Command {
	v := &reportVerb{}
	verb := &cobra.Command{
		Use: "report NAME|PLACE", Short: "Write a report of a run: one HTML file with charts", Args: cobra.ExactArgs(1),
		Long: `Write a report of a run: one HTML file with charts, which needs no other file.

With --env or --state-machine, NAME is the name of an execution of a deployment. Without them, PLACE is the folder of a run: on this computer,
or s3://bucket/prefix/AWSDynamoDB/RUN.

The report shows what the run has left in its folder: the segments over time with their hand-overs and throttles, the speed, the skew of the segments,
the sizes of the objects, the estimate, the columns, and the statements that query the run. A run that is unfinished or has failed has a report of
what it has done so far. No item is in the report.

The path of the report is on standard output.`,
		Example: `  # A run on this computer.
  go run ./cmd/ddb2s3 report .local/s3/demo/orders/AWSDynamoDB/RUN

  # An execution of a deployment.
  go run ./cmd/ddb2s3 report nightly-20261127 --env prod

  # A run in S3. The SDK's variables name the credentials, the region and the endpoint.
  go run ./cmd/ddb2s3 report s3://my-bucket/orders/AWSDynamoDB/RUN --output run.html`,
		RunE: func(verb *cobra.Command, args []string) error {
			if v.Given() {
				if err := v.Check(); err != nil {
					return err
				}
			}
			begin(verb)
			return v.run(verb.Context(), args[0], verb.OutOrStdout())
		},
	}
	v.AddFlags(verb.Flags())
	verb.Flags().StringVar(&v.output, "output", "", "the `FILE` to write (default: .local/reports/RUN.html)")
	return verb
}

func (v *reportVerb) run(ctx context.Context, name string, stdout io.Writer) error {
	facts, err := v.read(ctx, name)
	if err != nil {
		return err
	}
	file, err := writeReport(facts, v.output)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, file)
	return err
}

func (v *reportVerb) read(ctx context.Context, name string) (*report.Run, error) {
	if v.Given() {
		return v.readExecution(ctx, name)
	}
	at, root, err := placeOf(ctx, name)
	if err != nil {
		return nil, err
	}
	return report.Read(ctx, at, root)
}

// readExecution reads the run of an execution of a deployment, and what Step Functions says about it.
func (v *reportVerb) readExecution(ctx context.Context, name string) (*report.Run, error) {
	d, e, planned, err := v.planned(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case planned == nil && e.Error != "":
		return nil, fmt.Errorf("the execution %s failed before it had a run, so there is nothing to report: %s: %s", e.Name, e.Error, e.Cause)
	case planned == nil || planned.Explained != nil:
		return nil, fmt.Errorf("the execution %s is %s and has no run, so there is nothing to report", e.Name, e.Status)
	case planned.Duplicate != nil:
		return nil, fmt.Errorf("the run %s belongs to another execution: give the name of %s", planned.Duplicate.RunID, planned.Duplicate.ExecutionID)
	}
	facts, err := report.Read(ctx, bucket.New(d.S3, planned.Plan), planned.Plan.Root)
	if err != nil {
		return nil, err
	}
	facts.Status, facts.Error, facts.Cause = e.Status, e.Error, e.Cause
	if e.Status == status.Succeeded {
		facts.Result = new(run.Result)
		if err := json.Unmarshal(e.Output, facts.Result); err != nil {
			return nil, fmt.Errorf("the output of the execution %s: %w", e.Name, err)
		}
	}
	return facts, nil
}

// placeOf returns the place with the objects of a run, and the run's root.
func placeOf(ctx context.Context, name string) (report.Place, string, error) {
	uri, inS3 := strings.CutPrefix(name, "s3://")
	if !inS3 {
		path := filepath.Clean(name)
		at, root, err := report.OpenFolder(ctx, path)
		return at, root, err
	}
	bucketName, root, _ := strings.Cut(strings.TrimRight(uri, "/"), "/")
	if bucketName == "" || root == "" {
		return nil, "", fmt.Errorf("PLACE: got %q, want s3://bucket/prefix/AWSDynamoDB/RUN", name)
	}
	load := localConfig
	if endpointVariable(envS3Endpoint) == "" {
		load = awsConfig
	}
	cfg, err := load(ctx)
	if err != nil {
		return nil, "", err
	}
	return bucket.New(awsclient.S3(cfg), run.Plan{Bucket: bucketName}), root, nil
}

// writeReport writes a report into a file, or, if none is named, below .local. It returns the path of the file.
func writeReport(facts *report.Run, file string) (string, error) {
	if file == "" {
		repository, err := checkout.Find()
		if err != nil {
			return "", err
		}
		file = filepath.Join(repository.Local(), "reports", filepath.Base(facts.Plan.RunID)+".html")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
	}
	// Another program that reads the file sees the old report or the new one.
	temporary, err := os.CreateTemp(filepath.Dir(file), ".report-*.html")
	if err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	err = errors.Join(facts.Write(temporary), temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temporary.Name()))
	}
	return shortPath(file), nil
}

// shortPath returns a path in the current folder as a relative one.
func shortPath(path string) string {
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return path
}

// report writes the report of the run, and says where it is. add adds what the execution says. The run does not fail if that is not possible.
func (e execution) report(ctx context.Context, planned *run.PlanOutput, add func(*report.Run)) {
	if planned == nil || planned.Explained != nil || planned.Duplicate != nil {
		return // there is no run
	}
	facts, err := e.services.readReport(ctx, planned.Plan)
	var file string
	if err == nil {
		add(facts)
		file, err = writeReport(facts, "")
	}
	if err != nil {
		_, _ = fmt.Fprintf(e.stderr, "no report was written: %v\n", err)
		return
	}
	_, _ = fmt.Fprintf(e.stderr, "report: %s\n", file)
}

// readReport reads what a run has left. An S3 that this process has started keeps the objects as files, which are read without it.
func (s *services) readReport(ctx context.Context, plan run.Plan) (*report.Run, error) {
	if s.s3Folder != "" {
		at, root, err := report.OpenFolder(ctx, shortPath(filepath.Join(s.s3Folder, plan.Bucket, filepath.FromSlash(plan.Root))))
		if err != nil {
			return nil, err
		}
		return report.Read(ctx, at, root)
	}
	objects := awsclient.NewClients(s.source, s.destination, s.identity).Objects(plan)
	return report.Read(ctx, bucket.New(objects, plan), plan.Root)
}
