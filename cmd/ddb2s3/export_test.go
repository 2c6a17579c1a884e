package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// exportRequest is a file with a request for an export that is checked every second.
func exportRequest(t *testing.T, table, bucket, fields string) string {
	t.Helper()
	return requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{table}", "export": {%s "checkIntervalSeconds": 1}}`, table, bucket, fields))
}

// exporting runs the program with exports that are made at once.
func exporting(t *testing.T, args ...string) outcome {
	t.Helper()
	return runProgram(t, append([]string{"-export-stand-in", "-export-delay", "0s"}, args...)...)
}

func says(t *testing.T, o outcome, words ...string) {
	t.Helper()
	for _, want := range words {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, o.stderr)
		}
	}
}

func TestRunExportsOverGivenEndpoints(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 500), testservers.Bucket(t)
	o := exporting(t, "-verify", "-input", exportRequest(t, table, bucket, `"exportType": "FULL",`))
	if o.code != 0 || len(o.result.Exports) != 1 {
		t.Fatalf("exit %d: %+v %+v\n%s", o.code, o.result, o.failed, o.stderr)
	}
	export := o.result.Exports[0]
	if o.result.Mode != request.ModeExport || o.result.Items != 500 || export.ExportType != request.ExportFull || o.result.Manifest != export.Manifest ||
		!strings.HasPrefix(export.Manifest, "s3://"+bucket+"/"+table+"/AWSDynamoDB/") {
		t.Errorf("got %+v", o.result)
	}
	says(t, o, "exports are made by a stand-in in front of AWS_ENDPOINT_URL_DYNAMODB, http://127.0.0.1:",
		": recovery is on for every table; an export takes 0s\n", "exporting: checks: ",
		"verified: read back 4 objects through the manifest, all 500 items are those of the table",
		"exported table "+table+": 500 items in 4 objects, 0.1 MB as stored, ", " billed, ",
		"FULL export of the table as it was at "+export.ExportTime.UTC().Format(time.RFC3339Nano)+"\n",
		"manifest: "+export.Manifest+"\n")
}

// The stand-in of each process has a clock that tells the time: the second run of a chain comes too soon.
func TestRunTellsWhyNothingWasExported(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 5), testservers.Bucket(t)
	chain := exportRequest(t, table, bucket, `"from": "last",`)
	first := exporting(t, "-input", chain)
	if first.code != 0 || len(first.result.Exports) != 1 {
		t.Fatalf("exit %d: %+v %+v\n%s", first.code, first.result, first.failed, first.stderr)
	}
	says(t, first, " (the chain begins here: ")
	second := exporting(t, "-input", chain)
	if second.code != 0 || len(second.result.Exports) != 0 || !strings.HasPrefix(second.result.Reason, "nothing to export yet: ") {
		t.Errorf("exit %d: %+v %+v", second.code, second.result, second.failed)
	}
	says(t, second, "nothing was exported of table "+table+": "+second.result.Reason+"\n")
	third := exporting(t, "-verify", "-input", chain)
	if third.code != 1 {
		t.Errorf("exit %d", third.code)
	}
	says(t, third, "verify: nothing was exported that could be compared with the table: nothing to export yet: ")
}

func TestRunLetsExportsFail(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 5), testservers.Bucket(t)
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		o := exporting(t, "-export-fail", "S3AccessDenied", "-input", exportRequest(t, table, bucket, ""))
		if o.code != 1 || o.failed.Error != "S3AccessDenied" || !strings.Contains(o.failed.Cause, "the flag -export-fail asks for it") {
			t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
		}
		if strings.Contains(o.stderr, "retry ") {
			t.Errorf("it was tried again:\n%s", o.stderr)
		}
	})
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		o := exporting(t, "-export-fail", "InternalServerError:1", "-name", "twice", "-input", exportRequest(t, table, bucket, ""))
		if o.code != 0 || o.result.Items != 5 {
			t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
		}
	})
}

// The demo, over the testbed's servers and a smaller table.
func TestExportDemo(t *testing.T) {
	t.Parallel()
	var s settings
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	s.register(flags)
	if err := flags.Parse([]string{"-export-stand-in", "-export-delay", "0s"}); err != nil {
		t.Fatal(err)
	}
	const count = 1000
	v := &services{executions: executions.Folder(t.TempDir()), account: "000000000000", unlock: func() {}}
	v.source, v.destination = testservers.Configs()
	t.Cleanup(v.close)
	bucket := "demo"
	if _, err := testservers.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if err := sampletable.Create(t.Context(), testservers.DynamoDB(), sampletable.Table); err != nil {
		t.Fatal(err)
	}
	if err := sampletable.Load(t.Context(), testservers.DynamoDB(), sampletable.Table, sampletable.Seed, count, nil); err != nil {
		t.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stderr.Close() }() // it was only written for this test
	var stdout bytes.Buffer
	err = execution{services: v, settings: s}.exportTwice(t.Context(), count, &stdout, stderr)
	told, readErr := os.ReadFile(stderr.Name())
	if err != nil || readErr != nil {
		t.Fatalf("%v, %v\n%s", err, readErr, told)
	}
	says(t, outcome{stderr: string(told)}, "verified: read back 4 objects through the manifest, all 1,000 items are those of the table",
		"changing the table: orders: 164/164 (40 new, 40 replaced, 40 updated, 40 deleted, 4 new and deleted again)\n", "clock on by 1h0m0s",
		"verified: read back 8 objects through the manifests; with all 160 changes the full export is the table, 1,000 items", "INCREMENTAL export of the changes from ")

	var results []run.Result
	for documents := json.NewDecoder(&stdout); ; {
		var result run.Result
		err := documents.Decode(&result)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	if len(results) != 2 || results[0].RunID == results[1].RunID ||
		results[0].Exports[0].ExportType != request.ExportFull || results[1].Exports[0].ExportType != request.ExportIncremental {
		t.Errorf("got %+v", results)
	}
}

func TestExportDemoIsForItsOwnTableOnly(t *testing.T) {
	t.Parallel()
	cmd := program(t.Context(), t, "run-export")
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "run-export changes the table that it exports, and moves the clock: unset AWS_ENDPOINT_URL_DYNAMODB, or use run -input FILE -export-stand-in") {
		t.Errorf("%v: %s", err, said)
	}
	cmd = program(t.Context(), t, "run-export", "-aws")
	cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, "AWS_ENDPOINT_URL") })
	if said, err = cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "it is not for AWS, use run -input FILE -aws") {
		t.Errorf("%v: %s", err, said)
	}
	for _, args := range [][]string{{"-export-delay", "1s"}, {"-export-fail", "X"}, {"-export-stand-in"}} {
		cmd = program(t.Context(), t, append([]string{"run", "-aws"}, args...)...)
		cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, "AWS_ENDPOINT_URL") })
		if said, err = cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "-aws and "+args[0]+" contradict each other: AWS makes its exports itself") {
			t.Errorf("%v: %v: %s", args, err, said)
		}
	}
}
