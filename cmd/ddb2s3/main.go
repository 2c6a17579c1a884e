// Command local runs on this computer what CDK deploys: the same state machine definition, the same handlers.
//
//	local run         runs one execution and prints its output as JSON
//	local run-export  exports a sample table, changes it, and exports the changes
//	local serve       answers Lambda's Invoke API with the functions
//
// An endpoint in AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is used. Where none is given, a server is started here:
// dynalite with a sample table, VersityGW with its objects as plain files in .local/s3. With -aws it is the real thing. Dynalite
// makes no exports: a stand-in in front of it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `usage: go run ./cmd/ddb2s3 <command> [flags]

  run         run one execution of the state machine and print its output as JSON
  run-export  export a sample table, change it, export the changes, and print both outputs
  serve       answer Lambda's Invoke API with the functions

go run ./cmd/ddb2s3 <command> -h shows the flags of a command.
`

// command runs one command and returns the program's exit code: 0 for success, 1 for a failure, 2 for wrong
// arguments, 130 where it was interrupted.
func command(ctx context.Context, args []string, stdout io.Writer, stderr *os.File) int {
	commands := map[string]func(context.Context, []string, io.Writer, *os.File) error{
		"run": runCommand, "run-export": runExport, "serve": serve,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	err := commands[args[0]](ctx, args[1:], stdout, stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errExecutionFailed): // its output has said why
		return 1
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(stderr, "local "+args[0]+": interrupted")
		return 130 // as a shell counts a Ctrl-C
	default:
		_, _ = fmt.Fprintln(stderr, "local "+args[0]+": "+err.Error())
		if _, wrong := errors.AsType[*usageError](err); wrong {
			return 2
		}
		return 1
	}
}

// usageError is a fault in the arguments.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }
