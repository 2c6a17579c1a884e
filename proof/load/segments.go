package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/servers"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/proof/process"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// measured is a run with one page for each item, and fast clocks, so that segments take several invocations and checkpoints have keys.
type measured struct {
	segments, items int
	format          request.Format
}

var (
	// manySegments has the largest number of segments.
	manySegments = measured{segments: request.MaxSegments, items: 5_000, format: request.FormatDynamoDBJSON}
	// twoPasses makes a segment of the second pass of each staged file.
	twoPasses = measured{segments: 1_000, items: 5_000, format: request.FormatParquet}
)

const (
	concurrency = 16
	timeout     = 900 * time.Second
	clockStep   = 75 * time.Second // how far a clock moves each time that it is read
)

// measure runs the state machine with the local servers.
func (m measured) measure(ctx context.Context, stdout io.Writer) error {
	source, destination, stop, err := servers.StartTemporary(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := sampletable.Create(ctx, dynamodb.NewFromConfig(source), sampletable.Table); err != nil {
		return err
	}
	if err := sampletable.Load(ctx, dynamodb.NewFromConfig(source), sampletable.Table, sampletable.Seed, m.items, nil); err != nil {
		return err
	}
	if _, err := awsclient.S3(destination).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("load")}); err != nil {
		return err
	}
	c := &counts{requests: map[string]int64{}, calls: map[contract.Function]*atomic.Int64{}}
	for _, function := range contract.Functions() {
		c.calls[function] = new(atomic.Int64)
	}
	source.HTTPClient, destination.HTTPClient = c.client(source.HTTPClient), c.client(destination.HTTPClient)
	functions := httptest.NewServer(lambdaapi.Server{Timeout: timeout, Function: func(step contract.Function) function.Handler {
		calls, known := c.calls[step]
		if !known {
			return nil
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			calls.Add(1)
			engine := function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Now: fastClock(), SegmentBytes: 1, PageBytes: 500})
			return engine.Handler(step)(ctx, payload)
		}
	}}.Handler())
	defer functions.Close()
	start := time.Now()
	outcome, err := statemachine.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, InvokeURL: functions.URL, StartTime: start, Name: "load", ID: "arn:aws:states:local:000000000000:execution:dynamodb-to-s3:load",
		Input: fmt.Appendf(nil, `{"table": %q, "bucket": "load", "segments": %d, "concurrency": %d, "scan": {"Limit": 1}, "format": %q}`, sampletable.Table, m.segments, concurrency, m.format),
	})
	if err != nil {
		return err
	}
	if !outcome.Succeeded {
		return fmt.Errorf("the execution failed: %s: %s", outcome.Error, outcome.Cause)
	}
	var result run.Result
	if err := json.Unmarshal(outcome.Output, &result); err != nil {
		return err
	}
	if result.Items != int64(m.items) || result.Segments != m.segments {
		return fmt.Errorf("the result has %d items of %d segments, want %d of %d", result.Items, result.Segments, m.items, m.segments)
	}
	return c.print(stdout, outcome.Payloads, result, time.Since(start))
}

// fastClock returns the clock of one invocation.
func fastClock() func() time.Time {
	var reads atomic.Int64
	return func() time.Time { return time.Now().Add(time.Duration(reads.Add(1)) * clockStep) }
}

// print prints the measurements.
func (c *counts) print(stdout io.Writer, payloads []statemachine.Payload, result run.Result, took time.Duration) error {
	slices.SortStableFunc(payloads, func(a, b statemachine.Payload) int { return cmp.Compare(b.Bytes, a.Bytes) })
	peak, err := process.PeakMemory()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| state | payload | count | largest, bytes | share of the %s allowed |\n|---|---|---:|---:|---:|\n", progress.Count(statemachine.PayloadLimit))
	entered := map[string]int64{}
	for _, each := range payloads {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.2f %% |\n", each.State, each.Of, progress.Count(int64(each.Count)), progress.Count(int64(each.Bytes)), 100*float64(each.Bytes)/statemachine.PayloadLimit)
		if each.Of == "input" {
			entered[each.State] = int64(each.Count)
		}
	}
	var transitions int64
	for _, n := range entered {
		transitions += n
	}
	fmt.Fprintf(&b, "\n| request | count |\n|---|---:|\n")
	for _, kind := range slices.Sorted(maps.Keys(c.requests)) {
		fmt.Fprintf(&b, "| %s | %s |\n", kind, progress.Count(c.requests[kind]))
	}
	fmt.Fprintf(&b, "\n| | |\n|---|---:|\n| segments, items, objects | %s, %s, %s |\n", progress.Count(int64(result.Segments)), progress.Count(result.Items), progress.Count(result.Objects))
	for _, function := range contract.Functions() {
		if n := c.calls[function].Load(); n > 0 {
			fmt.Fprintf(&b, "| invocations of %s | %s |\n", function, progress.Count(n))
		}
	}
	fmt.Fprintf(&b, "| state transitions | %s |\n", progress.Count(transitions))
	for _, line := range (estimate.Model{}).Cost(run.Plan{Scan: &run.ScanPlan{}}, result) { // as the page about the run says
		if line.Unit == "transitions" || line.Unit == "requests" {
			fmt.Fprintf(&b, "| in the cost of the run: %s | %s |\n", line.What, progress.Count(int64(line.Amount)))
		}
	}
	fmt.Fprintf(&b, "| seconds, with %d concurrent children | %.0f |\n| peak memory of all functions in one process, MiB | %s |\n", concurrency, took.Seconds(), progress.Count(peak>>20))
	_, err = io.WriteString(stdout, b.String())
	return err
}
