package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testservers"

	"github.com/creack/pty"
)

// onTerminal runs the program with a terminal of so many columns as its standard error, and returns what it wrote there.
func onTerminal(t *testing.T, columns uint16, term string, args ...string) string {
	t.Helper()
	cmd := program(t.Context(), t, args...)
	cmd.Env = append(cmd.Env, "TERM="+term)
	return onTerminalOf(t, cmd, &pty.Winsize{Rows: 24, Cols: columns})
}

// onTerminalOf runs a command of the program with a terminal of this size as its standard error.
func onTerminalOf(t *testing.T, cmd *exec.Cmd, size *pty.Winsize) string {
	t.Helper()
	terminal, stderr, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }() // it was only read
	if err := pty.Setsize(terminal, size); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = stderr.Close() // the program has its own
	var shown bytes.Buffer
	_, _ = io.Copy(&shown, terminal) // a terminal that nobody writes to any more ends with an error
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v:\n%s", err, &shown)
	}
	return shown.String()
}

// On a terminal, the progress stays in one row, however narrow the terminal is. Its last state stays.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1000), testservers.Bucket(t)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 5}}`, table, bucket))
	for _, columns := range []uint16{20, 40, 60, 80, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			rows := strings.Split(strings.TrimSpace(onTerminal(t, columns, "xterm", "run", "--input", file)), "\n")
			if len(rows) != 6 || !strings.Contains(rows[0], "replicating "+table+": 1,000 items, ") || !strings.HasPrefix(rows[1], "replicated table ") {
				t.Errorf("got %d rows:\n%q", len(rows), rows)
			}
			for frame := range strings.SplitSeq(strings.Trim(rows[0], "\r"), "\x1b[K") {
				if frame = strings.Trim(frame, "\r"); !strings.HasPrefix(frame, "replicating "+table+": 1,000 items") && len([]rune(frame)) >= int(columns) {
					t.Errorf("%q is wider than %d columns", frame, columns)
				}
			}
		})
	}
	t.Run("dumb", func(t *testing.T) {
		t.Parallel()
		if shown := onTerminal(t, 60, "dumb", "run", "--input", file); strings.Contains(shown, "\x1b") {
			t.Errorf("got %q", shown)
		}
	})
}
