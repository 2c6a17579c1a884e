//go:build !race

package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// cfn-lint is a Python program, which may not be installed.
func TestTemplatePassesCfnLint(t *testing.T) {
	linter, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed: https://github.com/aws-cloudformation/cfn-lint")
	}
	folder := t.TempDir()
	props := taggedProps(filepath.Join(folder, "code"))
	props.CustomerManagedKey = customerManagedKey
	if err := build(props.CodeFolder); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out")
	app, err := newApp(settings, out)
	if err != nil {
		t.Fatal(err)
	}
	if err := AddStack(app, "stack", props); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	lint := exec.CommandContext(t.Context(), linter,
		"--ignore-checks", "W3005", // a dependency that a reference implies: the CDK writes both, which does no harm
		"--regions", props.Region, "--", filepath.Join(out, "stack.template.json"))
	if said, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
