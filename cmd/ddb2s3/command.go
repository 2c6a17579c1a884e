package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/version"
	"dynamodb-to-s3/local/progress"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const about = `ddb2s3 replicates DynamoDB tables to S3: on this computer, or with a deployment.

The verbs start, watch, list, stop, redrive, logs and clean reach a deployment, by --env or --state-machine. So do explain and report with one of
these flags. The other verbs run on this computer what CDK deploys to AWS: the same state machine and the same functions.

On this computer, it starts a DynamoDB (dynalite, with a sample table) and an S3 (VersityGW, with its objects as plain files in .local/s3).
To use your own servers, set AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. To use AWS, give --aws.

The result is JSON on standard output (of serve, shell commands). Everything else is on standard error.
The exit code is 0 after success, 1 after a failure, 2 for wrong arguments and 130 after an interruption.`

// execute runs the command and returns its exit code, as about explains.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	stderr = progress.NewScreen(stderr)
	root := &cobra.Command{
		Use: "ddb2s3", Short: "Replicate DynamoDB tables to S3", Long: about, Version: version.Number,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "go run ./cmd/ddb2s3"},
		SilenceErrors: true, SilenceUsage: true,
	}
	root.Flags().BoolP("help", "h", false, "show this help")
	root.Flags().Bool("version", false, "show the version")
	root.SetVersionTemplate("ddb2s3 {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.AddCommand(newExplain(), newRun(), newRunExport(), newServe(), newQuery(), newReport())
	root.AddCommand(newStart(), newWatch(), newList(), newStop(), newRedrive(), newLogs(), newClean()) // of a deployment
	code := 0
	if len(args) == 0 { // the library shows the help
		root.SetOut(stderr)
		code = 2
	}
	verb, err := root.ExecuteContextC(ctx)
	if err == nil {
		return code
	}
	switch {
	case errors.Is(err, errExecutionFailed): // the output says why
		return 1
	case errors.Is(err, errInterrupted):
		return 130
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(stderr, "interrupted")
		return 130
	}
	_, _ = fmt.Fprintf(stderr, "error: %s\n", strings.TrimSpace(err.Error()))
	if verb != root && verb.SilenceUsage {
		return 1
	}
	_, _ = fmt.Fprintf(stderr, "Run '%s --help' for usage.\n", verb.CommandPath())
	return 2
}

// begin notes that the arguments of a verb are right: every error from now on is a failure.
func begin(verb *cobra.Command) { verb.SilenceUsage = true }

// flagError adds the nearest flag to the message about an unknown flag.
func flagError(verb *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	typed := unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" { // of -input, all letters
		typed = letters
	}
	var known []string
	verb.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, "--"+flag.Name) })
	return fmt.Errorf("%w%s", err, document.Suggestion("--"+typed, known))
}
