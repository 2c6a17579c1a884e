// Command load measures how a run with 10,000 segments and a commit of 800,000 objects use the platform, and prints tables for
// docs/scale.md. `make load` runs both measurements in about ten minutes; times and memory are those of this computer. It may import
// the product, its neighbours in local/, and proof/process.
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
		return errors.New("usage: load segments|passes|finalize")
	}
	switch args[0] {
	case "segments":
		return manySegments.measure(ctx, stdout)
	case "passes":
		return twoPasses.measure(ctx, stdout)
	case "finalize":
		return measureFinalize(ctx, stdout)
	case oneFinalizeCommand: // only measureFinalize gives it
		return oneFinalize(ctx, os.Stdin, stdout)
	default:
		return fmt.Errorf("load %s: want segments, passes or finalize", args[0])
	}
}
