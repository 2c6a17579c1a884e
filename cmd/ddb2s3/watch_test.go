package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dynamodb-to-s3/cmd/ddb2s3/watch"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/creack/pty"
	"github.com/mattn/go-runewidth"
)

// start --wait prints the result of the run, and watch prints it again later. In a pipe, the progress is lines without control characters.
func TestStartWaitAndWatch(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	table := testservers.Orders(t, 300)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q}`, table, d.Bucket))
	for i, args := range [][]string{{"start", "--input", file, "--name", "night-1", "--wait"}, {"watch", "night-1"}} {
		code, stdout, stderr := verb(t, d, append(args, "--env", "local")...)
		var result run.Result
		if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != 0 || result.Items != 300 || result.RunID != "night-1" {
			t.Fatalf("%v: exit %d, %v: %s%s", args, code, err, stdout, stderr)
		}
		if strings.ContainsAny(stderr, "\x1b\r") || !strings.Contains(stderr, "\nSUCCEEDED, ") && i == 0 || !strings.Contains(stderr, "replicated table "+table+": 300 items in 2 objects") {
			t.Errorf("%v: got %s", args, stderr)
		}
	}
	code, stdout, stderr := verb(t, d, "watch", "night-1", "--env", "local", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var look watch.Look
	var last struct {
		Status string
		Output run.Result
	}
	if code != 0 || len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &look) != nil || json.Unmarshal([]byte(lines[1]), &last) != nil ||
		look.Read.Scanned != 300 || look.Status != "SUCCEEDED" || last.Status != "SUCCEEDED" || last.Output.Items != 300 {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	explain := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "maxReadUnits": 1}`, table, d.Bucket))
	refuses(t, d, 2, "--env is missing", "watch", "night-1")
	refuses(t, d, 2, "got 0 names", "watch", "--env", "local")
	refuses(t, d, 1, "there is no execution ", "watch", "night-2", "--env", "local")
	refuses(t, d, 1, "night-1 already", "start", "--env", "local", "--name", "night-1", "--input", explain, "--wait")
}

// A failure has its name and cause, what to do, and the commands. They are also those of an execution that ended before.
func TestWatchAFailure(t *testing.T) {
	t.Parallel()
	g := newGate()
	g.fail.Store(true)
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	arn := d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q}`, testservers.Orders(t, 10), d.Bucket))
	d.Wait(t, arn)
	code, stdout, stderr := verb(t, d, "watch", "night-1", "--env", "local")
	var failed struct{ Error, Cause string }
	if err := json.Unmarshal([]byte(stdout), &failed); err != nil || code != 1 || failed.Error != "AccessDenied" || failed.Cause != "dynamodb:Scan on orders is not allowed" {
		t.Errorf("exit %d, %v: %s%s", code, err, stdout, stderr)
	}
	for _, want := range []string{
		"FAILED, Scanning, ", "AccessDenied: dynamodb:Scan on orders is not allowed\n", "docs/errors.md explains AccessDenied",
		" redrive night-1 --env local ", " logs night-1 --env local ", " report night-1 --env local ",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing: %s", want, stderr)
		}
	}
	code, stdout, _ = verb(t, d, "watch", "night-1", "--env", "local", "--json")
	if code != 1 || !strings.Contains(stdout, `"error":"AccessDenied","cause":"dynamodb:Scan on orders is not allowed"`) {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

// An interruption ends the watching and not the run.
func TestInterruptedWatch(t *testing.T) {
	t.Parallel()
	g := newGate()
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	arn := d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q}`, testservers.Orders(t, 10), d.Bucket))
	<-g.reached
	cmd := verbCommand(t, d, "watch", "night-1", "--env", "local")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "RUNNING, ") {
		t.Errorf("got %q, %v", line, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != 130 || stdout.Len() > 0 || !strings.Contains(string(rest), "The execution continues. To watch it again:\n") ||
		!strings.HasSuffix(strings.TrimSpace(string(rest)), " watch night-1 --env local") {
		t.Errorf("got %v: %s%s", exit, &stdout, rest)
	}
	close(g.open)
	if ended := d.Wait(t, arn); ended.Status != "SUCCEEDED" {
		t.Errorf("got %+v", ended)
	}
}

// On a terminal, no row is wider than it, and the last state stays above the result.
func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	table := testservers.Orders(t, 300)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 4, "bucket": %q}`, table, d.Bucket))
	for _, columns := range []uint16{60, 80, 200} {
		for _, colors := range []bool{true, false} {
			t.Run(fmt.Sprint(columns, colors), func(t *testing.T) {
				t.Parallel()
				name := fmt.Sprintf("a-name-that-needs-more-place-than-there-is-in-a-narrow-terminal-%d-%t", columns, colors)
				cmd := verbCommand(t, d, "start", "--input", file, "--name", name, "--wait", "--env", "local")
				cmd.Env = append(cmd.Env, "TERM=xterm")
				if !colors {
					cmd.Env = append(cmd.Env, "NO_COLOR=1")
				}
				shown := onTerminalOf(t, cmd, &pty.Winsize{Rows: 24, Cols: columns})
				if strings.Contains(shown, "\x1b[32mSUCCEEDED\x1b[0m") != colors || strings.Contains(shown, "\x1b[3") != colors {
					t.Errorf("colors are not as they must be: %q", shown)
				}
				_, drawn, _ := strings.Cut(shown, ":"+name+"\r\n") // the ARN
				for row := range strings.FieldsFuncSeq(drawn, func(r rune) bool { return r == '\n' || r == '\r' }) {
					for _, sequence := range []string{"\x1b[K", "\x1b[J", "\x1b[1A", "\x1b[2A", "\x1b[3A", "\x1b[4A", "\x1b[34m", "\x1b[32m", "\x1b[0m"} {
						row = strings.ReplaceAll(row, sequence, "")
					}
					if strings.HasPrefix(row, "replicated table") { // the summary is for people who read it later
						break
					}
					if strings.Contains(row, "\x1b") || runewidth.StringWidth(row) >= int(columns) {
						t.Errorf("%q is not a row for %d columns", row, columns)
					}
				}
			})
		}
	}
}
