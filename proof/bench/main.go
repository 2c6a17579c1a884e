// Command bench measures what it costs to move a table to S3: this project's scan function, side by side with what one writes
// with the SDK at hand, and with the bound that no engine of this kind can pass. Pages come from a server and objects go to one,
// both in this process; each measurement runs in a process of its own, so that CPU time and memory are the path's alone.
//
// The machine may be shared: what is compared runs one after the other in the same round, it is CPU time that is compared, not
// the clock's, and each ratio is the median of the rounds'.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(command()) }

func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 2 && os.Args[1] == measureCommand {
		return exit(measure(ctx, os.Stdin, os.Stdout))
	}
	rounds := flag.Int("rounds", 3, "how often everything is measured")
	pages := flag.Int("pages", 256, "how many pages of 1 MB a path moves in one measurement")
	into := flag.String("into", "", "the page whose table is replaced by the new one; none if empty")
	flag.Parse()
	results, err := compare(ctx, *rounds, *pages, os.Stderr)
	if err != nil {
		return exit(err)
	}
	table := results.markdown()
	fmt.Print(table)
	if *into != "" {
		return exit(replace(*into, table))
	}
	return 0
}

func exit(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}
