package executions

import (
	"cmp"
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

	"dynamodb-to-s3/lambda/execution"
)

// Folder is the path of a folder with a file for each execution. The process that runs an execution holds its file locked until
// the process ends. Every function that the execution has called runs in that process and ends with it.
type Folder string

// Running is an execution that this process runs.
type Running struct {
	// StartTime is when the execution began. It is the same for every process that continues the execution, as after a redrive.
	StartTime  time.Time
	descriptor int
}

// Begin marks an execution as running in this process. It fails if another process runs the execution; how the execution ended
// before does not matter. The file has the time of the first Begin, and after a space how the execution ended.
func (f Folder) Begin(arn string) (Running, error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return Running{}, fmt.Errorf("begin the execution: %w", err)
	}
	// A plain descriptor: only the end of the process closes it, and so unlocks the file.
	descriptor, err := syscall.Open(f.file(arn), syscall.O_RDWR|syscall.O_APPEND|syscall.O_CREAT|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return Running{}, fmt.Errorf("begin the execution: open %s: %w", f.file(arn), err)
	}
	err = syscall.Flock(descriptor, syscall.LOCK_EX|syscall.LOCK_NB)
	var start time.Time
	if err == nil {
		start, err = f.mark(arn, descriptor)
	}
	if err != nil {
		_ = syscall.Close(descriptor) // the first error counts
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return Running{}, fmt.Errorf("the execution %q runs in another process: wait for it, or give another --name", nameOf(arn))
		}
		return Running{}, fmt.Errorf("begin the execution: lock %s: %w", f.file(arn), err)
	}
	return Running{start, descriptor}, nil
}

// mark leaves in an execution's file only the time when it began, which is now if the file has none.
func (f Folder) mark(arn string, descriptor int) (time.Time, error) {
	if start, _, err := f.read(arn); err == nil && !start.IsZero() {
		return start, syscall.Ftruncate(descriptor, int64(len(start.Format(time.RFC3339Nano))))
	}
	if err := syscall.Ftruncate(descriptor, 0); err != nil {
		return time.Time{}, err
	}
	start := time.Now().UTC().Truncate(time.Millisecond) // as Step Functions
	_, err := syscall.Write(descriptor, []byte(start.Format(time.RFC3339Nano)))
	return start, err
}

// read returns when an execution began and how it ended; zero and "" for what its process did not come to write.
func (f Folder) read(arn string) (start time.Time, status execution.Status, err error) {
	text, err := os.ReadFile(f.file(arn))
	began, ended, _ := strings.Cut(string(text), " ")
	if at, fault := time.Parse(time.RFC3339Nano, began); fault == nil {
		start = at
	}
	return start, execution.Status(ended), err
}

// End keeps how the execution ended. Other processes see it as running until this process ends.
func (r Running) End(status execution.Status) error {
	if _, err := syscall.Write(r.descriptor, []byte(" "+status)); err != nil {
		return fmt.Errorf("keep how the execution ended: %w", err)
	}
	return nil
}

// Describe returns the state of an execution. An execution whose process ended without a call of End is aborted.
func (f Folder) Describe(_ context.Context, arn string) (execution.State, error) {
	file, err := os.Open(f.file(arn))
	if errors.Is(err, fs.ErrNotExist) {
		return execution.State{Status: execution.Unknown}, nil
	}
	if err != nil {
		return execution.State{}, fmt.Errorf("describe the execution: %w", err)
	}
	defer func() { _ = file.Close() }() // this unlocks the file, which was only read
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	running := errors.Is(err, syscall.EWOULDBLOCK)
	if err != nil && !running {
		return execution.State{}, fmt.Errorf("describe the execution: lock %s: %w", file.Name(), err)
	}
	start, status, err := f.read(arn)
	switch {
	case err != nil:
		return execution.State{}, fmt.Errorf("describe the execution: %w", err)
	case running:
		return execution.State{Status: execution.Running, StartTime: start}, nil
	}
	return execution.State{Status: cmp.Or(status, execution.Aborted), StartTime: start, Quiet: time.Now()}, nil
}

func (f Folder) file(arn string) string {
	return filepath.Join(string(f), url.PathEscape(nameOf(arn))+".status")
}

// nameOf returns the execution's name, which is the end of its ARN.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
