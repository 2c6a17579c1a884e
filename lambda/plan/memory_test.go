package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// A run is never refused because of the memory of scan: with less memory it costs no more and takes longer. The log says what to change.
func TestTooLittleMemoryIsLogged(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1), testservers.Bucket(t)
	read, write := testservers.Configs()
	clients := awsclient.NewClients(read, write, read)
	const words = "raise functions.limits.scan.memoryMiB of the environment, or the run takes longer"
	for i, test := range []struct {
		name, fields string
		memory       int
		warn         string // the end of the line
	}{
		{"a format", ``, 256, ""},
		{"a format, and less", ``, 255, `"memoryMiB":255,"neededMiB":256}`},
		{"plain JSON without compression", `, "format": "JSON", "compression": "NONE"`, 256, ""},
		{"the first pass of Parquet", `, "format": "PARQUET"`, 256, ""},
		{"a transform", `, "transform": "{id}"`, 512, ""},
		{"a transform, and less", `, "transform": "{id}"`, 511, `"memoryMiB":511,"neededMiB":512}`},
		{"a transform, and the memory for formats", `, "transform": "{id}"`, 256, `"memoryMiB":256,"neededMiB":512}`},
		{"a transform, and no limit", `, "transform": "{id}"`, 0, ""},
		{"an export", `, "mode": "EXPORT"`, 128, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			p := plan.Step{
				Tables: clients.Tables, Objects: clients.Objects, Executions: &executions.Memory{Others: execution.Running}, Account: account,
				ScanMemory: test.memory, Log: slog.New(slog.NewJSONHandler(&log, nil)),
			}
			name := fmt.Sprint("run-", i)
			req := fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, test.fields)
			if _, err := p.Run(t.Context(), run.PlanInput{
				Request: json.RawMessage(req), Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: time.Now()},
			}); err != nil {
				t.Fatal(err)
			}
			logged := strings.TrimSpace(log.String())
			if test.warn == "" && logged != "" || !strings.HasSuffix(logged, test.warn) || test.warn != "" && !strings.Contains(logged, words) {
				t.Errorf("the log has %s, want %q", logged, test.warn)
			}
		})
	}
}
