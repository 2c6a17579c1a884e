// Command mutate proves that proof/chaos can fail. It removes the rules of the engine that keep the promise, one at a time, and runs
// seeds until one breaks the promise. Some rules protect against what no seed does, or does in few seeds: for such a rule it runs the unit
// tests that must fail. `make chaos-mutations` runs it. It imports local/checkout only.
//
// The files of the product do not change: the compiler reads a changed copy of one (-overlay, see `go help build`).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/local/checkout"
)

func main() {
	seeds := flag.Int("seeds", 1000, "the largest number of seeds for each mutation")
	only := flag.String("only", "", "run only the mutations whose names contain this text")
	flag.Parse()
	if err := run(*seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(seeds int, only string) error {
	repository, err := checkout.Find()
	if err != nil {
		return err
	}
	missed := 0
	for _, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}
		start := time.Now()
		by, message, err := m.try(repository.Root, seeds)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if by == "" {
			missed++
			by, message = "nothing", "NOT CAUGHT"
		}
		fmt.Printf("%-44s %-12s %6s  %s\n", m.name, by, time.Since(start).Round(time.Second), message)
	}
	if missed > 0 {
		return fmt.Errorf("%d mutations were not caught", missed)
	}
	return nil
}

// mutated returns the changed file. It returns an error if a text does not occur exactly once: the product has changed, and the mutation
// must be adapted.
func (m mutation) mutated(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(m.replace); i += 2 {
		old := []byte(m.replace[i])
		if n := bytes.Count(text, old); n != 1 {
			return nil, fmt.Errorf("%s has %q %d times, want once", m.file, old, n)
		}
		text = bytes.Replace(text, old, []byte(m.replace[i+1]), 1)
	}
	return text, nil
}

var brokenAfter = regexp.MustCompile(`broken after (\d+) seeds: (.*)`)

// overlay writes the changed file, and the file that tells the compiler to read it, whose path it returns.
func (m mutation) overlay(root, folder string) (file string, err error) {
	text, err := m.mutated(root)
	if err != nil {
		return "", err
	}
	copied, file := filepath.Join(folder, "mutated.go"), filepath.Join(folder, "overlay.json")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): copied}})
	if err != nil {
		return "", err
	}
	return file, errors.Join(os.WriteFile(copied, text, 0o600), os.WriteFile(file, replaced, 0o600))
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// try runs seeds or unit tests with the mutation. It returns what failed, "" for nothing, and the message of the failure.
func (m mutation) try(root string, seeds int) (by, message string, err error) {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what remains is in the system's folder for temporary files
	overlay, err := m.overlay(root, folder)
	if err != nil {
		return "", "", err
	}
	tests := []string{"-run=^TestChaos$", "./proof/chaos", "-seeds", strconv.Itoa(seeds), "-until-broken", "-kind", m.kind}
	if m.test != "" {
		tests = []string{"-run=^" + m.test + "$", "./" + path.Dir(m.file)}
		if m.in != "" {
			tests[1] = m.in
		}
	}
	test := exec.Command("go", append([]string{"test", "-overlay", overlay, "-count=1", "-timeout=60m"}, tests...)...) //nolint:noctx // it ends with its tests
	test.Dir = root
	output, failed := test.CombinedOutput()
	if found := brokenAfter.FindSubmatch(output); found != nil {
		return string(found[1]) + " seeds", string(found[2]), nil
	}
	if found := failedTest.FindSubmatch(output); found != nil && m.test != "" {
		return "a unit test", string(found[1]), nil
	}
	if failed != nil {
		return "", "", fmt.Errorf("%w: %s", failed, output)
	}
	return "", "", nil
}
