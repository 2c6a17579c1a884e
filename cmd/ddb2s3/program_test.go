package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"
)

// envProgram makes the test's own binary run as the program. So the tests run real processes without a build.
const envProgram = "DDB2S3_TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envProgram) != "" {
		main()
		return
	}
	testservers.Main(m)
}

// program returns a command that runs the program on the servers of the tests, which the SDK's variables name.
func program(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	source, destination := testservers.Configs()
	credentials, err := destination.Credentials.Retrieve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), envProgram+"=yes", envDynamoDBEndpoint+"="+*source.BaseEndpoint, envS3Endpoint+"="+*destination.BaseEndpoint,
		"AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey, "AWS_REGION="+destination.Region)
	return cmd
}

// outcome is how a run of the program ended.
type outcome struct {
	code   int
	result run.Result
	left   run.Duplicate // if the run belongs to another execution
	failed struct{ Error, Cause string }
	stderr string
}

func runProgram(t *testing.T, args ...string) outcome {
	t.Helper()
	return runProgramAt(t, "", args...)
}

// runProgramAt runs the program on another DynamoDB server, or, if "", on the one of the tests.
func runProgramAt(t testing.TB, dynamoDB string, args ...string) outcome {
	t.Helper()
	cmd := program(t.Context(), t, append([]string{"run"}, args...)...)
	if dynamoDB != "" {
		cmd.Env = append(cmd.Env, envDynamoDBEndpoint+"="+dynamoDB)
	}
	return outcomeOf(t, cmd)
}

// outcomeOf runs a command of the program.
func outcomeOf(t testing.TB, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var o outcome
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		o.code = exit.ExitCode()
	}
	o.stderr = stderr.String()
	if stdout.Len() > 0 {
		into := any(&o.result)
		if o.code != 0 {
			into = &o.failed
		}
		if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
			t.Fatalf("%v in %s", err, stdout.String())
		}
		_ = json.Unmarshal(stdout.Bytes(), &o.left) // the same JSON was valid above
	}
	return o
}

