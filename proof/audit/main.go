// Command audit holds this repository's dependencies against the databases of known vulnerabilities: those of its Go code with
// govulncheck, which tells what is called from what is merely there, those of its npm packages with `npm audit`.
//
// It fails where something is known against them, and where nothing could be learned, for then nothing is known for them either.
// Databases are https://vuln.go.dev, or the mirror that GOVULNDB names, and npm's registry, or the one that npm is set to.
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

// errUnreachable says that a database did not answer, so that nothing was learned.
var errUnreachable = errors.New("NOT AUDITED")

// packages are the folders that have a package-lock.json.
var packages = []string{"local/node", "infra/cli"}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	lenient := flags.Bool("unreachable-ok", false, "say that a database does not answer, and do not fail for it: for machines that reach none")
	if flags.Parse(args) != nil {
		return 2 // the flags have said why
	}
	checkout, err := checkout.Find()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err) // there is nowhere else to say it
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

// report makes every audit, whatever the others say, and returns the exit status.
func report(audits []func() error, lenient bool, stderr io.Writer) (status int) {
	for _, audit := range audits {
		err := audit()
		if err == nil {
			continue
		}
		_, _ = fmt.Fprintln(stderr, err) // there is nowhere else to say it
		if !lenient || !errors.Is(err, errUnreachable) {
			status = 1
		}
	}
	return status
}
