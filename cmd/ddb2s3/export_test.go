package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// exportRequest writes a file with a request for an export. The state machine checks the export every second.
func exportRequest(t *testing.T, table, bucket, fields string) string {
	t.Helper()
	return requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{table}", "export": {%s "checkIntervalSeconds": 1}}`, table, bucket, fields))
}

// exporting runs the program with exports that take no time.
func exporting(t *testing.T, args ...string) outcome {
	t.Helper()
	return runProgram(t, append([]string{"--local-exports", "--export-delay", "0s"}, args...)...)
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
	o := exporting(t, "--verify", "--input", exportRequest(t, table, bucket, `"exportType": "FULL",`))
	if o.code != 0 || len(o.result.Exports) != 1 {
		t.Fatalf("exit %d: %+v %+v\n%s", o.code, o.result, o.failed, o.stderr)
	}
	export := o.result.Exports[0]
	if o.result.Mode != request.ModeExport || o.result.Items != 500 || export.ExportType != request.ExportFull || o.result.Manifest != export.Manifest ||
		!strings.HasPrefix(export.Manifest, "s3://"+bucket+"/"+table+"/AWSDynamoDB/") {
		t.Errorf("got %+v", o.result)
	}
	says(t, o, "native exports are made on this computer, at http://127.0.0.1:",
		" in front of AWS_ENDPOINT_URL_DYNAMODB. Every table has point-in-time recovery. An export takes 0s.\n", "exporting "+table+": ",
		"verified: the 4 objects hold exactly the 500 items of the table: none is missing, changed or duplicated",
		"exported table "+table+": 500 items in 4 objects, ", " as stored, ", " billed, ",
		"FULL export of the table as it was at "+export.ExportTime.UTC().Format(time.RFC3339Nano)+"\n",
		"manifest: "+export.Manifest+"\n")
}

// Each process has its own export server, with the real time: the second run of a chain is too early.
func TestRunSaysWhyNothingWasExported(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 5), testservers.Bucket(t)
	chain := exportRequest(t, table, bucket, `"from": "last",`)
	first := exporting(t, "--input", chain)
	if first.code != 0 || len(first.result.Exports) != 1 {
		t.Fatalf("exit %d: %+v %+v\n%s", first.code, first.result, first.failed, first.stderr)
	}
	says(t, first, " (the chain begins here: ")
	second := exporting(t, "--input", chain)
	if second.code != 0 || len(second.result.Exports) != 0 || !strings.HasPrefix(second.result.Reason, "nothing to export yet: ") {
		t.Errorf("exit %d: %+v %+v", second.code, second.result, second.failed)
	}
	says(t, second, "nothing was exported of table "+table+": "+second.result.Reason+"\n")
	third := exporting(t, "--verify", "--input", chain)
	if third.code != 1 {
		t.Errorf("exit %d", third.code)
	}
	says(t, third, "verify: nothing was exported, so there is nothing to compare with the table: nothing to export yet: ")
}

func TestRunLetsExportsFail(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 5), testservers.Bucket(t)
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		o := exporting(t, "--export-fail", "S3AccessDenied", "--input", exportRequest(t, table, bucket, ""))
		if o.code != 1 || o.failed.Error != "S3AccessDenied" || !strings.Contains(o.failed.Cause, "the flag --export-fail asks for it") {
			t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
		}
		if strings.Contains(o.stderr, "retry ") {
			t.Errorf("it was tried again:\n%s", o.stderr)
		}
	})
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		o := exporting(t, "--export-fail", "InternalServerError:1", "--name", "twice", "--input", exportRequest(t, table, bucket, ""))
		if o.code != 0 || o.result.Items != 5 {
			t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
		}
	})
}

// run-export, on the servers of the tests and with a smaller table.
func TestRunExport(t *testing.T) {
	t.Parallel()
	const items = 1000
	o := options{localExports: true, lambdaTimeout: time.Minute}
	s := &services{executions: executions.Folder(t.TempDir()), account: "000000000000"}
	s.source, s.destination = testservers.Configs()
	t.Cleanup(s.close)
	bucket := "demo"
	if _, err := testservers.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if err := sampletable.Create(t.Context(), testservers.DynamoDB(), sampletable.Table); err != nil {
		t.Fatal(err)
	}
	if err := sampletable.Load(t.Context(), testservers.DynamoDB(), sampletable.Table, sampletable.Seed, items, nil); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if err := s.startExports(t.Context(), o, &stderr); err != nil {
		t.Fatal(err)
	}
	if err := exportTwice(t.Context(), s, o, items, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	says(t, outcome{stderr: stderr.String()}, "verified: the 4 objects hold exactly the 1,000 items of the table",
		"changing orders: 100 %, 164 of 164 orders, 40 new, 40 replaced, 40 updated, 40 deleted, 4 new and deleted again\n", "forward by 1h0m0s",
		"verified: the 8 objects hold exactly the table: the full export with 160 changes gives its 1,000 items", "INCREMENTAL export of the changes from ")

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

func TestWrongPlacesForLocalExports(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args      []string
		endpoints bool // of the servers of the tests
		says      string
	}{
		{[]string{"run-export"}, true, "run-export changes the table that it exports: unset AWS_ENDPOINT_URL_DYNAMODB, or export your own table with run --input FILE --local-exports"},
		{[]string{"run-export", "--aws"}, false, "unknown flag: --aws"},
		{[]string{"run", "--aws", "--export-delay", "1s"}, false, "--aws and --export-delay contradict each other: AWS makes its own exports"},
		{[]string{"run", "--aws", "--export-fail", "X"}, false, "--aws and --export-fail contradict each other: AWS makes its own exports"},
		{[]string{"run", "--aws", "--local-exports"}, false, "--aws and --local-exports contradict each other: AWS makes its own exports"},
	} {
		cmd := program(t.Context(), t, test.args...)
		if !test.endpoints {
			cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, "AWS_ENDPOINT_URL") })
		}
		said, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(said), test.says) {
			t.Errorf("%v: %v: %s", test.args, err, said)
		}
	}
}
