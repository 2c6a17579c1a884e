package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// verb runs a verb on a deployment, and returns its exit code and what it has printed.
func verb(t *testing.T, d *testdeployment.Deployed, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := verbCommand(t, d, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return code, out.String(), errs.String()
}

func verbCommand(t *testing.T, d *testdeployment.Deployed, args ...string) *exec.Cmd {
	t.Helper()
	cmd := program(t.Context(), t, args...)
	cmd.Env = append(cmd.Env, envStepFunctionsEndpoint+"="+d.URL, envCloudFormationEndpoint+"="+d.URL, envLogsEndpoint+"="+d.URL)
	return cmd
}

// verbJSON runs a verb with --json, and reads its output.
func verbJSON[T any](t *testing.T, d *testdeployment.Deployed, args ...string) (read T) {
	t.Helper()
	code, stdout, stderr := verb(t, d, append(args, "--json", "--env", "local")...)
	if err := json.Unmarshal([]byte(stdout), &read); err != nil || code != 0 {
		t.Fatalf("%v: exit %d, %v: %s%s", args, code, err, stdout, stderr)
	}
	return read
}

// refuses runs a verb that must fail with an exit code and with words on standard error.
func refuses(t *testing.T, d *testdeployment.Deployed, code int, words string, args ...string) {
	t.Helper()
	if got, stdout, stderr := verb(t, d, args...); got != code || stdout != "" || !strings.Contains(stderr, words) {
		t.Errorf("%v: exit %d: %s%s, want exit %d and %q", args, got, stdout, stderr, code, words)
	}
}

// gate lets the function scan wait until the test opens it, or fail.
type gate struct {
	reached, open chan struct{}
	fail          atomic.Bool
	once          sync.Once
}

func newGate() *gate { return &gate{reached: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) wrap(name contract.Function, handler function.Handler) function.Handler {
	if name != contract.FunctionScan {
		return handler
	}
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		g.once.Do(func() { close(g.reached) })
		if g.fail.Load() {
			return nil, messages.InvokeResponse_Error{Type: string(failure.AccessDenied), Message: "dynamodb:Scan on orders is not allowed"}
		}
		select {
		case <-g.open:
			return handler(ctx, payload)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestStartListStopRedrive(t *testing.T) {
	t.Parallel()
	g := newGate()
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	table := testservers.Orders(t, 300)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q}`, table, d.Bucket))

	started := verbJSON[deployment.Execution](t, d, "start", "--input", file)
	if !strings.HasPrefix(started.Name, table+"-2") || started.Status != "RUNNING" || !strings.HasSuffix(started.ARN, ":"+started.Name) {
		t.Errorf("got %+v", started)
	}
	name := started.Name
	<-g.reached
	refuses(t, d, 1, "there is an execution "+name+" already: give another --name", "start", "--env", "local", "--name", name, "--input", requestFile(t, `{"table": "other"}`))
	if listed := verbJSON[[]deployment.Execution](t, d, "list", "--status", "running"); len(listed) != 1 || listed[0].Name != name {
		t.Errorf("got %+v", listed)
	}
	refuses(t, d, 1, "is RUNNING: only one that has ended without success can be redriven", "redrive", name, "--env", "local")

	code, stdout, stderr := verb(t, d, "stop", name, "--env", "local", "--cause", "busy")
	if code != 0 || !strings.Contains(stdout, "stopped "+name) || !strings.Contains(stdout, "ddb2s3 clean "+name+" --env local") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	refuses(t, d, 1, "has ended already: it is ABORTED", "stop", name, "--env", "local")

	close(g.open)
	if again := verbJSON[deployment.Execution](t, d, "redrive", name); again.Redrives != 1 || again.ARN != started.ARN {
		t.Errorf("got %+v", again)
	}
	if ended := d.Wait(t, started.ARN); ended.Status != "SUCCEEDED" {
		t.Errorf("got %+v", ended)
	}
	refuses(t, d, 1, "has succeeded: there is nothing left to do", "redrive", name, "--state-machine", d.StateMachineARN)

	code, stdout, _ = verb(t, d, "list", "--env", "local")
	if rows := strings.Split(stdout, "\n"); code != 0 || len(rows) != 3 || !strings.HasPrefix(rows[0], "NAME ") || !strings.HasPrefix(rows[1], name+"  SUCCEEDED  2") ||
		strings.Contains(stdout, "\x1b") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

// A request that cannot run is refused before anything is started, with the error of plan.
func TestStartChecksTheRequestFirst(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	for request, words := range map[string]string{
		`{"table": "orders", "segmets": 4}`:                                               `InvalidRequest: invalid request: segmets: unknown field, did you mean "segments"?`,
		`{"table": "orders", "transform": ".id |"}`:                                       `InvalidRequest: invalid request: transform: unexpected EOF`,
		`{"table": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}`:               `TableInOtherAccount: `,
		`{"table": "arn:aws:dynamodb:eu-west-1:000000000000:table/orders", "export": {}}`: `TableInOtherRegion: `,
	} {
		refuses(t, d, 1, words, "start", "--env", "local", "--input", requestFile(t, request))
	}
	file := requestFile(t, `{"table": "orders"}`)
	refuses(t, d, 1, "the execution's name: got \"data\", want another name", "start", "--env", "local", "--input", file, "--name", "data")
	refuses(t, d, 2, `--name: the name of the execution: got "a b"`, "start", "--env", "local", "--input", file, "--name", "a b")
	refuses(t, d, 2, "--input is missing", "start", "--env", "local")
	code, stdout, _ := verb(t, d, "start", "--env", "local", "--json", "--input", requestFile(t, `{"tabel": "orders"}`))
	if code != 1 || !strings.Contains(stdout, `"error": "InvalidRequest"`) {
		t.Errorf("exit %d: %s", code, stdout)
	}
	if listed := verbJSON[[]deployment.Execution](t, d, "list"); len(listed) != 0 {
		t.Errorf("got %+v", listed)
	}
}

// The error of a failed segment is that of the child of the Map, in one sentence.
func TestFailureOfASegmentIsThatOfTheChild(t *testing.T) {
	t.Parallel()
	g := newGate()
	g.fail.Store(true)
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	d.Wait(t, d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "segments": 3, "bucket": %q}`, testservers.Orders(t, 300), d.Bucket)))
	found, err := deployment.Find(t.Context(), d.Config, deployment.Target{Env: "local"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := found.Describe(t.Context(), "night-1")
	if err != nil || e.Status != "FAILED" || e.Error != "AccessDenied" || e.Cause != "dynamodb:Scan on orders is not allowed" || !e.Redrivable || e.Stop.IsZero() {
		t.Errorf("got %+v, %v", e, err)
	}
	planned, err := found.Planned(t.Context(), e.ARN)
	if err != nil || planned == nil || planned.Plan.Root != "AWSDynamoDB/night-1" || planned.Plan.Bucket != d.Bucket || len(planned.Segments) != 3 {
		t.Errorf("got %+v, %v", planned, err)
	}
}

func TestDeploymentThatIsNotFound(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	for words, args := range map[string][]string{
		"there is no stack dynamodb-to-s3-prod in region us-east-1: check --env, set AWS_REGION": {"list", "--env", "prod"},
		"there is no state machine " + d.StateMachineARN + "2: check --env or --state-machine":   {"list", "--state-machine", d.StateMachineARN + "2"},
		"there is no execution arn:aws:states:us-east-1:000000000000:execution:":                 {"stop", "nobody", "--env", "local"},
		"is no execution of the state machine":                                                   {"stop", "arn:aws:states:us-east-1:000000000000:execution:other:night-1", "--env", "local"},
	} {
		refuses(t, d, 1, words, args...)
	}
	for words, args := range map[string][]string{
		"--env is missing": {"list"},
		"--env and --state-machine contradict each other":    {"list", "--env", "local", "--state-machine", d.StateMachineARN},
		`--env: got "Prod", want the name of an environment`: {"list", "--env", "Prod"},
		`--state-machine: got "prod", want the ARN`:          {"list", "--state-machine", "prod"},
		`--status: got "DONE", want one of RUNNING`:          {"list", "--env", "local", "--status", "done"},
		`did you mean "SUCCEEDED"?`:                          {"list", "--env", "local", "--status", "succeded"},
		"--limit: got 0, want 1 or more":                     {"list", "--env", "local", "--limit", "0"},
		"got 2 names, want the name of one execution":        {"redrive", "a", "b", "--env", "local"},
		`unknown flag: --evn, did you mean "--env"?`:         {"stop", "a", "--evn", "local"},
	} {
		refuses(t, d, 2, words, args...)
	}
	cmd := verbCommand(t, d, "list", "--env", "prod")
	cmd.Env = append(cmd.Env, envStepFunctionsEndpoint+"=", "AWS_REGION=", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
	if o := outcomeOf(t, cmd); o.code != 1 || !strings.Contains(o.stderr, "no AWS region is set: set AWS_REGION to the region of the deployment") {
		t.Errorf("exit %d: %s", o.code, o.stderr)
	}
	cmd = verbCommand(t, d, "list", "--env", "prod")
	cmd.Env = append(cmd.Env, envStepFunctionsEndpoint+"=", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
	if o := outcomeOf(t, cmd); o.code != 1 || !strings.Contains(o.stderr, "there are no credentials for AWS") {
		t.Errorf("exit %d: %s", o.code, o.stderr)
	}
}

// An action that is not allowed is named, with the page that lists the permissions.
func TestActionThatIsNotAllowedIsNamed(t *testing.T) {
	t.Parallel()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "no"}`) // a failure shows below
	}))
	t.Cleanup(denied.Close)
	const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
	for action, args := range map[string][]string{
		"states:ListExecutions":    {"list"},
		"states:DescribeExecution": {"stop", "night-1"},
		"states:StartExecution":    {"start", "--input", requestFile(t, `{"table": "orders"}`)},
	} {
		cmd := program(t.Context(), t, append(args, "--state-machine", machine)...)
		cmd.Env = append(cmd.Env, envStepFunctionsEndpoint+"="+denied.URL)
		if o := outcomeOf(t, cmd); o.code != 1 || !strings.Contains(o.stderr, action+" on arn:aws:states:us-east-1:000000000000:") || !strings.Contains(o.stderr, "is not allowed: check that your user or role has this permission") {
			t.Errorf("exit %d: %s", o.code, o.stderr)
		}
	}
}

func TestNameOfAnExecutionThatWasGivenNone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 2, 3, 4, 0, time.UTC)
	for request, want := range map[string]string{
		`{"table": "orders"}`: "orders-20260131-020304",
		`{"table": "arn:aws:dynamodb:eu-west-1:111122223333:table/my.t_1"}`: "my.t_1-20260131-020304",
		`{}`:                   "run-20260131-020304",
		`{"table": "../%x y"}`: "x-y-20260131-020304",
		`{"table": "` + strings.Repeat("t", 255) + `"}`: strings.Repeat("t", 64) + "-20260131-020304",
	} {
		if got := nameFor(json.RawMessage(request), at); got != want || deployment.CheckName(got) != nil {
			t.Errorf("%s: got %s, want %s", request, got, want)
		}
	}
}

// The console colors a status. A terminal does too, and the columns stay aligned.
func TestListOnATerminal(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	listed := []deployment.Execution{{Name: "a", Status: "RUNNING", Start: time.Now()}, {Name: "a-longer-name", Status: "TIMED_OUT", Start: time.Now(), Stop: time.Now(), Redrives: 2}}
	if err := writeList(&text, listed, true); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(text.String(), "\n")
	plain := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(text.String(), "")
	aligned := strings.Split(plain, "\n")
	if !strings.Contains(rows[1], "\x1b[34mRUNNING\x1b[0m") || !strings.Contains(rows[2], "\x1b[31mTIMED_OUT\x1b[0m") ||
		strings.Index(aligned[0], "STARTED") != strings.Index(aligned[1], "20") || strings.Index(aligned[0], "STARTED") != strings.Index(aligned[2], "20") {
		t.Errorf("got\n%s", text.String())
	}
}
