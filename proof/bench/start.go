package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
)

// starts is how often each function is started.
const starts = 101

// started is a function whose start is measured.
type started struct {
	name, source, folder string // what it is, its folder below that of the module, and the folder of the module
	program              string
	wall                 []float64 // from the start of the process to its first request for an invocation, in seconds
	cpu                  []float64 // the CPU time of the process until then, in seconds
}

// measureStarts measures the start of this project's functions, of those whose source is in oldSource unless that is "", and of a function
// that does nothing. They take turns.
func measureStarts(ctx context.Context, oldSource string) ([]*started, error) {
	all := []*started{{name: "this program", source: "./lambda"}, {name: "an empty Go function", source: "./proof/bench/emptyfunction"}}
	if oldSource != "" {
		all = append(all, &started{name: "the old program", source: "./lambda", folder: oldSource})
	}
	built, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(built) }() // it is below the folder for temporary files
	for i, f := range all {
		f.program = filepath.Join(built, fmt.Sprint(i))
		// The flags are those of make build.
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags=lambda.norpc", "-ldflags=-s -w -buildid=", "-o", f.program, f.source) //nolint:gosec // none is from outside
		build.Dir, build.Env, build.Stderr = f.folder, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", f.name, err)
		}
	}
	asked := make(chan time.Time)
	api, stop, err := serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done() // there is no invocation until the process ends
	}), nil)
	if err != nil {
		return nil, err
	}
	defer stop()
	for range starts {
		for _, f := range all {
			if err := f.start(ctx, strings.TrimPrefix(api, "http://"), asked); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// start starts the function once, as Lambda does, and ends it when it asks for an invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (f *started) start(ctx context.Context, api string, asked <-chan time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	process := exec.CommandContext(ctx, f.program) //nolint:gosec // measureStarts has built it
	process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + api, "_HANDLER=" + string(contract.FunctionScan), "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_SESSION_TOKEN=bench",
	}
	begun := time.Now()
	if err := process.Start(); err != nil {
		return err
	}
	select {
	case at := <-asked:
		f.wall = append(f.wall, at.Sub(begun).Seconds())
	case <-ctx.Done():
		return fmt.Errorf("%s did not ask for an invocation: %w", f.name, ctx.Err())
	}
	if err := process.Process.Kill(); err != nil {
		return err
	}
	_ = process.Wait() // it was killed
	f.cpu = append(f.cpu, (process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds())
	return nil
}

// startTimes writes what the start of a function takes.
func (all *results) startTimes(line func(what, format string, values ...any), withOld bool) {
	for _, f := range all.starts {
		if f.folder != "" && !withOld {
			continue
		}
		line("start of a function until it asks for its first invocation: "+f.name, "%.1f ms, %.1f ms of CPU time", 1e3*median(f.wall), 1e3*median(f.cpu))
	}
}
