package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
)

// npmPackages runs `npm audit` over the package-lock.json of a folder, which may be called by another name for people. It prints
// whatever is known, and fails for what is high or critical: these packages make and test the deployment, they are not in it.
func npmPackages(ctx context.Context, folder, name string, stdout io.Writer) error {
	npm := exec.CommandContext(ctx, "npm", "audit", "--package-lock-only", "--json")
	npm.Dir = folder
	var stderr bytes.Buffer
	npm.Stderr = &stderr
	answer, failure := npm.Output() // it fails for what it finds, too: what it says decides
	var found struct {
		Message         string
		Vulnerabilities map[string]struct{ Severity string }
		Metadata        *struct{}
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return fmt.Errorf("npm audit in %s: %w %s", name, failure, stderr.Bytes())
	}
	if found.Metadata == nil { // it has told of no audit, only of a fault
		return fmt.Errorf("%w: the npm packages of %s: the registry answers no audit (%s): let this machine reach one that does, or name it in npm_config_registry",
			errUnreachable, name, found.Message)
	}
	serious := 0
	for _, vulnerable := range slices.Sorted(maps.Keys(found.Vulnerabilities)) {
		of := found.Vulnerabilities[vulnerable]
		if of.Severity == "high" || of.Severity == "critical" {
			serious++
		}
		if _, err := fmt.Fprintf(stdout, "%s: %s: %s\n", name, vulnerable, of.Severity); err != nil {
			return err
		}
	}
	if serious > 0 {
		return fmt.Errorf("npm audit in %s: %d packages have vulnerabilities that are high or critical: `npm audit` there says more", name, serious)
	}
	_, err := fmt.Fprintf(stdout, "%s: no vulnerabilities found that are high or critical\n", name)
	return err
}
