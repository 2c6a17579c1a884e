package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// killInRun starts the run of a name and kills it after a few objects and before its commit. Nobody sees what it wrote.
func killInRun(t *testing.T, program *exec.Cmd, bucket, name string) {
	t.Helper()
	layout := run.Layout{Root: "AWSDynamoDB/" + name}
	s3 := holdAfter(t, 2)
	program.Stderr = new(bytes.Buffer)
	ended := s3.start(t, program)
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("it succeeded, so it was killed too late")
	}
	for _, prefix := range []string{layout.DataPrefix(), layout.Root + "/manifest"} {
		if keys := testservers.Keys(t, bucket, prefix); len(keys) > 0 {
			t.Fatalf("it was killed before its commit, and shows %v", keys)
		}
	}
}

func TestKilledRunContinuesUnderItsName(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 200), testservers.Bucket(t)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "fileSizeBytes": 2048, "scan": {"Limit": 5}}`, table, bucket))
	killInRun(t, program(t.Context(), t, "run", "--name", "night", "--input", file), bucket, "night")

	succeeds(t, runProgram(t, "--name", "night", "--input", file))

	t.Run("but not twice at once", func(t *testing.T) {
		other := fmt.Sprint("night-", time.Now().UnixNano()) // it counts as running until this process ends
		record, err := executions.Folder(filepath.Join("..", "..", ".local", "executions")).Begin(arnPrefix + "execution:dynamodb-to-s3:" + other)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = record.End(status.Failed) }() // nobody reads the status
		if o := runProgram(t, "--name", other, "--input", file); o.code != 1 || !strings.Contains(o.stderr, "the execution \""+other+"\" runs in another process") {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("but not with another request", func(t *testing.T) {
		o := runProgram(t, "--name", "night", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)))
		if o.code != 1 || o.failed.Error != string(failure.RunNameTaken) || !strings.Contains(o.failed.Cause, "was begun with another request") {
			t.Errorf("got %+v", o)
		}
	})
}

// If the execution of a scheduled run was killed, another execution takes the run over. It does not while the first execution runs,
// or after the run is complete.
func TestKilledRunIsTakenOver(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 200), testservers.Bucket(t)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "fileSizeBytes": 2048, "scan": {"Limit": 5}, "schedule": "killed", "scheduledTime": "2026-11-21T02:00:00Z"}`, table, bucket))
	killed := program(t.Context(), t, "run", "--name", "taken-1", "--input", file)
	killed.Stderr = new(bytes.Buffer)
	ended := holdAfter(t, 2).start(t, killed)
	if err := killed.Process.Signal(syscall.SIGSTOP); err != nil { // it counts as running, but cannot end the run
		t.Fatal(err)
	}
	if o := runProgram(t, "--name", "taken-2", "--input", file); o.code != 0 || o.left.Committed || !strings.Contains(o.left.Reason, "taken-1 has claimed it and is RUNNING") {
		t.Errorf("while the first runs: %+v", o)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("it succeeded, so it was killed too late")
	}

	second := runProgram(t, "--name", "taken-3", "--input", file)
	succeeds(t, second)
	if second.result.RunID != "killed-20261121T020000Z" {
		t.Errorf("got %+v", second.result)
	}
	if o := runProgram(t, "--name", "taken-1", "--input", file); o.code != 0 || !strings.Contains(o.left.Reason, "taken-3 has completed it") {
		t.Errorf("the first, started again: %+v", o)
	}
}
