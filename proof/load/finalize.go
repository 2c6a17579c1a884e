package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/proof/process"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

// latencies are roughly the times in which S3 answers. AWS gives 100 to 200 ms for small objects; most requests take less.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
var latencies = map[string]time.Duration{
	"GET": 30 * time.Millisecond, "HEAD": 30 * time.Millisecond, "PUT": 50 * time.Millisecond, "POST": 100 * time.Millisecond, "DELETE": 50 * time.Millisecond,
	"LIST": 100 * time.Millisecond, "LIST uploads": 100 * time.Millisecond, "LIST parts": 30 * time.Millisecond,
}

// sizes are the runs of the measurement.
var sizes = []struct{ segments, invocations, objects int }{
	{1_000, 1, 10}, {10_000, 1, 10}, {10_000, 3, 10}, {10_000, 1, 80}, {10_000, 1, 500},
}

// finalized is the measurement of one finalize, which its process prints.
type finalized struct {
	Answer     run.FinalizeOutput
	Seconds    float64
	CPU        float64 // seconds
	PeakMemory int64   // bytes
}

// measureFinalize runs finalize for simulated runs, each invocation in a process of its own, as in Lambda. Of a run that is completed in
// batches, it measures the first invocation, the first batch and the last invocation.
func measureFinalize(ctx context.Context, stdout io.Writer) error {
	if _, err := fmt.Fprint(stdout, "| segments | lists of each | objects | invocation | seconds | CPU, s | peak memory, MiB | GET | LIST | PUT and POST | MB written |\n|"+
		"---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|\n"); err != nil {
		return err
	}
	for _, size := range sizes {
		s := &simulatedRun{
			layout: run.Layout{Root: "load/AWSDynamoDB/run"}, segments: size.segments, invocations: size.invocations, objects: size.objects,
			lost: -1, latency: latencies, requests: map[string]int64{},
		}
		input := s.input()
		first, err := s.measure(ctx, stdout, "all", input)
		if err != nil {
			return err
		}
		if len(first.Batches) > 0 {
			input.Batch = &first.Batches[0]
			if _, err := s.measure(ctx, stdout, fmt.Sprintf("batch 1 of %d", len(first.Batches)), input); err != nil {
				return err
			}
			s.complete(0, s.total())
			if first, err = s.measure(ctx, stdout, "last", s.input()); err != nil {
				return err
			}
		}
		if first.Result.Objects != int64(s.total()) {
			return fmt.Errorf("finalize has committed %d objects, want %d", first.Result.Objects, s.total())
		}
	}
	return nil
}

// measure runs finalize once, and prints a line of the table.
func (s *simulatedRun) measure(ctx context.Context, stdout io.Writer, invocation string, input run.FinalizeInput) (run.FinalizeOutput, error) {
	s.requests, s.written = map[string]int64{}, 0
	measured, err := finalizeIn(ctx, s, input)
	if err != nil {
		return measured.Answer, err
	}
	if len(measured.Answer.Batches) > 0 {
		invocation = "first"
	}
	_, err = fmt.Fprintf(stdout, "| %s | %d | %s | %s | %.1f | %.1f | %d | %s | %s | %s | %.1f |\n", progress.Count(int64(s.segments)), s.invocations,
		progress.Count(int64(s.total())), invocation, measured.Seconds, measured.CPU, measured.PeakMemory>>20, progress.Count(s.requests["GET"]),
		progress.Count(s.requests["LIST"]+s.requests["LIST uploads"]), progress.Count(s.requests["PUT"]+s.requests["POST"]), float64(s.written)/1e6)
	return measured.Answer, err
}

// oneFinalizeCommand is the argument of the process that runs one finalize.
const oneFinalizeCommand = "one-finalize"

// finalizeIn runs finalize for a simulated run in a process of its own.
func finalizeIn(ctx context.Context, s *simulatedRun, input run.FinalizeInput) (measured finalized, err error) {
	server := httptest.NewServer(s)
	defer server.Close()
	err = process.RunAgain(ctx, oneFinalizeCommand, input, &measured, "AWS_ENDPOINT_URL_S3="+server.URL, "AWS_REGION=us-east-1")
	return measured, err
}

// input is the input of finalize.
func (s *simulatedRun) input() run.FinalizeInput {
	return run.FinalizeInput{Plan: run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "run", Bucket: "lake", Root: s.layout.Root,
		Scan: &run.ScanPlan{TotalSegments: s.segments, Compression: request.CompressionGZIP},
	}}
}

// oneFinalize runs finalize with the payload on stdin, as the function does, and prints its measurement.
func oneFinalize(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	payload, err := io.ReadAll(stdin)
	if err != nil {
		return err
	}
	cfg, err := awsclient.Config(ctx)
	if err != nil {
		return err
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
	start := time.Now()
	answer, err := function.New(cfg, cfg, function.Options{Log: slog.New(slog.DiscardHandler)}).Handler(contract.FunctionFinalize)(ctx, payload)
	if err != nil {
		return err
	}
	measured := finalized{Answer: answer.(run.FinalizeOutput), Seconds: time.Since(start).Seconds()}
	measured.CPU = process.CPUTime().Seconds()
	if measured.PeakMemory, err = process.PeakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(measured)
}
