package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

// latencies are what S3 takes to answer, roughly: S3 tells of 100 to 200 ms for small objects, and takes less for most.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
var latencies = map[string]time.Duration{
	"GET": 30 * time.Millisecond, "PUT": 50 * time.Millisecond, "POST": 50 * time.Millisecond,
	"LIST": 100 * time.Millisecond, "LIST uploads": 50 * time.Millisecond,
}

// sizes are the runs that finalize is measured with.
var sizes = []struct{ segments, invocations, objects int }{
	{1_000, 1, 10}, {10_000, 1, 10}, {10_000, 3, 10}, {10_000, 1, 80},
}

// finalized is what a process tells of the one finalize that it has run.
type finalized struct {
	Result  run.Result
	Seconds float64
	CPU     float64 // seconds, of user and system
	PeakRSS int64   // bytes
}

// measureFinalize runs finalize, each time in a process of its own as in Lambda, over runs that only a lake has.
func measureFinalize(ctx context.Context, stdout io.Writer) error {
	if _, err := fmt.Fprint(stdout, "| segments | invocations of each | objects | seconds | CPU, s | peak memory, MiB | GET | LIST | PUT and POST | MB written |\n|"+
		"---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"); err != nil {
		return err
	}
	for _, size := range sizes {
		l := &lake{
			layout: run.Layout{Root: "load/AWSDynamoDB/run"}, segments: size.segments, invocations: size.invocations, objects: size.objects,
			lost: -1, latency: latencies, requests: map[string]int64{},
		}
		measured, err := finalizeIn(ctx, l)
		if err != nil {
			return err
		}
		if want := int64(size.segments * size.invocations * size.objects); measured.Result.Objects != want {
			return fmt.Errorf("finalize has committed %d objects, want %d", measured.Result.Objects, want)
		}
		_, err = fmt.Fprintf(stdout, "| %s | %d | %s | %.1f | %.1f | %d | %s | %s | %s | %.1f |\n", progress.Count(int64(size.segments)), size.invocations,
			progress.Count(measured.Result.Objects), measured.Seconds, measured.CPU, measured.PeakRSS>>20, progress.Count(l.requests["GET"]),
			progress.Count(l.requests["LIST"]+l.requests["LIST uploads"]), progress.Count(l.requests["PUT"]+l.requests["POST"]), float64(l.written)/1e6)
		if err != nil {
			return err
		}
	}
	return nil
}

// finalizeIn runs finalize over a lake in a process of its own.
func finalizeIn(ctx context.Context, l *lake) (measured finalized, err error) {
	server := httptest.NewServer(l)
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		return measured, err
	}
	input, err := l.input()
	if err != nil {
		return measured, err
	}
	process := exec.CommandContext(ctx, self, "one-finalize") //nolint:gosec // this very program
	process.Env = append(os.Environ(), "AWS_ENDPOINT_URL_S3="+server.URL, "AWS_REGION=us-east-1")
	process.Stdin, process.Stderr = bytes.NewReader(input), os.Stderr
	answer, err := process.Output()
	if err != nil {
		return measured, fmt.Errorf("finalize: %w", err)
	}
	return measured, json.Unmarshal(answer, &measured)
}

// input is what finalize is asked for over the lake.
func (l *lake) input() ([]byte, error) {
	return json.Marshal(run.FinalizeInput{Plan: run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "run", Bucket: "lake", Root: l.layout.Root,
		Scan: &run.ScanPlan{TotalSegments: l.segments, Compression: request.CompressionGZIP},
	}})
}

// oneFinalize runs the finalize that stdin has the payload of, as a function would, and tells what it took.
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
	told := finalized{Result: answer.(run.FinalizeOutput).Result, Seconds: time.Since(start).Seconds()}
	if told.PeakRSS, err = peakRSS("self"); err != nil {
		return err
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	told.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	return json.NewEncoder(stdout).Encode(told)
}
