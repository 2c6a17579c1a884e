// Package process measures the CPU time and the memory of this process, and runs its program again in a process of its own, so that
// a measurement includes nothing else. It imports the standard library only.
package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// PeakMemory returns the largest resident memory of this process, in bytes. On Linux it reads it from the kernel's status of the
// process, because the resource usage of a new process begins with the memory of its parent.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func PeakMemory() (int64, error) {
	if runtime.GOOS != "linux" {
		var usage syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return usage.Maxrss, err // in bytes on macOS
	}
	return PeakMemoryOf(os.Getpid())
}

// PeakMemoryOf returns the largest resident memory so far of a process that runs, in bytes. It needs Linux.
func PeakMemoryOf(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	var kilobytes int64
	_, peak, _ := bytes.Cut(status, []byte("VmHWM:"))
	if _, err := fmt.Sscanf(string(peak), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read the peak memory: %w", err)
	}
	return kilobytes << 10, nil
}

// CPUTime returns the CPU time of this process, including the kernel's work for it.
func CPUTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic("internal error: getrusage: " + err.Error())
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// ErrKilled is the error of a process that was killed, for example by the kernel because it had too much memory.
var ErrKilled = errors.New("the process was killed")

// RunAgain runs this program in a new process with the argument, as Run does.
func RunAgain(ctx context.Context, argument string, in, out any, environment ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return Run(ctx, program, argument, in, out, environment...)
}

// Run runs a program in a new process with the argument, with in as JSON on its standard input and with additional environment
// variables. It reads out as JSON from the standard output.
func Run(ctx context.Context, program, argument string, in, out any, environment ...string) error {
	input, err := json.Marshal(in)
	if err != nil {
		return err
	}
	process := exec.CommandContext(ctx, program, argument) //nolint:gosec // a program of the caller's choice
	process.Env = append(os.Environ(), environment...)
	process.Stdin, process.Stderr = bytes.NewReader(input), os.Stderr
	output, err := process.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return fmt.Errorf("run %s %s: %w", program, argument, ErrKilled)
		}
	}
	if err != nil {
		return fmt.Errorf("run %s %s: %w", program, argument, err)
	}
	return json.Unmarshal(output, out)
}
