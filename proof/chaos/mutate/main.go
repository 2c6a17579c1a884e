// Command mutate shows that the harness of proof/chaos can fail: it takes what the promise rests on out of the engine, one
// thing at a time, and runs seeds until one is broken. The product's files stay as they are: the compiler is given a changed
// copy in the place of one, as `go help build` has it under -overlay.
//
// It imports local/checkout only.
package main

import (
	"bytes"
	"encoding/json"
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
	seeds := flag.Int("seeds", 1000, "how many seeds to run at most for each")
	only := flag.String("only", "", "run those mutations only whose name has this in it")
	flag.Parse()
	if err := run(*seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(seeds int, only string) error {
	checkout, err := checkout.Find()
	if err != nil {
		return err
	}
	missed := 0
	for _, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}
		start := time.Now()
		caught, words, err := m.try(checkout.Root, seeds)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if caught == 0 {
			missed++
			words = "NOT CAUGHT"
		}
		fmt.Printf("%-28s %4d seeds %6s  %s\n", m.name, caught, time.Since(start).Round(time.Second), words)
	}
	if missed > 0 {
		return fmt.Errorf("%d mutations were not caught in %d seeds", missed, seeds)
	}
	return nil
}

// mutated returns the file with everything replaced. It fails where something is not there, or more than once: the product has
// moved on, and the mutation has to follow.
func (m mutation) mutated(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(m.replace); i += 2 {
		old := []byte(m.replace[i])
		if n := bytes.Count(text, old); n != 1 {
			return nil, fmt.Errorf("%s: %q is there %d times, want once", m.file, old, n)
		}
		text = bytes.Replace(text, old, []byte(m.replace[i+1]), 1)
	}
	return text, nil
}

var brokenAfter = regexp.MustCompile(`broken after (\d+) seeds: (.*)`)

// try runs seeds with the mutation, and returns after how many the harness has failed, 0 if it has not, and its words.
func (m mutation) try(root string, seeds int) (after int, words string, err error) {
	text, err := m.mutated(root)
	if err != nil {
		return 0, "", err
	}
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the system's to clear if not ours
	copied, overlay := filepath.Join(folder, "mutated.go"), filepath.Join(folder, "overlay.json")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): copied}})
	if err != nil {
		return 0, "", err
	}
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		return 0, "", err
	}
	if err := os.WriteFile(overlay, replaced, 0o600); err != nil {
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
