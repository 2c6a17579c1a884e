package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// answerDelay is what an in-process server waits, lest the SDK drop a connection on an answer that comes before it has written.
const answerDelay = 2 * time.Millisecond

// run60000 runs finalize over a lake of 60,000 objects, whose manifest has two parts.
func run60000(t *testing.T, l *lake) (run.Result, error) {
	t.Helper()
	l.layout, l.segments, l.invocations, l.objects = run.Layout{Root: "a/AWSDynamoDB/run"}, 60, 2, 500
	l.requests, l.latency = map[string]int64{}, map[string]time.Duration{}
	for kind := range latencies {
		l.latency[kind] = answerDelay
	}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	cfg, err := awsclient.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials, cfg.Region, cfg.BaseEndpoint = credentials.NewStaticCredentialsProvider("local", "local", ""), "us-east-1", aws.String(server.URL)
	input, err := l.input()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := function.New(cfg, cfg, function.Options{Log: slog.New(slog.DiscardHandler)}).Handler(contract.FunctionFinalize)(t.Context(), input)
	if err != nil {
		return run.Result{}, err
	}
	return answer.(run.FinalizeOutput).Result, nil
}

func TestLargeManifestIsWrittenWhole(t *testing.T) {
	t.Parallel()
	written, order := map[string][]byte{}, []string{}
	l := &lake{lost: -1, keep: func(key string, body []byte) {
		written[key] = append(written[key], body...)
		order = append(order, key)
	}}
	result, err := run60000(t, l)
	if err != nil || result.Objects != 60_000 || result.Items != 60_000 {
		t.Fatalf("got %+v, %v", result, err)
	}
	body := written[l.layout.ManifestFiles()]
	files, err := manifest.DecodeFiles(body)
	if err != nil || len(files) != 60_000 || l.requests["POST"] != 2 {
		t.Fatalf("%d files, %d calls that begin and end an upload, %v", len(files), l.requests["POST"], err)
	}
	for i, file := range files {
		if want := l.object(i); file.DataFileKey != want.Key || file.ETag != want.ETag || file.MD5Checksum != want.MD5 {
			t.Fatalf("file %d is %+v, want %+v", i, file, want)
		}
	}
	for _, key := range l.layout.Checksums(l.layout.ManifestFiles()) {
		if !bytes.Equal(written[key], manifest.Checksum(body)) {
			t.Errorf("%s has %s", key, written[key])
		}
	}
	summary := l.layout.ManifestSummary()
	if want := append([]string{summary}, l.layout.Checksums(summary)...); !slices.Equal(order[len(order)-3:], want) {
		t.Errorf("the last writes are of %v", order)
	}
}

func TestLargeManifestOfARunThatIsNotWholeIsGivenUp(t *testing.T) {
	t.Parallel()
	var order []string
	l := &lake{lost: 59_999, keep: func(key string, _ []byte) { order = append(order, key) }}
	_, err := run60000(t, l)
	if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || failed.Type != string(failure.ListsInconsistent) {
		t.Errorf("got %v", err)
	}
	if want := []string{l.layout.ManifestFiles()}; !slices.Equal(order, want) || l.requests["DELETE"] != 1 {
		t.Errorf("%v was written, and %d uploads given up", order, l.requests["DELETE"])
	}
}
