package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"time"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// measureCommand is the argument with which this program measures one task.
const measureCommand = "measure"

// task is what such a process is told to measure.
type task struct {
	Way             way
	Source          source
	Tables, Objects string // the servers' addresses
}

func (t task) String() string { return fmt.Sprintf("%s, %s", t.Source, t.Way) }

// measured is what it tells.
type measured struct {
	CPU, Wall time.Duration
	// Allocations is how many objects were allocated on the heap for each page.
	Allocations float64
	// Peak is the most memory that was resident, in bytes, the process's own start included.
	Peak int64
}

// warm is how many pages are moved before anything is counted, so that buffers have grown and connections are open.
const warm = 24

// measure runs in a process of its own: CPU time and peak memory are then this path's, and no server's.
func measure(ctx context.Context, in io.Reader, out io.Writer) error {
	var do task
	if err := json.NewDecoder(in).Decode(&do); err != nil {
		return fmt.Errorf("read what to measure: %w", err)
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
	if err := do.Way.move(ctx, tables, objects, short.String()); err != nil {
		return fmt.Errorf("%s %s: %w", do.Way.Path, short, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	if err := do.Way.move(ctx, tables, objects, do.Source.String()); err != nil {
		return fmt.Errorf("%s %s: %w", do.Way.Path, do.Source, err)
	}
	m := measured{CPU: cpuTime() - cpu, Wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	m.Allocations = float64(after.Mallocs-before.Mallocs) / float64(do.Source.Pages)
	if m.Peak, err = peak(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}

func configOf(ctx context.Context, endpoint string) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion("us-east-1"), config.WithBaseEndpoint(endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench", "")))
}

// cpuTime is how long this process has computed, in the kernel for it too.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic("internal error: getrusage: " + err.Error())
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
