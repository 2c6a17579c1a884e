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
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/servers"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The run that is measured: as many segments as a run may have, a page for each item, and clocks that leap at every look, so that
// segments take several invocations, whose checkpoints have keys in them.
const (
	segments    = request.MaxSegments
	items       = 5_000
	concurrency = 16
	timeout     = 900 * time.Second
	leap        = 75 * time.Second
)

// tally counts what the functions ask of AWS, and how often they are invoked.
type tally struct {
	mu       sync.Mutex
	requests map[string]int64
	calls    map[contract.Function]*atomic.Int64
}

// measureSegments executes the state machine over the servers of local runs.
func measureSegments(ctx context.Context, stdout io.Writer) error {
	source, destination, stop, err := servers.StartTemporary(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := sampletable.Create(ctx, dynamodb.NewFromConfig(source), sampletable.Table); err != nil {
		return err
	}
	if err := sampletable.Load(ctx, dynamodb.NewFromConfig(source), sampletable.Table, sampletable.Seed, items, nil); err != nil {
		return err
	}
	if _, err := awsclient.S3(destination).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("load")}); err != nil {
		return err
	}
	t := &tally{requests: map[string]int64{}, calls: map[contract.Function]*atomic.Int64{}}
	for _, function := range contract.Functions() {
		t.calls[function] = new(atomic.Int64)
	}
	source.HTTPClient, destination.HTTPClient = t.counting(source.HTTPClient), t.counting(destination.HTTPClient)
	functions := httptest.NewServer(lambdaapi.Server{Timeout: timeout, Function: func(step contract.Function) function.Handler {
		calls, known := t.calls[step]
		if !known {
			return nil
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			calls.Add(1)
			engine := function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Now: leaping()})
			return engine.Handler(step)(ctx, payload)
		}
	}}.Handler())
	defer functions.Close()
	start := time.Now()
	outcome, err := statemachine.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, InvokeURL: functions.URL, StartTime: start, Name: "load", ID: "arn:aws:states:local:000000000000:execution:dynamodb-to-s3:load",
		Input: fmt.Appendf(nil, `{"table": %q, "bucket": "load", "segments": %d, "concurrency": %d, "scan": {"Limit": 1}}`, sampletable.Table, segments, concurrency),
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
	if result.Items != items || result.Segments != segments {
		return fmt.Errorf("the result has %d items of %d segments, want %d of %d", result.Items, result.Segments, items, segments)
	}
	return t.print(stdout, outcome.Payloads, result, time.Since(start))
}

// leaping returns the clock of one invocation.
func leaping() func() time.Time {
	var looks atomic.Int64
	return func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * leap) }
}

// print prints what was measured.
func (t *tally) print(stdout io.Writer, payloads []statemachine.Payload, result run.Result, took time.Duration) error {
	slices.SortStableFunc(payloads, func(a, b statemachine.Payload) int { return cmp.Compare(b.Bytes, a.Bytes) })
	peak, err := peakRSS("self")
	if err != nil {
		return err
	}
	p := &printer{w: stdout}
	p.f("| state | payload | count | largest, bytes | share of the %s allowed |\n|---|---|---:|---:|---:|\n", progress.Count(statemachine.PayloadLimit))
	entered := map[string]int64{}
	for _, each := range payloads {
		p.f("| %s | %s | %s | %s | %.2f %% |\n", each.State, each.Of, progress.Count(int64(each.Count)), progress.Count(int64(each.Bytes)), 100*float64(each.Bytes)/statemachine.PayloadLimit)
		if each.Of == "input" {
			entered[each.State] = int64(each.Count)
		}
	}
	var transitions int64
	for _, n := range entered {
		transitions += n
	}
	p.f("\n| request | count |\n|---|---:|\n")
	for _, kind := range slices.Sorted(maps.Keys(t.requests)) {
		p.f("| %s | %s |\n", kind, progress.Count(t.requests[kind]))
	}
	p.f("\n| | |\n|---|---:|\n| segments, items, objects | %s, %s, %s |\n", progress.Count(int64(result.Segments)), progress.Count(result.Items), progress.Count(result.Objects))
	p.f("| invocations of scan | %s |\n| state transitions | %s |\n", progress.Count(t.calls[contract.FunctionScan].Load()), progress.Count(transitions))
	p.f("| seconds, with %d concurrent children | %.0f |\n| peak memory of all functions in one process, MiB | %s |\n", concurrency, took.Seconds(), progress.Count(peak>>20))
	return p.err
}

// printer keeps the first error, so that it is looked at once.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, values ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, values...)
	}
}
