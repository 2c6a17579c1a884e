package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/deployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestServeAnswersWhatTheStateMachineCalls(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(ctx, t, "serve", "--addr", "127.0.0.1:0", "--dynamodb-addr", "127.0.0.1:0", "--states-addr", "127.0.0.1:0", "--local-exports")
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
	line("/functions/columns/invocations")
	line("/functions/convert/invocations")
	line("/functions/finalize/invocations")
	line("/functions/catalog/invocations")
	line("/functions/prune/invocations")
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

// serve starts a DynamoDB with the user's items and prints how to use it. It answers the SDK and runs, and ends with serve.
func TestServeKeepsDynamoDBRunning(t *testing.T) {
	t.Parallel()
	bucket := testservers.Bucket(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := program(ctx, t, "serve", "--addr", "127.0.0.1:0", "--dynamodb-addr", "127.0.0.1:0", "--states-addr", "127.0.0.1:0", "--export-delay", "0s",
		"--load", file(t, "items.jsonl", []byte(`{"id":"a"}`+"\n"+`{"id":"b"}`)), "--key", "id")
	cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, envDynamoDBEndpoint+"=") })
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var exported []string
	for lines := bufio.NewScanner(stdout); len(exported) < 4 && lines.Scan(); {
		variable, ok := strings.CutPrefix(lines.Text(), "export ")
		if !ok || !strings.Contains(variable, "=http://127.0.0.1:") {
			t.Fatalf("it prints %q", lines.Text())
		}
		exported = append(exported, variable)
	}
	if len(exported) < 4 {
		_ = cmd.Wait() // its standard error says what happened
		t.Fatalf("it prints %q:\n%s", exported, &stderr)
	}
	endpoint := strings.TrimPrefix(exported[0], "AWS_ENDPOINT_URL_DYNAMODB=")
	client := dynamodb.New(testservers.DynamoDB().Options(), func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	if answer, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(defaultTable)}); err != nil || answer.Count != 2 {
		t.Errorf("scanned %+v, %v", answer, err)
	}
	for _, fields := range []string{"", `, "export": {"checkIntervalSeconds": 1}`} {
		o := runProgramAt(t, endpoint, "--verify", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, defaultTable, bucket, fields)))
		if o.code != 0 || o.result.Items != 2 {
			t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
		}
	}
	// The deployment is one for the verbs of deployments.
	start := program(ctx, t, "start", "--env", "local", "--name", "night-1", "--wait", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q}`, defaultTable, bucket)))
	start.Env = append(start.Env, exported...)
	var said bytes.Buffer
	start.Stderr = &said
	var ended run.Result
	if printed, err := start.Output(); err != nil || json.Unmarshal(printed, &ended) != nil || ended.Items != 2 || ended.RunID != "night-1" {
		t.Errorf("start --wait: %v: %s\n%s", err, printed, &said)
	}
	cancel()
	if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("after an interruption, it ends with %v", err)
	}
	if connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(endpoint, "http://")); err == nil {
		_ = connection.Close()
		t.Errorf("%s still answers", endpoint)
	}
	says(t, outcome{stderr: stderr.String()}, "loading the table items: 100 %, 2 of 2 items\n", "To use these servers, run this in another terminal. Ctrl-C stops the servers.\n")
}

// All busy addresses show at once, before anything is loaded.
func TestServeOnBusyAddresses(t *testing.T) {
	t.Parallel()
	busy, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }() // the test has ended
	address := busy.Addr().String()
	cmd := program(t.Context(), t, "serve", "--addr", address, "--dynamodb-addr", address, "--states-addr", address, "--local-exports")
	said, err := cmd.CombinedOutput()
	want := "error: another program listens on " + address + ": stop it, or give another address with --addr, such as 127.0.0.1:0 for any free port\n" +
		"another program listens on " + address + ": stop it, or give another address with --dynamodb-addr, such as 127.0.0.1:0 for any free port\n" +
		"another program listens on " + address + ": stop it, or give another address with --states-addr, such as 127.0.0.1:0 for any free port\n"
	if err == nil || cmd.ProcessState.ExitCode() != 1 || string(said) != want {
		t.Errorf("%v: %s", err, said)
	}
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--addr", "nowhere:x"}, 1, "--addr: listen tcp: "},
		{[]string{"--s3-addr", address}, 2, "--s3-addr is for a server that serve starts, but another one is given"},
		{[]string{"--dynamodb-addr", address}, 2, "--dynamodb-addr is for a server that serve starts, but another one is given"},
		{[]string{"--glue-addr", address}, 2, "--glue-addr is for a server that serve starts, but another one is given"},
		{[]string{"--key", "id"}, 2, "--table-definition and --key are for --load"},
	} {
		cmd := program(t.Context(), t, append([]string{"serve"}, test.args...)...)
		if said, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.ExitCode() != test.code || !strings.Contains(string(said), test.says) {
			t.Errorf("%v: %v: %s", test.args, err, said)
		}
	}
}

// The commands that serve prints have the account of the S3 server.
func TestServePrintsTheAccountOfS3(t *testing.T) {
	t.Setenv(envDynamoDBEndpoint, "")
	t.Setenv(envS3Endpoint, "")
	t.Setenv(envStepFunctionsEndpoint, "")
	s := &services{database: "local"}
	s.source, s.destination = testservers.Configs()
	s.glue.BaseEndpoint = aws.String("http://127.0.0.1:8001")
	want := "export AWS_ENDPOINT_URL_DYNAMODB=" + *s.source.BaseEndpoint + "\nexport AWS_ENDPOINT_URL_S3=" + *s.destination.BaseEndpoint +
		"\nexport AWS_ACCESS_KEY_ID=000000000000\nexport AWS_SECRET_ACCESS_KEY=local-secret\nexport AWS_REGION=us-east-1\nexport AWS_DEFAULT_REGION=us-east-1\nunset AWS_SESSION_TOKEN\n" +
		"export AWS_ENDPOINT_URL_GLUE=http://127.0.0.1:8001\nexport CATALOG_DATABASE=local\n" +
		"export AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8083\nexport AWS_ENDPOINT_URL_CLOUDFORMATION=http://127.0.0.1:8083\nexport AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://127.0.0.1:8083\n"
	if got := new(serveVerb).environment(t.Context(), s, &deployment.Deployment{URL: "http://127.0.0.1:8083"}); got != want {
		t.Errorf("got %s", got)
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
