package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/proof/process"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// measureCommand is the argument of a process that measures one task.
const measureCommand = "measure"

// task is the input of such a process.
type task struct {
	Path            path
	Source          source
	Tables, Objects string // the servers' addresses
}

func (t task) String() string { return fmt.Sprintf("%s, %s", t.Source, t.Path) }

// measured is its output.
type measured struct {
	CPU, Wall time.Duration
	// Allocations is the number of heap allocations for each page.
	Allocations float64
	// Peak is the largest resident memory of the process, in bytes, including its start.
	Peak int64
}

// warm is the number of pages that are moved before the measurement, so that buffers have grown and connections are open.
const warm = 24

// measure measures a task. It runs in a process of its own, so that CPU time and memory do not include the servers.
func measure(ctx context.Context, in io.Reader, out io.Writer) error {
	var do task
	if err := json.NewDecoder(in).Decode(&do); err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	tables, err := configOf(ctx, do.Tables)
	if err != nil {
		return err
	}
	objects, err := configOf(ctx, do.Objects)
	if err != nil {
		return err
	}
	short := do.Source
	short.Pages = warm
	if err := do.Path.move(ctx, tables, objects, short.String()); err != nil {
		return fmt.Errorf("%s %s: %w", do.Path.Name, short, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := process.CPUTime(), time.Now()
	if err := do.Path.move(ctx, tables, objects, do.Source.String()); err != nil {
		return fmt.Errorf("%s %s: %w", do.Path.Name, do.Source, err)
	}
	m := measured{CPU: process.CPUTime() - cpu, Wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	m.Allocations = float64(after.Mallocs-before.Mallocs) / float64(do.Source.Pages)
	if m.Peak, err = process.PeakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}

func configOf(ctx context.Context, endpoint string) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion("us-east-1"), config.WithBaseEndpoint(endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench", "")))
}
