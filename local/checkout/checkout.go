// Package checkout finds files in the checked-out repository: its root folder, the npm packages and tools that `make deps`
// installs, and the folder that local runs write to. It imports the standard library only.
package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// module is the name in the go.mod at the root.
const module = "dynamodb-to-s3"

var (
	// ErrNotInstalled means that something that `make deps` installs is missing.
	ErrNotInstalled = errors.New(`run "make deps"`)
	// ErrNoNode means that Node.js is not installed.
	ErrNoNode = errors.New("node was not found on PATH: install Node.js 20.3 or newer")
)

// NodeJS returns the path of Node.js, or ErrNoNode.
func NodeJS() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", ErrNoNode
	}
	return filepath.Abs(path)
}

// A Repository is a folder with a checkout of this repository.
type Repository struct {
	Root string // absolute path of the folder with go.mod
}

// Find returns the repository that contains the current directory.
func Find() (Repository, error) {
	start, err := os.Getwd()
	if err != nil {
		return Repository{}, fmt.Errorf("find repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if declaresModule(filepath.Join(dir, "go.mod")) {
			return Repository{Root: dir}, nil
		}
		if dir == filepath.Dir(dir) {
			return Repository{}, fmt.Errorf("find repository: no go.mod of module %s in %s or above it: run this inside the repository", module, start)
		}
	}
}

func declaresModule(goMod string) bool {
	text, err := os.ReadFile(goMod)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		if string(bytes.TrimSpace(line)) == "module "+module {
			return true
		}
	}
	return false
}

// Scripts returns the folder with the scripts that Node.js runs, or ErrNotInstalled if their npm packages are missing.
func (r Repository) Scripts() (string, error) {
	dir := filepath.Join(r.Root, "local", "node")
	if err := installed(filepath.Join(dir, "node_modules")); err != nil {
		return "", err
	}
	return dir, nil
}

// DuckDB returns the folder with the script that runs DuckDB, or ErrNotInstalled if its npm package is missing.
func (r Repository) DuckDB() (string, error) {
	dir := filepath.Join(r.Root, "local", "duckdb")
	if err := installed(filepath.Join(dir, "node_modules")); err != nil {
		return "", err
	}
	return dir, nil
}

// VersityGW returns the path of the S3 server's program, or ErrNotInstalled if it is missing.
func (r Repository) VersityGW() (string, error) {
	path := filepath.Join(r.Local(), "bin", "versitygw")
	if err := installed(path); err != nil {
		return "", err
	}
	return path, nil
}

// Local returns the folder that local runs write to. Git ignores it. It may not exist yet.
func (r Repository) Local() string { return filepath.Join(r.Root, ".local") }

func installed(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%s is missing: %w", path, ErrNotInstalled)
	}
	return nil
}
