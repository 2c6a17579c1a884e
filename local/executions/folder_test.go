package executions_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/executions"
)

// envFolder names the variable that makes the test binary a process that runs an execution until its standard input ends.
const envFolder = "EXECUTIONS_TEST_FOLDER"

const arn = "arn:aws:states:local:000000000000:execution:dynamodb-to-s3:night/1"

func TestMain(m *testing.M) {
	folder := os.Getenv(envFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	running, err := executions.Folder(folder).Begin(arn)
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n") // without this line the test fails
		os.Exit(1)
	}
	if status := os.Getenv("STATUS"); status != "" {
		err = running.End(execution.Status(status))
	}
	if err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("begun\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// begin starts a process that runs the execution, and returns the first line that it prints; stop kills it.
func begin(t *testing.T, folder, status string) (line string, stop func()) {
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

func TestExecutionRunsAsLongAsItsProcess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status string // the status that the process sets before it is killed; empty for none
		want   execution.Status
	}{
		{"", execution.Aborted},
		{"SUCCEEDED", execution.Succeeded},
		{"FAILED", execution.Failed},
	} {
		folder := executions.Folder(t.TempDir() + "/executions")
		wants := func(want execution.Status) {
			t.Helper()
			got, err := folder.Describe(t.Context(), arn)
			if err != nil || got.Status != want || got.Dead() == got.Quiet.IsZero() && want != execution.Succeeded || got.Quiet.After(time.Now()) {
				t.Errorf("got %+v, %v, want %s", got, err, want)
			}
		}
		began := time.Now().Truncate(time.Millisecond)
		wants(execution.Unknown)
		line, kill := begin(t, string(folder), test.status)
		if line != "begun" {
			t.Fatal(line)
		}
		wants(execution.Running)
		first, err := folder.Describe(t.Context(), arn)
		if err != nil || first.StartTime.Before(began) || first.StartTime.After(time.Now()) {
			t.Errorf("it began at %s, %v", first.StartTime, err)
		}
		line, stop := begin(t, string(folder), "")
		stop()
		if !strings.Contains(line, `the execution "night/1" runs in another process`) {
			t.Errorf("a second process prints %q", line)
		}
		wants(execution.Running)
		kill()
		wants(test.want)
		line, kill = begin(t, string(folder), "") // it is redriven
		wants(execution.Running)
		kill()
		wants(execution.Aborted)
		if last, err := folder.Describe(t.Context(), arn); err != nil || !last.StartTime.Equal(first.StartTime) {
			t.Errorf("after a redrive it began at %s, %v, want %s", last.StartTime, err, first.StartTime)
		}
		if line != "begun" {
			t.Error(line)
		}
	}
}

// A process can be killed before it has written anything. The execution is then aborted, and begins when another process runs it.
func TestExecutionWhoseFileIsEmptyIsAborted(t *testing.T) {
	t.Parallel()
	folder := executions.Folder(t.TempDir())
	if err := os.WriteFile(string(folder)+"/night%2F1.status", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := folder.Describe(t.Context(), arn); err != nil || got.Status != execution.Aborted || !got.StartTime.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
	running, err := folder.Begin(arn)
	if err != nil || running.StartTime.IsZero() {
		t.Errorf("it began at %s, %v", running.StartTime, err)
	}
}
