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

// database is the database of the Go project.
// https://go.dev/doc/security/vuln/database
const database = "https://vuln.go.dev"

// goModules runs govulncheck for all packages of the module in a folder. It fails if the code calls a vulnerable function.
func goModules(ctx context.Context, folder, db string, stdout io.Writer) error {
	db = cmp.Or(db, database)
	var stderr bytes.Buffer
	check := scan.Command(ctx, "-C", folder, "-db", db, "./...")
	check.Stdout, check.Stderr = stdout, &stderr
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
		return errors.New("govulncheck: the Go code calls a vulnerable function, see above")
	case strings.Contains(err.Error(), "fetching vulnerabilities"), strings.Contains(err.Error(), "creating client"):
		return fmt.Errorf("%w: the Go modules: the database %s does not answer (%w): give this computer access to it, or set GOVULNDB to a mirror", errUnreachable, db, err)
	default:
		return fmt.Errorf("govulncheck: %w %s", err, stderr.Bytes())
	}
}
