// Command audit fails if a dependency of this repository has a known vulnerability: a Go function that the code calls (govulncheck), or
// an npm package (`npm audit`). `make audit` runs it. It imports local/checkout.
//
// It also fails if a database does not answer. The databases are https://vuln.go.dev, or the mirror in GOVULNDB, and npm's registry, or
// the one that npm is configured for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"dynamodb-to-s3/local/checkout"
)

// errUnreachable means that a database did not answer.
var errUnreachable = errors.New("NOT AUDITED")

// packages are the folders with a package-lock.json.
var packages = []string{"local/node", "local/duckdb", "infra/cli"}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	lenient := flags.Bool("unreachable-ok", false, "do not fail if a database does not answer, for computers without access")
	if flags.Parse(args) != nil {
		return 2 // Parse has printed the error
	}
	checkout, err := checkout.Find()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err) // there is no other place for the error
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	audits := []func() error{func() error { return goModules(ctx, checkout.Root, os.Getenv("GOVULNDB"), stdout) }}
	for _, folder := range packages {
		audits = append(audits, func() error { return npmPackages(ctx, filepath.Join(checkout.Root, folder), folder, stdout) })
	}
	return report(audits, *lenient, stderr)
}

// report runs every audit, prints the errors and returns the exit status.
func report(audits []func() error, lenient bool, stderr io.Writer) (status int) {
	for _, audit := range audits {
		err := audit()
		if err == nil {
			continue
		}
		_, _ = fmt.Fprintln(stderr, err) // there is no other place for the error
		if !lenient || !errors.Is(err, errUnreachable) {
			status = 1
		}
	}
	return status
}
