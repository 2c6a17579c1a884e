// Package leash starts child processes that cannot outlive this one, however it ends: return, panic, Ctrl-C or kill -9.
// It imports the standard library only, and runs on Linux and macOS.
package childprocess

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// script runs "$0" "$@" in the shell's place, so the command is this process's own child and keeps its standard streams
// and exit status. Beside it stays a watcher, which waits on the leash, a pipe at descriptor 3 whose other end only this
// process holds. A line means that the command has been waited for. The end of the file means that this process has
// died, as the kernel closes the pipe on every way out; then the watcher kills the command ($$ in a subshell is still
// the shell's process, by now the command).
const script = `{ read -r _ <&3 || kill -KILL $$; } </dev/null >/dev/null 2>&1 & exec "$0" "$@" 3<&-`

// A Child is a started command.
type Child struct {
	cmd   *exec.Cmd
	leash *os.File
}

// Start starts cmd, which must not have ExtraFiles or SysProcAttr. It gets a process group of its own, so that a
// terminal's Ctrl-C reaches this process alone and it decides what happens to the child.
func Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	end, leash, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	defer func() { _ = end.Close() }() // The child has its own.
	name := cmd.Path
	cmd.Args = append([]string{"sh", "-c", script, name}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{end}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = leash.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &Child{cmd: cmd, leash: leash}, nil
}

// Wait waits for the command to end, as exec.Cmd's Wait does, and lets the watcher go. Call it once.
func (c *Child) Wait() error {
	err := c.cmd.Wait()
	_, _ = c.leash.Write([]byte("\n")) // It fails if the watcher is gone, which then needs no telling.
	_ = c.leash.Close()
	return err
}