func requestFile(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "request.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// succeeds fails the test unless the run's manifest names every item of the table once and every object of the run.
func succeeds(t *testing.T, o outcome) {
	t.Helper()
	if o.code != 0 {
		t.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
	report, err := verify.Compare(t.Context(), testservers.DynamoDB(), testservers.S3(), o.result)
	if err != nil {
		t.Fatal(err)
	}
	if keys := testservers.Keys(t, o.result.Bucket, run.Layout{Root: o.result.Root}.DataPrefix()); len(keys) != report.Objects {
		t.Errorf("the bucket has %d objects, the manifest %d", len(keys), report.Objects)
	}
}

func TestRunReplicatesOverGivenEndpoints(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 2000), testservers.Bucket(t)
	o := runProgram(t, "--name", "given", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{table}", "segments": 3, "fileSizeBytes": 20000}`, table, bucket)))
	succeeds(t, o)
	if o.result.Objects < 6 || o.result.Manifest != "s3://"+bucket+"/"+table+"/AWSDynamoDB/given/manifest-summary.json" {
		t.Errorf("got %+v", o.result)
	}
	if strings.Contains(o.stderr, "sample table") || !strings.Contains(o.stderr, "2,000 items") {
		t.Errorf("standard error has\n%s", o.stderr)
	}
}

func TestRunHandsOverCheckpoints(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1500), testservers.Bucket(t)
	o := runProgram(t, "--lambda-timeout", "2200ms",
		"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 1}}`, table, bucket)))
	succeeds(t, o)
	if lists := testservers.Keys(t, bucket, run.Layout{Root: o.result.Root}.SegmentLists()); len(lists) < 3 {
		t.Errorf("the invocations wrote %v: they handed nothing over", lists)
	}
}

// The state machine waits for the pace. It does not call the function again at once.
func TestRunWaitsForItsPaceBetweenInvocations(t *testing.T) {
	t.Parallel()
	table, bucket := bigItems(t, 3, 390<<10), testservers.Bucket(t)
	o := runProgram(t, "--lambda-timeout", "2s", "--verbose",
		"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "readUnitsPerSecond": 60}`, table, bucket)))
	succeeds(t, o)
	calls, without := strings.Count(o.stderr, "segment handed over"), strings.Count(o.stderr, "done=false pages=0")
	if calls > 4 || without > 0 {
		t.Errorf("%d invocations for 3 items, and %d read nothing\n%s", calls, without, o.stderr)
	}
}

// The second execution succeeds without a run of its own, so there is nothing to verify.
func TestRunThatAnotherExecutionHasDone(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 100), testservers.Bucket(t)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"}`, table, bucket))
	first := runProgram(t, "--name", "first", "--verify", "--input", file)
	succeeds(t, first)
	o := runProgram(t, "--name", "second", "--verify", "--input", file)
	want := run.Duplicate{RunID: "nightly-20261121T020000Z", ExecutionID: arnPrefix + "execution:dynamodb-to-s3:first", Committed: true, Reason: o.left.Reason}
	if o.code != 0 || o.left != want || first.result.RunID != want.RunID || !strings.Contains(o.left.Reason, "first has completed it") {
		t.Errorf("got %+v, want %+v", o, want)
	}
	if strings.Contains(o.stderr, "verif") || strings.Contains(o.stderr, "replicated") {
		t.Errorf("standard error has\n%s", o.stderr)
	}
}

// request.Parse has tests of each message. This test checks that the output has the messages unchanged.
func TestRunRefusesInvalidRequests(t *testing.T) {
	bucket := testservers.Bucket(t)
	for _, test := range []struct{ request, error, cause string }{
		{`{"table": "orders",`, "InvalidRequest", `invalid request: not valid JSON: unexpected end of JSON input`},
		{`{}`, "InvalidRequest", `invalid request: 2 problems: table: missing: give the name or the ARN of the table; bucket: missing: give the bucket to write to`},
		{`{"table": "orders", "bucket": "BUCKET", "prefix": "a\\b", "segmets": 1}`, "InvalidRequest", `invalid request: 2 problems: segmets: unknown field, did you mean "segments"?; prefix: got "a\\b", want letters, digits, spaces, !-_.*'()/=@:+,&$;? and placeholders`},
		{`{"table": "orders", "bucket": "BUCKET", "prefix": "a\\b"}`, "InvalidRequest", `invalid request: prefix: got "a\\b", want letters, digits, spaces, !-_.*'()/=@:+,&$;? and placeholders`},
		{`{"table": "orders", "bucket": "BUCKET", "transform": ".id |"}`, "InvalidRequest", `invalid request: transform: unexpected EOF at byte 5 of 5, after ".id |"`},
		{
			`{"table": "orders", "bucket": "BUCKET", "mode": "EXPORT", "scan": {"FilterExpression": "attribute_exists(paid)"}}`, "InvalidRequest",
			`invalid request: scan.FilterExpression: not allowed in mode EXPORT: write it as export.filter.FilterExpression`,
		},
		{`{"table": "nowhere", "bucket": "BUCKET"}`, "TableNotFound", `there is no table "nowhere" in region us-east-1 of this account: check the name; for a table in another region give its ARN, for one in another account give sourceRoleArn too`},
	} {
		t.Run(test.cause[:40], func(t *testing.T) {
			t.Parallel()
			o := runProgram(t, "--input", requestFile(t, strings.ReplaceAll(test.request, "BUCKET", bucket)))
			if o.code != 1 || o.failed.Error != test.error || o.failed.Cause != test.cause {
				t.Errorf("got exit %d, %+v\nwant %+v", o.code, o.failed, test)
			}
			if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
				t.Errorf("%v were written", keys)
			}
		})
	}
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	scan := requestFile(t, `{"table": "orders", "bucket": "lake"}`)
	filtered := requestFile(t, `{"table": "orders", "bucket": "lake", "export": {"filter": {"FilterExpression": "attribute_exists(paid)"}}}`)
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, "Available Commands:"},
		{[]string{"rum"}, "unknown command \"rum\" for \"go run ./cmd/ddb2s3\"\n\nDid you mean this?\n\trun"},
		{[]string{"run", "--lambda-timeout", "0s"}, "error: --lambda-timeout: got 0s, want 2s or more: scan needs that time to read one page, write it and answer"},
		{[]string{"run", "--lambda-timeout", "1999ms"}, "error: --lambda-timeout: got 1.999s, want 2s or more"},
		{[]string{"run", "--input", "nowhere.json"}, "--input: read the request: open nowhere.json"},
		{[]string{"run"}, "--input is missing: without it, run uses the sample table"},
		{[]string{"run", "--aws"}, "--aws and AWS_ENDPOINT_URL_DYNAMODB contradict each other: give only one"},
		{[]string{"run", "--colour"}, "unknown flag: --colour\nRun 'go run ./cmd/ddb2s3 run --help' for usage.\n"},
		{[]string{"run", "--inptu", "-"}, `unknown flag: --inptu, did you mean "--input"?`},
		{[]string{"run", "-input", "-"}, `unknown shorthand flag: 'i' in -input, did you mean "--input"?`},
		{[]string{"run", "--lambda-timeout", "5"}, `invalid argument "5" for "--lambda-timeout" flag: time: missing unit`},
		{[]string{"run", "--export-delay", "1s"}, "--export-delay is for exports that this computer makes, but AWS_ENDPOINT_URL_DYNAMODB names a DynamoDB that may make its own: add --local-exports"},
		{[]string{"run", "--local-exports", "--export-delay", "-1s"}, "--export-delay: got -1s, want 0 or more"},
		{[]string{"run", "--local-exports", "--export-fail", "S3AccessDenied:0"}, `--export-fail: got "S3AccessDenied:0", want CODE or CODE:COUNT`},
		{[]string{"run", "--local-exports", "--export-fail", "S3AccessDenied:two"}, `--export-fail: got "S3AccessDenied:two", want CODE or CODE:COUNT`},
		{[]string{"run", "--local-exports", "--export-fail", "S3AccessDenied,:2"}, `--export-fail: got ":2", want CODE or CODE:COUNT`},
		{[]string{"run", "--local-exports", "--input", scan}, "--local-exports is for exports, but the mode of the request is SCAN"},
		{[]string{"run", "--verify", "--input", filtered}, "--verify cannot check what this request asks for"},
		{[]string{"run", "orders"}, `unknown command "orders" for "go run ./cmd/ddb2s3 run"`},
	} {
		cmd := program(t.Context(), t, test.args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: %v: %s%s", test.args, err, &stdout, &stderr)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"--version"}, "ddb2s3 " + version.Number + "\n"},
		{[]string{"--help"}, "run-export  Export a sample table"},
		{[]string{"help", "run"}, "--input FILE"},
		{[]string{"completion", "bash"}, "ddb2s3"},
	} {
		if stdout, err := program(t.Context(), t, test.args...).Output(); err != nil || !strings.Contains(string(stdout), test.says) {
			t.Errorf("%v: %v: %s", test.args, err, stdout)
		}
	}
}

// The definition that is deployed and run here is valid Amazon States Language.
func TestDefinitionIsValid(t *testing.T) {
	t.Parallel()
	if err := statemachine.Validate(t.Context(), definition.JSON); err != nil {
		t.Error(err)
	}
}
