// Package childprocess starts child processes that end when this process ends, in whatever way: return, panic, Ctrl-C or
// kill -9. It imports the standard library only and works on Linux and macOS.
package childprocess

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// script starts a watcher in the background and then replaces the shell by the command "$0" "$@". So the command is this
// process's own child and keeps its standard streams and exit status. The watcher reads descriptor 3: a pipe whose other end
// only this process holds. A line means that this process has seen the command end. The end of the file means that this process
// is dead, because the kernel has closed the pipe. Then the watcher kills the command: $$ in a subshell is the process id of the
// shell, which the command has taken over.
const script = `{ read -r _ <&3 || kill -KILL $$; } </dev/null >/dev/null 2>&1 & exec "$0" "$@" 3<&-`

// A Child is a started command.
type Child struct {
	cmd      *exec.Cmd
	lifeline *os.File // this process's end of the watcher's pipe
}

// Start starts cmd, which must not have ExtraFiles or SysProcAttr. The command gets its own process group. So a terminal's
// Ctrl-C reaches only this process, which decides what happens to its child.
func Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	end, lifeline, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	defer func() { _ = end.Close() }() // the child has its own copy
	name := cmd.Path
	cmd.Args = append([]string{"sh", "-c", script, name}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{end}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = lifeline.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &Child{cmd: cmd, lifeline: lifeline}, nil
}

// Wait waits for the command to end, as exec.Cmd's Wait does, and ends the watcher. Call it once.
func (c *Child) Wait() error {
	err := c.cmd.Wait()
	_, _ = c.lifeline.Write([]byte("\n")) // it fails only if the watcher has ended already
	_ = c.lifeline.Close()
	return err
}
