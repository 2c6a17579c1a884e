// Command mutate proves that proof/chaos can fail. It removes the rules of the engine that keep the promise, one at a time, and runs
// seeds until one breaks the promise. `make chaos-mutations` runs it. It imports local/checkout only.
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
		caught, message, err := m.try(repository.Root, seeds)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if caught == 0 {
			missed++
			message = "NOT CAUGHT"
		}
		fmt.Printf("%-28s %4d seeds %6s  %s\n", m.name, caught, time.Since(start).Round(time.Second), message)
	}
	if missed > 0 {
		return fmt.Errorf("%d mutations were not caught in %d seeds", missed, seeds)
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

// overlay writes the changed file and a file that tells the compiler to read it. It returns the path of the latter.
func (m mutation) overlay(root, folder string) (path string, err error) {
	text, err := m.mutated(root)
	if err != nil {
		return "", err
	}
	copied, path := filepath.Join(folder, "mutated.go"), filepath.Join(folder, "overlay.json")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): copied}})
	if err != nil {
		return "", err
	}
	return path, errors.Join(os.WriteFile(copied, text, 0o600), os.WriteFile(path, replaced, 0o600))
}

// try runs seeds with the mutation. It returns how many seeds the harness needed to fail, or 0 if it has not failed, and its message.
func (m mutation) try(root string, seeds int) (after int, message string, err error) {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what remains is in the system's folder for temporary files
	overlay, err := m.overlay(root, folder)
	if err != nil {
		return 0, "", err
	}
	test := exec.Command("go", "test", "-overlay", overlay, "-count=1", "-timeout=60m", "-run=^TestChaos$", "./proof/chaos", //nolint:noctx // it ends with its seeds
		"-seeds", strconv.Itoa(seeds), "-until-broken")
	test.Dir = root
	output, failed := test.CombinedOutput()
	if found := brokenAfter.FindSubmatch(output); found != nil {
		after, err = strconv.Atoi(string(found[1]))
		return after, string(found[2]), err
	}
	if failed != nil {
		return 0, "", fmt.Errorf("%w: %s", failed, output)
	}
	return 0, "", nil
}
