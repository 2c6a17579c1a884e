// Command artifact makes of each function's program, as `make build` has built it, what is deployed and what tells of it:
//
//	<folder>/<function>/bootstrap  →  <folder>/<function>.zip, with the program as its one file
//	                                  <folder>/<function>.cdx.json, the bill of its materials
//
// The same programs make the same bytes, whenever and wherever that is. It imports job for the functions' names.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"dynamodb-to-s3/lambda/job"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(stderr, "usage: artifact <folder>") // there is nowhere else to say it
		return 2
	}
	for _, function := range job.Functions() {
		if err := release(args[0], string(function)); err != nil {
			_, _ = fmt.Fprintln(stderr, err)
			return 1
		}
	}
	return 0
}

// release writes what is made of one function's program.
func release(folder, function string) error {
	program, err := os.ReadFile(filepath.Join(folder, function, programName))
	if err != nil {
		return fmt.Errorf("release %s: %w", function, err)
	}
	zipped, err := zipOf(program)
	if err != nil {
		return fmt.Errorf("zip %s: %w", function, err)
	}
	bill, err := billOf(function, program)
	if err != nil {
		return fmt.Errorf("bill of materials of %s: %w", function, err)
	}
	for name, content := range map[string][]byte{function + ".zip": zipped, function + ".cdx.json": bill} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // it is for others to read
			return fmt.Errorf("release %s: %w", function, err)
		}
	}
	return nil
}
