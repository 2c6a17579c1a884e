// Command load measures what a run of many segments asks of the platform, and prints tables for docs/scale.md. `make load` runs
// all of it; it takes some minutes, and the tables are those of the machine that it runs on.
//
// It measures, and does not replicate: what is to be kept is for `go run ./cmd/ddb2s3 run`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: load segments|finalize")
	}
	switch args[0] {
	case "segments":
		return measureSegments(ctx, stdout)
	case "finalize":
		return measureFinalize(ctx, stdout)
	case "one-finalize": // by measureFinalize alone
		return oneFinalize(ctx, os.Stdin, stdout)
	default:
		return fmt.Errorf("load %s: want segments or finalize", args[0])
	}
}
