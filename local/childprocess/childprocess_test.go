package childprocess

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestCommandKeepsItsStreamsAndStatus(t *testing.T) {
	t.Parallel()
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `cat; printf '%s|' "$@" >&2; exit 7`, "sh", "a b", "$HOME", "'", "")
	cmd.Stdin = bytes.NewReader([]byte("input"))
	cmd.Stdout, cmd.Stderr = &out, &complaints
	child, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	err = child.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 7 {
		t.Errorf("ended with %v", err)
	}
	if out.String() != "input" || complaints.String() != "a b|$HOME|'||" {
		t.Errorf("wrote %q and %q", &out, &complaints)
	}
	if !eventually(func() bool { return len(alive(t, cmd.Process.Pid)) == 0 }) {
		t.Errorf("left behind: %v", alive(t, cmd.Process.Pid))
	}
}

func TestCommandHasItsOwnProcessGroup(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	child, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(cmd.Process.Pid); err != nil || group != cmd.Process.Pid {
		t.Errorf("the group is %d (%v), want the command's own, %d", group, err, cmd.Process.Pid)
	}
	stdin.Close()
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

// The kernel closes the pipe when this process dies. local/servers tests that with real processes.
func TestCommandDiesWhenThePipeIsClosed(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `trap "" TERM INT HUP; echo up; while :; do sleep 1; done`)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	child.lifeline.Close() //nolint:errcheck // the other end sees it
	err = child.Wait()
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok || e.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("ended with %v, want killed", err)
	}
}

func TestMissingCommand(t *testing.T) {
	t.Parallel()
	if _, err := Start(exec.CommandContext(t.Context(), "no-such-command")); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// alive lists the running processes of a group. It leaves out processes that have ended but still wait for their parent; only
// Linux shows the difference.
func alive(t *testing.T, group int) []string {
	t.Helper()
	if err := syscall.Kill(-group, 0); errors.Is(err, syscall.ESRCH) {
		return nil
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return []string{"group " + strconv.Itoa(group)}
	}
	var found []string
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent group …
		_, rest, _ := bytes.Cut(text, []byte(") "))
		fields := bytes.Fields(rest)
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && fields[0][0] != 'Z' {
			found = append(found, string(text))
		}
	}
	return found
}

func eventually(holds func() bool) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}
