package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

func TestServeAnswersWhatTheStateMachineCalls(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(ctx, t, "serve", "--addr", "127.0.0.1:0", "--local-exports")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	line := func(want string) string {
		t.Helper()
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("it says %q, %v, want … %s …", lines.Text(), lines.Err(), want)
		}
		return strings.TrimPrefix(lines.Text(), "POST ")
	}
	line("native exports are made on this computer, at http://127.0.0.1:")
	plan := line("/functions/plan/invocations")
	line("/functions/scan/invocations")
	export := line("/functions/export/invocations")
	line("/functions/finalize/invocations")
	describe := line("/aws-sdk/dynamodb/describeExport")

	payload, err := json.Marshal(run.PlanInput{
		Request:   fmt.Appendf(nil, `{"table": %q, "bucket": %q, "export": {}}`, table, bucket),
		Execution: run.Execution{ID: "arn:x", Name: "x", StartTime: time.Now()},
	})
	if err != nil {
		t.Fatal(err)
	}
	var planned run.PlanOutput
	if err := json.Unmarshal(post(ctx, t, plan, payload), &planned); err != nil || planned.Plan.Table != table {
		t.Fatalf("planned %+v, %v", planned, err)
	}
	if payload, err = json.Marshal(run.ExportInput{Plan: planned.Plan, Export: planned.Export}); err != nil {
		t.Fatal(err)
	}
	var progress run.ExportProgress
	if err := json.Unmarshal(post(ctx, t, export, payload), &progress); err != nil || len(progress.Exports) != 1 {
		t.Fatalf("exporting %+v, %v", progress, err)
	}
	answer := post(ctx, t, describe, fmt.Appendf(nil, `{"ExportArn": %q}`, progress.Exports[0].ExportARN))
	if !bytes.Contains(answer, []byte(`"ExportStatus":"IN_PROGRESS"`)) {
		t.Errorf("described as %s", answer)
	}
	answer = post(ctx, t, describe, fmt.Appendf(nil, `{"ExportArn": "%sx"}`, progress.Exports[0].ExportARN))
	if !bytes.HasPrefix(answer, []byte(`{"error":"DynamoDb.ExportNotFoundException","cause":"Export not found: `)) {
		t.Errorf("for an unknown export it answers %s", answer)
	}
	cancel()
	if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("after an interruption, it ends with %v", err)
	}
}

// post returns the body of the answer.
func post(ctx context.Context, t *testing.T, url string, body []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
