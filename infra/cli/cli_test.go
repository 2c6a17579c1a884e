package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// standIn is a program in place of the CDK's command line. It prints its arguments and its region, writes SAYS to standard error, and
// ends with the exit code CODE.
const standIn = `#!/bin/sh
echo "cdk $* in $AWS_REGION"
printf '%s\n' "$SAYS" >&2
exit "$CODE"
`

// withStandIn makes a folder with the environments of the examples and a stand-in for the CDK, and returns both paths.
func withStandIn(t *testing.T, code, says string) (root, cdk string) {
	t.Helper()
	root = t.TempDir()
	if err := os.CopyFS(filepath.Join(root, environmentsFolder), os.DirFS("../../examples/environments")); err != nil {
		t.Fatal(err)
	}
	cdk = filepath.Join(root, "cdk")
	if err := os.WriteFile(cdk, []byte(standIn), 0o700); err != nil { //nolint:gosec // a program must be executable
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"CODE": code, "SAYS": says, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(root, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(root, "none"),
		"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(name, value)
	}
	return root, cdk
}

// The messages are those that cdk 2.1140.0 writes to standard error.
const (
	noAccount      = "Unable to resolve AWS account to use. It must be either configured when you define your CDK Stack, or through the environment"
	noneConfigured = "Need to perform AWS calls for account 111122223333, but no credentials have been configured"
	otherAccount   = "Need to perform AWS calls for account 111122223333, but the current credentials are for 444455556666"
	expired        = "Assuming role failed: ExpiredToken\n‣ ExpiredToken: The security token included in the request is expired"
	unknownKey     = "dynamodb-to-s3-dev: The security token included in the request is invalid.\n‣ InvalidClientTokenId: The security token included in the request is invalid."
	noParameter    = "dynamodb-to-s3-dev: SSM parameter /cdk-bootstrap/hnb659fds/version not found in aws://123456789012/eu-west-1. Has the environment been bootstrapped? Please run 'cdk bootstrap' (see https://docs.aws.amazon.com/cdk/latest/guide/bootstrapping.html)"
	noBucket       = "No bucket named 'cdk-hnb659fds-assets-123456789012-eu-west-1'. Is account 123456789012 bootstrapped?"
	oldVersion     = "This CDK deployment requires bootstrap stack version '6', found '4' in aws://123456789012/eu-west-1. Please run 'cdk bootstrap'."
	noRole         = "Could not assume role in target account using current credentials User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole . Please make sure that this role exists in the account. If it doesn't exist, (re)-bootstrap the environment with the right '--trust', using the latest version of the CDK CLI."

	denied       = "dynamodb-to-s3-dev: This CDK deployment requires bootstrap stack version '6', but during the confirmation via SSM parameter /cdk-bootstrap/hnb659fds/version the following error occurred: AccessDenied: User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole"
	unreachable  = "connect ECONNREFUSED 127.0.0.1:1"
	appFailed    = "infra/environments/dev.yaml:4: bucket.name: missing: give the bucket to write to\nmake --silent app: Subprocess exited with error 2"
	noTerminal   = `"--require-approval" is enabled and stack includes security-sensitive updates, but terminal (TTY) is not attached so we are unable to get a confirmation from the user`
	bucketExists = "❌  dynamodb-to-s3-dev failed: ToolkitError: The stack named dynamodb-to-s3-dev failed creation, it may need to be manually deleted from the AWS console: ROLLBACK_COMPLETE: replica already exists"
	warned       = "Could not read encryption settings of bucket 'cdk-hnb659fds-assets-1-eu-west-1': uploading with default settings (\"cdk bootstrap\" to version 9 if your organization's policies prevent a successful upload or to get rid of this message).\n" + unreachable
)

// The hint about credentials or about bootstrapping follows only on a failure that has this cause.
func TestHintFollowsFromTheCause(t *testing.T) {
	const login, bootstrap = "make deploy needs valid AWS credentials", "run make bootstrap ENV=smallest once"
	root, cdk := withStandIn(t, "3", "")
	t.Chdir(root)
	for says, want := range map[string]string{
		noAccount: login, noneConfigured: login, otherAccount: login, expired: login, unknownKey: login,
		noParameter: bootstrap, noBucket: bootstrap, oldVersion: bootstrap, noRole: bootstrap,
		denied: "", unreachable: "", appFailed: "", noTerminal: "", bucketExists: "", warned: "",
	} {
		t.Setenv("SAYS", says)
		var stderr strings.Builder
		if code := command(t.Context(), []string{cdk, "deploy"}, "smallest", &stderr); code != 3 {
			t.Errorf("got the exit code %d, want that of the CDK", code)
		}
		_, after, shown := strings.Cut(stderr.String(), says+"\n")
		if !shown || (want == "") != (after == "") || !strings.Contains(after, want) {
			t.Errorf("after %q\ngot  %q\nwant %q", says, after, want)
		}
	}
}

func TestArgumentsOfTheCDK(t *testing.T) {
	root, cdk := withStandIn(t, "0", "")
	t.Chdir(root)
	for _, test := range []struct {
		args, name, region string
		code               int
		out, err           string
	}{
		{"deploy --require-approval never -c env=network", "smallest", "eu-west-1", 0, "cdk deploy --require-approval never -c env=network -c env=smallest in eu-west-1", "environment smallest: the account of your AWS credentials, region eu-west-1"},
		{"diff", "accounts", "eu-west-3", 0, "cdk diff -c env=accounts in eu-west-1", "environment accounts: account 111122223333, region eu-west-1"},
		{"bootstrap --trust 444455556666", "accounts", "", 0, "cdk bootstrap --trust 444455556666 aws://111122223333/eu-west-1 in eu-west-1", "environment accounts: account 111122223333, region eu-west-1"},
		{"bootstrap", "smallest", "eu-west-1", 1, "", "find the account of your AWS credentials, because infra/environments/smallest.yaml gives none"},
		{"deploy", "smallest", "", 1, "", "no region is set: set AWS_REGION, or give account and region in infra/environments/smallest.yaml"},
		{"destroy", "", "eu-west-1", 1, "", "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, catalog, network, parquet, schedules, smallest"},
		{"destroy", "smalest", "eu-west-1", 1, "", `there is no environment "smalest", did you mean "smallest"?`},
		{"watch", "smallest", "eu-west-1", 2, "", "usage: cli"},
	} {
		t.Setenv("AWS_REGION", test.region)
		var stderr strings.Builder
		out := standardOutput(t, func() {
			if code := command(t.Context(), append([]string{cdk}, strings.Fields(test.args)...), test.name, &stderr); code != test.code {
				t.Errorf("%s of %q: got the exit code %d: %s", test.args, test.name, code, &stderr)
			}
		})
		if strings.TrimSpace(out) != test.out || !strings.Contains(stderr.String(), test.err) {
			t.Errorf("%s of %q: got\n%s\n%s", test.args, test.name, out, &stderr)
		}
	}
}

// standardOutput returns what a function and its child processes print.
func standardOutput(t *testing.T, print func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only written for this test
	before := os.Stdout
	os.Stdout = file
	print()
	os.Stdout = before
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The targets of the Makefile reach the CDK only with an environment that exists.
func TestMake(t *testing.T) {
	root, cdk := withStandIn(t, "1", unreachable)
	for _, part := range []string{"lambda", "infra/environment", "infra/cli"} {
		if err := os.CopyFS(filepath.Join(root, part), os.DirFS(filepath.Join("../..", part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"Makefile", "go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	marker := filepath.Join(root, "marker")
	for _, test := range []struct {
		arguments []string
		says      string // the line before make's own last line
	}{
		{[]string{"deploy"}, "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)"},
		{[]string{"destroy", "ENV="}, "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)"},
		{[]string{"diff", "env=smallest"}, "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)"},
		{[]string{"bootstrap", "ENV=Smallest"}, `there is no environment "Smallest", did you mean "smallest"?; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"destroy", "ENV=smallest "}, `there is no environment "smallest ", did you mean "smallest"?; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"destroy", "ENV=smallest network"}, `there is no environment "smallest network"; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"destroy", "ENV=../environments/smallest"}, `there is no environment "../environments/smallest", did you mean "smallest"?; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"deploy", "ENV=infra/environments/smallest.yaml"}, `there is no environment "infra/environments/smallest.yaml", did you mean "smallest"?; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"deploy", "ENV=smallest; touch " + marker}, `there is no environment "smallest; touch ` + marker + `"; there are: accounts, catalog, network, parquet, schedules, smallest (the files infra/environments/*.yaml)`},
		{[]string{"deploy", "ENV=smallest", "CDK_ARGS=--require-approval=never"}, unreachable},
	} {
		run := exec.CommandContext(t.Context(), "make", append([]string{"--no-print-directory", "-C", root, "CDK=" + cdk, "CDK_MODULE="}, test.arguments...)...)
		run.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "ENV=", "BASH_ENV=") // the test can run below a make
		output, err := run.CombinedOutput()
		var lines []string
		for line := range strings.Lines(string(output)) {
			if !strings.HasPrefix(line, "make: ***") { // what make itself adds
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		if err == nil || len(lines) == 0 || lines[len(lines)-1] != test.says {
			t.Errorf("make %q: %v\ngot\n%s\nwant %s", test.arguments, err, output, test.says)
		}
		if _, err := os.Stat(marker); err == nil {
			t.Errorf("make %q executed a command in ENV", test.arguments)
		}
		if reached := strings.Contains(string(output), "cdk "+test.arguments[0]); reached != (test.says == unreachable) {
			t.Errorf("make %q: the CDK was called: %t\n%s", test.arguments, reached, output)
		}
	}
}
