package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"
)

// A run writes its report beside the checkout's other local files, never into the folder of the run. The verb writes the same from S3.
func TestRunWritesItsReport(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 300), testservers.Bucket(t)
	name := "reported-" + bucket
	o := runProgram(t, "--name", name, "--verify",
		"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "x", "segments": 2}`, table, bucket)))
	succeeds(t, o)
	file := "../../.local/reports/" + name + ".html"
	t.Cleanup(func() { _ = os.Remove(file) })
	if !strings.Contains(o.stderr, "reports/"+name+".html\n") {
		t.Errorf("standard error does not name the report:\n%s", o.stderr)
	}
	hasTexts(t, file, "SUCCEEDED", table, "none is missing, changed or duplicated", "A bar for each of 2 invocations in 2 segments", "s3://"+bucket+"/x/AWSDynamoDB/"+name+"/")
	for _, key := range testservers.Keys(t, bucket, "") {
		if strings.Contains(key, "html") {
			t.Errorf("the bucket has %s", key)
		}
	}

	again := filepath.Join(t.TempDir(), "again.html")
	cmd := program(t.Context(), t, "report", "s3://"+bucket+"/x/AWSDynamoDB/"+name+"/", "--output", again)
	if stdout, err := cmd.Output(); err != nil || string(stdout) != again+"\n" {
		t.Fatalf("got %q, %v", stdout, err)
	}
	hasTexts(t, again, "COMMITTED", "Nobody has compared the objects with the table", "A bar for each of 2 invocations in 2 segments")
}

// hasTexts fails the test for each text that a file does not have.
func hasTexts(t *testing.T, file string, texts ...string) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !bytes.Contains(page, []byte(text)) {
			t.Errorf("%s does not have %q", file, text)
		}
	}
}

func TestReportRefusesWhatIsNoRun(t *testing.T) {
	t.Parallel()
	bucket := testservers.Bucket(t)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "accepts 1 arg"},
		{[]string{t.TempDir()}, 1, "Give the folder of a run"},
		{[]string{"s3://" + bucket}, 1, "want s3://bucket/prefix/AWSDynamoDB/RUN"},
		{[]string{"s3://" + bucket + "/x"}, 1, "it has no claim"},
		{[]string{"nightly", "--env", "prod", "--state-machine", "arn"}, 2, "contradict each other"},
	} {
		cmd := program(t.Context(), t, append([]string{"report"}, test.args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%v: exit %d, want %d and %q:\n%s", test.args, code, test.code, test.want, stderr.String())
		}
	}
}

// The report of a deployment has what Step Functions says of the execution: also of one that runs, that failed, or that has no run.
func TestReportOfADeployment(t *testing.T) {
	t.Parallel()
	g := newGate()
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	table := testservers.Orders(t, 300)
	request := func(fields string) string {
		return fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2%s}`, table, d.Bucket, fields)
	}
	reported := func(name string, texts ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "report.html")
		if code, stdout, stderr := verb(t, d, "report", name, "--env", "local", "--output", file); code != 0 || stdout != file+"\n" {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
		hasTexts(t, file, texts...)
	}
	night := d.Run(t, "night", request(`, "format": "PARQUET", "concurrency": 1`))
	<-g.reached
	reported("night", "RUNNING", "There are no segment lists of this run yet.")
	close(g.open)
	d.Wait(t, night)
	reported("night", "SUCCEEDED", ">Scan<", "The segment lists of this pass were removed after the commit.", ">Conversion to Parquet<", " columns. It is the first run with a schema", "STORED AS")

	g.fail.Store(true)
	d.Wait(t, d.Run(t, "day", request("")))
	reported("day", "FAILED", "AccessDenied", "dynamodb:Scan on orders is not allowed", "readers see nothing of it")

	d.Wait(t, d.Run(t, "asked", request(`, "explain": true`)))
	refuses(t, d, 1, "the execution asked is SUCCEEDED and has no run", "report", "asked", "--env", "local")
	d.Wait(t, d.Run(t, "wrong", `{"table": "not-there", "bucket": "b"}`))
	refuses(t, d, 1, "the execution wrong failed before it had a run, so there is nothing to report: ", "report", "wrong", "--env", "local")
}
