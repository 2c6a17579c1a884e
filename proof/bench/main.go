// Command bench measures the CPU time and the memory that it takes to move a table to S3: with this project's scan function, with a
// program written the usual way with the SDK, and with the least work that any program must do (the bound). `make bench` runs it and
// writes the table of docs/performance.md. `make bench-memory` measures the scan function with the memory, and the share of a core, that Lambda
// gives it (docs/cost.md). It may import the product, local/checkout, local/duckdb and proof/process.
//
// This process serves the pages and takes the objects, over TLS as AWS does; each measurement runs in a process of its own. The computer may
// have other work: bench compares CPU time, measures all paths one after the other in each round, and reports the median of the rounds'
// ratios. With -old, it also runs a bench that was built from another commit, in turns.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() { os.Exit(command()) }

func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 2 && os.Args[1] == measureCommand {
		return exit(measure(ctx, os.Stdin, os.Stdout))
	}
	if len(os.Args) > 1 && os.Args[1] == memoryCommand {
		return exit(measureMemory(ctx, os.Args[2:], os.Stdout))
	}
	var chosen settings
	flag.IntVar(&chosen.rounds, "rounds", 5, "the number of rounds")
	flag.IntVar(&chosen.pages, "pages", 160, "the number of pages of 1 MB in one measurement")
	flag.StringVar(&chosen.old, "old", "", "this program, built from another commit, to compare with")
	flag.StringVar(&chosen.oldSource, "old-source", "", "the folder of that commit's source, to compare the start of the functions with")
	flag.Func("only", "a regular expression: measure only the rows whose name it matches, for example 'orders, DYNAMODB_JSON' or start", func(s string) (err error) {
		chosen.only, err = regexp.Compile(s)
		return err
	})
	flag.StringVar(&chosen.profiles, "profiles", "", "a folder for a profile of the CPU time of each measurement (go tool pprof); none if empty")
	into := flag.String("into", "", "the documentation page to write the tables into; none if empty")
	flag.Parse()
	if *into != "" && chosen.only != nil {
		return exit(errors.New("-into needs all rows: leave out -only"))
	}
	results, err := compare(ctx, chosen, os.Stderr)
	if err != nil {
		return exit(err)
	}
	fmt.Print(results.markdown(chosen.old != ""))
	if *into != "" {
		return exit(replace(*into, results.markdown(false)))
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
