package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChosenEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ context, variable, want string }{
		{"", "", ""},
		{"", "prod", "prod"},
		{`{"aws:cdk:enable-path-metadata":true}`, "prod", "prod"},
		{`{"env":"test"}`, "prod", "test"},
		{`{"env":"test"}`, "", "test"},
	} {
		if got, err := chosenEnvironment(test.context, test.variable); err != nil || got != test.want {
			t.Errorf("%s, %q: got %q, %v, want %q", test.context, test.variable, got, err, test.want)
		}
	}
	if _, err := chosenEnvironment(`{"env":5}`, ""); err == nil || !strings.Contains(err.Error(), "want env to be the name") {
		t.Errorf("got %v", err)
	}
}

// The command reports problems without a stack trace, before it starts the CDK.
func TestCommand(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, environmentsFolder), os.DirFS("../examples/environments")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	for _, test := range []struct {
		env, arg       string
		code           int
		stdout, stderr string
	}{
		{"smallest", "-goarch", 0, "arm64\n", ""},
		{"nowhere", "-goarch", 1, "", "there is no environment \"nowhere\"; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)\n"},
		{"nowhere", "", 1, "", "there is no environment \"nowhere\"; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)\n"},
		{"", "-goarch", 1, "", "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)\n"},
		{"smallest", "-nothing", 2, "", "flag provided but not defined: -nothing\n"},
	} {
		t.Setenv("CDK_CONTEXT_JSON", "")
		t.Setenv("ENV", test.env)
		var stdout, stderr bytes.Buffer
		var args []string
		if test.arg != "" {
			args = append(args, test.arg)
		}
		if code := command(args, &stdout, &stderr); code != test.code || stdout.String() != test.stdout || !strings.HasPrefix(stderr.String(), test.stderr) {
			t.Errorf("%s %s: got %d, %q, %q", test.env, test.arg, code, stdout.String(), stderr.String())
		}
	}
}

func TestStacksAreOfTheirArchitecture(t *testing.T) {
	t.Parallel()
	for architecture, want := range map[string]string{"arm64": "arm64", "x86_64": "amd64"} {
		if got := goarch(architecture); got != want {
			t.Errorf("%s: got %s, want %s", architecture, got, want)
		}
	}
}
