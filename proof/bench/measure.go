package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
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
	Authority       string // the PEM certificate of the authority that signed the servers' certificate; "" without TLS
	Schema          string // the digest of the schema of the table
	Profile         string `json:",omitempty"` // the file for a profile of the CPU time; "" for none
	Group           *group `json:",omitempty"` // the control group that the process enters; nil for none
}

func (t task) String() string { return fmt.Sprintf("%s, %s", t.Source, t.Path) }

// measured is its output.
type measured struct {
	// CPU is the CPU time of the whole process, Wall the time of the run in it.
	CPU, Wall time.Duration
	// Allocations is the number of heap allocations of the run.
	Allocations float64
	// Peak is the largest resident memory of the process, in bytes.
	Peak int64
	// Requests is the number of requests that the servers got.
	Requests int64
	// Stored is the number of bytes in the parts of uploads.
	Stored int64
}

// measure measures a task. It runs in a process of its own, so that CPU time and memory do not include the servers.
func measure(ctx context.Context, in io.Reader, out io.Writer) error {
	var do task
	if err := json.NewDecoder(in).Decode(&do); err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	if do.Group != nil {
		if err := do.Group.enter(); err != nil {
			return err
		}
	}
	tables, err := do.config(ctx, do.Tables)
	if err != nil {
		return err
	}
	objects, err := do.config(ctx, do.Objects)
	if err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, err := profile(do.Profile)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := do.Path.move(ctx, tables, objects, do.Source.String(), do.Schema); err != nil {
		return fmt.Errorf("%s %s: %w", do.Path.Name, do.Source, err)
	}
	stop()
	m := measured{Wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	m.Allocations = float64(after.Mallocs - before.Mallocs)
	if m.Peak, err = process.PeakMemory(); err != nil {
		return err
	}
	m.CPU = process.CPUTime()
	return json.NewEncoder(out).Encode(m)
}

// profile writes a profile of the CPU time into a file until stop is called, unless the file is "".
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, err
	}
	into, err := os.Create(file) //nolint:gosec // the file that a person has asked for
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(into); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = into.Close()
	}, nil
}

func (t task) config(ctx context.Context, endpoint string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion("us-east-1"), config.WithBaseEndpoint(endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench", "")),
	}
	if t.Authority != "" {
		options = append(options, config.WithCustomCABundle(strings.NewReader(t.Authority)))
	}
	return awsclient.Config(ctx, options...)
}
