// Package workspace knows where the parts of the local runner lie: the repository's root, the npm packages and the tools
// that `make deps` puts there, and the folder that local runs write to. It imports the standard library only.
package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// module is what the go.mod at the root declares.
const module = "dynamodb-to-s3"

var (
	// ErrNotInstalled says that something `make deps` installs is not there.
	ErrNotInstalled = errors.New(`run "make deps"`)
	// ErrNoNode says that Node.js is not installed.
	ErrNoNode = errors.New("node was not found on PATH: install Node.js 20.3 or newer")
)

// NodeJS returns the path of Node.js; ErrNoNode if there is none.
func NodeJS() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", ErrNoNode
	}
	return filepath.Abs(path)
}

// A Workspace is a checkout of this repository.
type Workspace struct {
	Root string // absolute path of the folder with go.mod
}

// Find returns the checkout that holds the current directory.
func Find() (Workspace, error) {
	start, err := os.Getwd()
	if err != nil {
		return Workspace{}, fmt.Errorf("find repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if declaresModule(filepath.Join(dir, "go.mod")) {
			return Workspace{Root: dir}, nil
		}
		if dir == filepath.Dir(dir) {
			return Workspace{}, fmt.Errorf("find repository: no go.mod of module %s in %s or above it: run this inside the repository", module, start)
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

// Scripts returns the folder with the scripts that Node.js runs; ErrNotInstalled if their packages are missing.
func (w Workspace) Scripts() (string, error) {
	dir := filepath.Join(w.Root, "local", "node")
	if err := installed(filepath.Join(dir, "node_modules")); err != nil {
		return "", err
	}
	return dir, nil
}

// Gateway returns the VersityGW binary; ErrNotInstalled if it is missing.
func (w Workspace) Gateway() (string, error) {
	path := filepath.Join(w.Local(), "bin", "versitygw")
	if err := installed(path); err != nil {
		return "", err
	}
	return path, nil
}

// Local returns the folder that local runs write to. Git ignores it, and it may not exist yet.
func (w Workspace) Local() string { return filepath.Join(w.Root, ".local") }

func installed(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%s is missing: %w", path, ErrNotInstalled)
	}
	return nil
}
