// Package executions keeps what becomes of executions that run on this computer, as Step Functions does of those that run in AWS:
// whether one of a name is at work, and how it ended. It imports lambda/job and the standard library.
package executions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"dynamodb-to-s3/lambda/run"
)

// Book is a folder with a file for each execution. The process that runs an execution holds its file locked until it ends in
// any way, and all that the execution has called ends with it.
type Book struct{ Folder string }

// Record is an execution that this process runs.
type Record struct{ descriptor int }

// Begin enters the execution of an ARN as one that this process runs, whatever had become of it before. It fails where another
// process runs it.
func (b Book) Begin(arn string) (Record, error) {
	if err := os.MkdirAll(b.Folder, 0o755); err != nil {
		return Record{}, fmt.Errorf("begin the execution: %w", err)
	}
	// A plain descriptor: nothing but the end of the process closes it, and so unlocks the file.
	descriptor, err := syscall.Open(b.file(arn), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return Record{}, fmt.Errorf("begin the execution: open %s: %w", b.file(arn), err)
	}
	err = syscall.Flock(descriptor, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = syscall.Ftruncate(descriptor, 0)
	}
	if err != nil {
		_ = syscall.Close(descriptor) // the other fault counts
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return Record{}, fmt.Errorf("the execution %q is at work in another process: wait for it, or give another -name", nameOf(arn))
		}
		return Record{}, fmt.Errorf("begin the execution: lock %s: %w", b.file(arn), err)
	}
	return Record{descriptor}, nil
}

// End enters how the execution has ended. To others it is at work as long as the process is.
func (r Record) End(status run.ExecutionStatus) error {
	if _, err := syscall.Write(r.descriptor, []byte(status)); err != nil {
		return fmt.Errorf("keep how the execution ended: %w", err)
	}
	return nil
}

// Describe tells what has become of the execution of an ARN. One whose process ended without a word was aborted.
func (b Book) Describe(_ context.Context, arn string) (run.ExecutionState, error) {
	file, err := os.Open(b.file(arn))
	if errors.Is(err, fs.ErrNotExist) {
		return run.ExecutionState{Status: run.ExecutionUnknown}, nil
	}
	if err != nil {
		return run.ExecutionState{}, fmt.Errorf("describe the execution: %w", err)
	}
	defer func() { _ = file.Close() }() // which unlocks it, and it was only read
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return run.ExecutionState{Status: run.ExecutionRunning}, nil
	case err != nil:
		return run.ExecutionState{}, fmt.Errorf("describe the execution: lock %s: %w", file.Name(), err)
	}
	status, err := os.ReadFile(file.Name())
	if err != nil {
		return run.ExecutionState{}, fmt.Errorf("describe the execution: %w", err)
	}
	if len(status) == 0 {
		status = []byte(run.ExecutionAborted)
	}
	return run.ExecutionState{Status: run.ExecutionStatus(status), Quiet: time.Now()}, nil
}

func (b Book) file(arn string) string {
	return filepath.Join(b.Folder, url.PathEscape(nameOf(arn))+".status")
}

// nameOf returns the execution's name, which an ARN ends in.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
