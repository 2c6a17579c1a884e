// Command artifact packs the Lambda program that `make build` built:
//
//	<folder>/bootstrap  →  <folder>/lambda.zip, which is deployed and holds only the program
//	                       <folder>/lambda.cdx.json, the program's bill of materials
//
// The same program gives the same bytes on every machine. The command imports only the package version of this module.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(stderr, "usage: artifact <folder>") // there is no other place to report it
		return 2
	}
	if err := release(args[0]); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// artifactName is the name of both files, and of the program in its bill of materials.
const artifactName = "lambda"

// release writes both files.
func release(folder string) error {
	program, err := os.ReadFile(filepath.Join(folder, programName))
	if err != nil {
		return fmt.Errorf("release the Lambda program: %w", err)
	}
	zipped, err := zipOf(program)
	if err != nil {
		return fmt.Errorf("zip the Lambda program: %w", err)
	}
	bill, err := billOf(program)
	if err != nil {
		return fmt.Errorf("bill of materials of the Lambda program: %w", err)
	}
	for name, content := range map[string][]byte{artifactName + ".zip": zipped, artifactName + ".cdx.json": bill} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // other users may read it
			return fmt.Errorf("release the Lambda program: %w", err)
		}
	}
	return nil
}
