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

// npmPackages runs `npm audit` for the package-lock.json of a folder. name is the name of the folder in messages. It prints all
// vulnerabilities and fails for those that are high or critical: the packages build and test the deployment but are not part of it.
func npmPackages(ctx context.Context, folder, name string, stdout io.Writer) error {
	npm := exec.CommandContext(ctx, "npm", "audit", "--package-lock-only", "--json")
	npm.Dir = folder
	var stderr bytes.Buffer
	npm.Stderr = &stderr
	answer, failure := npm.Output() // it also fails for vulnerabilities, so only its output counts
	var found struct {
		Message         string
		Vulnerabilities map[string]struct{ Severity string }
		Metadata        *struct{}
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return fmt.Errorf("npm audit in %s: %w %s", name, failure, stderr.Bytes())
	}
	if found.Metadata == nil { // the output is an error
		return fmt.Errorf("%w: the npm packages of %s: the registry answers no audit (%s): give this computer access to one that does, or set npm_config_registry",
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
		return fmt.Errorf("npm audit in %s: %d packages have vulnerabilities that are high or critical: run `npm audit` there for details", name, serious)
	}
	_, err := fmt.Fprintf(stdout, "%s: no high or critical vulnerabilities found\n", name)
	return err
}
