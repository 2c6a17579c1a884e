package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/vuln/scan"
)

// database is the one that the Go team keeps.
// https://go.dev/doc/security/vuln/database
const database = "https://vuln.go.dev"

// goModules runs govulncheck over all packages of the module in a folder. It fails where code that is called is vulnerable.
func goModules(ctx context.Context, folder, db string, stdout io.Writer) error {
	db = cmp.Or(db, database)
	var faults bytes.Buffer
	check := scan.Command(ctx, "-C", folder, "-db", db, "./...")
	check.Stdout, check.Stderr = stdout, &faults
	if err := check.Start(); err != nil {
		return fmt.Errorf("govulncheck: %w", err)
	}
	err := check.Wait()
	exit, _ := errors.AsType[interface {
		error
		ExitCode() int
	}](err)
	switch {
	case err == nil:
		return nil
	case exit != nil && exit.ExitCode() == 3: // https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck#hdr-Exit_codes
		return errors.New("govulncheck: the Go code calls what is known to be vulnerable, see above")
	case strings.Contains(err.Error(), "fetching vulnerabilities"), strings.Contains(err.Error(), "creating client"):
		return fmt.Errorf("%w: the Go modules: the database %s does not answer (%w): let this machine reach it, or name a mirror in GOVULNDB", errUnreachable, db, err)
	default:
		return fmt.Errorf("govulncheck: %w %s", err, faults.Bytes())
	}
}
