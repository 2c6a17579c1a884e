package duckdb

import (
	"context"
	"fmt"
	"io"
	"os/exec"

	"dynamodb-to-s3/local/checkout"
)

// target is the target of the Makefile that installs DuckDB, with the version in package-lock.json.
const target = "local/duckdb/node_modules/.package-lock.json"

// Install installs DuckDB as `make deps` does. It needs the network.
func Install(ctx context.Context, stderr io.Writer) error {
	repository, err := checkout.Find()
	if err != nil {
		return err
	}
	tool, err := exec.LookPath("make")
	if err != nil {
		return fmt.Errorf("install DuckDB: make was not found on PATH: %w", checkout.ErrNotInstalled)
	}
	_, _ = fmt.Fprintln(stderr, "installing DuckDB once")
	cmd := exec.CommandContext(ctx, tool, "--silent", target)
	cmd.Dir, cmd.Stdout, cmd.Stderr = repository.Root, stderr, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("install DuckDB: %w", err)
	}
	return nil
}
