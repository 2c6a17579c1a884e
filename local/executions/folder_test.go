package executions_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
)

// envFolder makes the test's own binary a process that runs an execution until its standard input ends.
const envFolder = "EXECUTIONS_TEST_FOLDER"

const arn = "arn:aws:states:local:000000000000:execution:dynamodb-to-s3:night/1"

func TestMain(m *testing.M) {
	folder := os.Getenv(envFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	record, err := executions.Book{Folder: folder}.Begin(arn)
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n") // the test reads it, or fails without it
		os.Exit(1)
	}
	if status := os.Getenv("STATUS"); status != "" {
		err = record.End(run.ExecutionStatus(status))
	}
	if err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("begun\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// begin starts a process that runs the execution, and returns what it says; stop kills it.
func begin(t *testing.T, folder, status string) (says string, stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), self)
	process.Env = append(os.Environ(), envFolder+"="+folder, "STATUS="+status)
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	return lines.Text(), func() {
		_ = process.Process.Kill() // it may have ended
		_ = process.Wait()
	}
}

func TestExecutionIsAtWorkAsLongAsItsProcess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ends string // what it says before it is killed
		want run.ExecutionStatus
	}{
		{"", run.ExecutionAborted},
		{"SUCCEEDED", run.ExecutionSucceeded},
		{"FAILED", run.ExecutionFailed},
	} {
		book := executions.Book{Folder: t.TempDir() + "/executions"}
		wants := func(want run.ExecutionStatus) {
			t.Helper()
			got, err := book.Describe(t.Context(), arn)
			if err != nil || got.Status != want || got.Dead() == got.Quiet.IsZero() && want != run.ExecutionSucceeded || got.Quiet.After(time.Now()) {
				t.Errorf("got %+v, %v, want %s", got, err, want)
			}
		}
		wants(run.ExecutionUnknown)
		says, kill := begin(t, book.Folder, test.ends)
		if says != "begun" {
			t.Fatal(says)
		}
		wants(run.ExecutionRunning)
		says, stop := begin(t, book.Folder, "")
		stop()
		if !strings.Contains(says, `the execution "night/1" is at work in another process`) {
			t.Errorf("a second process says %q", says)
		}
		wants(run.ExecutionRunning)
		kill()
		wants(test.want)
		says, kill = begin(t, book.Folder, "") // it goes on
		wants(run.ExecutionRunning)
		kill()
		wants(run.ExecutionAborted)
		if says != "begun" {
			t.Error(says)
		}
	}
}
