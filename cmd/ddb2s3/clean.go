package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/cmd/ddb2s3/abandoned"
	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/awsclient"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// cleanVerb is the verb clean, with its flags.
type cleanVerb struct {
	deployed
	dryRun, yes bool
}

func newClean() *cobra.Command {
	v := &cleanVerb{}
	verb := &cobra.Command{
		Use: "clean NAME|s3://BUCKET/PREFIX/AWSDynamoDB/RUN", Short: "Remove what a run has left that nobody will continue", Args: oneName,
		Long: `Remove what a run has left that nobody will continue: open uploads, which S3 bills, and the objects in the folder of the run.

clean shows what it would remove, and asks. It never removes a committed run, and nothing that another program has put into the folder. It refuses
a run whose execution runs or ended less than 16 minutes ago, because functions may be at work. Afterwards the run cannot be continued: a redrive
of its execution fails with RunNameTaken.

Give the name of the execution. If Step Functions has forgotten the execution, or if it was of a local run, give the folder of the run.`,
		Example: `  # What would be removed?
  go run ./cmd/ddb2s3 clean orders-20260131-020000 --env prod --dry-run

  # Remove it without a question, in a script.
  go run ./cmd/ddb2s3 clean orders-20260131-020000 --env prod --yes

  # Only the folder is known.
  go run ./cmd/ddb2s3 clean s3://my-bucket/orders/AWSDynamoDB/orders-20260131-020000`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := v.check(args[0]); err != nil {
				return err
			}
			begin(verb)
			return v.clean(verb.Context(), args[0], verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	v.add(verb.Flags(), "what is removed")
	verb.Flags().BoolVar(&v.dryRun, "dry-run", false, "show what would be removed, and remove nothing")
	verb.Flags().BoolVar(&v.yes, "yes", false, "remove it without a question")
	return verb
}

func (v *cleanVerb) check(name string) error {
	isFolder := strings.HasPrefix(name, "s3://")
	switch {
	case isFolder && v.Given():
		return errors.New("the folder of a run and --env or --state-machine contradict each other: give the name of the execution, or only the folder")
	case isFolder:
		if _, _, err := folderOf(name); err != nil {
			return err
		}
	default:
		if err := v.Check(); err != nil {
			return err
		}
	}
	switch {
	case v.dryRun && v.yes:
		return errors.New("--dry-run and --yes contradict each other: give only one")
	case !v.dryRun && !v.yes && (v.json || !term.IsTerminal(int(os.Stdin.Fd()))): //nolint:gosec // a file descriptor is an int everywhere
		return errors.New("nobody can answer the question whether to remove the run: give --yes, or --dry-run to see what would be removed")
	}
	return nil
}

// folderOf returns the bucket and the key of the folder of a run, without a slash at its end.
func folderOf(uri string) (bucket, root string, err error) {
	bucket, root, _ = strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	root = strings.TrimSuffix(root, "/")
	if bucket == "" || path.Base(path.Dir(root)) != request.RootFolder {
		return "", "", fmt.Errorf("got %q, want the folder of a run: s3://BUCKET/PREFIX/%s/RUN", uri, request.RootFolder)
	}
	return bucket, root, nil
}

func (v *cleanVerb) clean(ctx context.Context, name string, stdout, stderr io.Writer) error {
	r, err := v.run(ctx, name)
	if err != nil {
		return err
	}
	if !v.json || !v.dryRun {
		_, _ = io.WriteString(stderr, describe(r))
	}
	if !v.dryRun {
		if !v.yes && !confirmed(ctx, os.Stdin, stderr) {
			_, _ = fmt.Fprintln(stderr, "nothing is removed")
			return errExecutionFailed // which prints no more
		}
		if err := r.Remove(ctx); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(stderr, "removed: %s\n", leftBy(r))
	}
	if v.json {
		return printJSON(stdout, struct {
			*abandoned.Run
			Removed bool `json:"removed"`
		}{r, !v.dryRun})
	}
	return nil
}

// run finds the run of an execution, or in a folder.
func (v *cleanVerb) run(ctx context.Context, name string) (*abandoned.Run, error) {
	if strings.HasPrefix(name, "s3://") {
		bucket, root, err := folderOf(name)
		if err != nil {
			return nil, err
		}
		cfg, err := deployedConfig(ctx, false)
		if err != nil {
			return nil, err
		}
		return abandoned.Find(ctx, servicesOf(cfg), bucket, root)
	}
	d, e, planned, err := v.planned(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case planned == nil && !e.Ended():
		return nil, fmt.Errorf("the execution %s is %s: stop it first, or wait for its end", e.Name, e.Status)
	case planned == nil:
		return nil, fmt.Errorf("the execution %s is %s and its history has no plan, so it has written nothing. If there is a folder of the run, give the folder instead of the name", e.Name, e.Status)
	case planned.Explained != nil:
		return nil, fmt.Errorf("the execution %s has only explained its request, and written nothing", e.Name)
	case planned.Duplicate != nil:
		return nil, fmt.Errorf("the execution %s has written nothing: %s", e.Name, planned.Duplicate.Reason)
	}
	r, err := abandoned.Find(ctx, servicesOf(d.AWS), planned.Plan.Bucket, planned.Plan.Root)
	if err == nil && r.ExecutionID != e.ARN {
		err = fmt.Errorf("execution %s has taken over the run of %s: clean that execution, or the folder %s", r.ExecutionID, e.Name, r.Folder)
	}
	return r, err
}

// servicesOf returns the clients of a removal.
func servicesOf(cfg aws.Config) abandoned.Services {
	return abandoned.Services{S3: awsclient.S3(cfg), DynamoDB: dynamodb.NewFromConfig(cfg), Executions: lookups{cfg}}
}

// lookups looks up executions in Step Functions, in the region of their ARN, and those of local runs in the folder of this computer.
type lookups struct{ cfg aws.Config }

// Describe returns the state of an execution.
func (l lookups) Describe(ctx context.Context, arn string) (status.State, error) {
	if strings.HasPrefix(arn, arnPrefix) {
		repository, err := checkout.Find()
		if err != nil {
			return status.State{}, err
		}
		return localExecutions(repository).Describe(ctx, arn)
	}
	cfg := l.cfg.Copy()
	if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[3] != "" {
		cfg.Region = parts[3]
	}
	return awsclient.NewExecutions(cfg).As(deployment.Permissions).Describe(ctx, arn)
}

// describe says what a run has left.
func describe(r *abandoned.Run) string {
	text := fmt.Sprintf("run %s of table %s, at %s\n", r.RunID, r.Table, r.Folder)
	if r.Status == status.Unknown {
		text += fmt.Sprintf("Step Functions does not know its execution %s, or no longer.\n", r.ExecutionID)
	} else {
		text += fmt.Sprintf("Its execution is %s. After the removal it cannot be redriven.\n", r.Status)
	}
	text += "It has left " + leftBy(r) + ".\n"
	if f := r.Foreign; f != nil {
		text += fmt.Sprintf("%s stay, because the run has not written them, such as %s.\n", progress.Plural(f.Count, "other name"), f.Keys[0])
	}
	return text
}

// leftBy says how much a run has left.
func leftBy(r *abandoned.Run) string {
	return fmt.Sprintf("%s with %s, and %s", progress.Plural(r.Objects, "object"), progress.Bytes(r.Bytes), progress.Plural(r.Uploads, "open upload"))
}

// confirmed asks whether to remove the run.
func confirmed(ctx context.Context, stdin io.Reader, stderr io.Writer) bool {
	_, _ = io.WriteString(stderr, "Remove it? [y/N] ")
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(stdin).ReadString('\n') // no answer is a no
		answers <- answer
	}()
	select {
	case answer := <-answers:
		return strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y")
	case <-ctx.Done():
		return false
	}
}

// localExecutions is the folder with the status of local runs.
func localExecutions(repository checkout.Repository) executions.Folder {
	return executions.Folder(filepath.Join(repository.Local(), "executions"))
}
