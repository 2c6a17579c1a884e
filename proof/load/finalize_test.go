package main

import (
	"bytes"
	"encoding/json"
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

// answerDelay is how long a server in this process waits. The SDK closes a connection if an answer comes before it has written its request.
const answerDelay = 2 * time.Millisecond

// run60000 runs finalize for a run of 60,000 objects, whose manifest has two parts.
func run60000(t *testing.T, s *simulatedRun) (run.Result, error) {
	t.Helper()
	s.layout, s.segments, s.invocations, s.objects = run.Layout{Root: "a/AWSDynamoDB/run"}, 60, 2, 500
	s.requests, s.latency = map[string]int64{}, map[string]time.Duration{}
	for kind := range latencies {
		s.latency[kind] = answerDelay
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.complete(0, s.total())
	cfg, err := awsclient.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials, cfg.Region, cfg.BaseEndpoint = credentials.NewStaticCredentialsProvider("local", "local", ""), "us-east-1", aws.String(server.URL)
	input, err := json.Marshal(s.input())
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
	s := &simulatedRun{lost: -1, keep: func(key string, body []byte) {
		written[key] = append(written[key], body...)
		order = append(order, key)
	}}
	result, err := run60000(t, s)
	if err != nil || result.Objects != 60_000 || result.Items != 60_000 {
		t.Fatalf("got %+v, %v", result, err)
	}
	body := written[s.layout.ManifestFiles()]
	files, err := manifest.DecodeFiles(body)
	if err != nil || len(files) != 60_000 || s.requests["POST"] != 2 {
		t.Fatalf("%d files, %d calls that begin and end an upload, %v", len(files), s.requests["POST"], err)
	}
	for i, file := range files {
		if want := s.object(i); file.DataFileKey != want.Key || file.ETag != want.ETag() || file.MD5Checksum != want.MD5 {
			t.Fatalf("file %d is %+v, want %+v", i, file, want)
		}
	}
	if key := s.layout.Checksum(s.layout.ManifestFiles()); !bytes.Equal(written[key], manifest.Checksum(body)) {
		t.Errorf("%s has %s", key, written[key])
	}
	summary := s.layout.ManifestSummary()
	if want := []string{summary, s.layout.Checksum(summary)}; !slices.Equal(order[len(order)-2:], want) {
		t.Errorf("the last writes are of %v", order)
	}
}

func TestLargeManifestOfAnIncompleteRunIsAborted(t *testing.T) {
	t.Parallel()
	var order []string
	s := &simulatedRun{lost: 59_999, keep: func(key string, _ []byte) { order = append(order, key) }}
	_, err := run60000(t, s)
	if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || failed.Type != string(failure.UploadGone) {
		t.Errorf("got %v", err)
	}
	if want := []string{s.layout.ManifestFiles()}; !slices.Equal(order, want) || s.requests["DELETE"] != 1 {
		t.Errorf("%v was written, and %d uploads aborted", order, s.requests["DELETE"])
	}
}
