package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
