package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/handler"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/segment"
	"dynamodb-to-s3/local/invoke"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// functions serves the functions over the services, at an address of this computer.
type functions struct {
	progress *segment.Progress
	url      string
	server   *http.Server
	segments atomic.Int64 // of the run that was planned last
	mu       sync.Mutex
	failures map[job.Function]error // the last one of each
}

func startFunctions(ctx context.Context, v *services, s settings, addr string, log *slog.Logger) (*functions, error) {
	f := &functions{progress: new(segment.Progress), failures: map[job.Function]error{}}
	engine := handler.New(v.source, v.destination, handler.Options{
		Log: log, Progress: f.progress, Defaults: os.Getenv(job.EnvDefaults), Account: v.account,
	})
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the functions: %w", err)
	}
	f.url = "http://" + listener.Addr().String()
	f.server = &http.Server{
		Handler:           invoke.Server{Function: f.watch(engine.Handler), Timeout: s.timeout}.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = f.server.Serve(listener) }() // ends with close
	return f, nil
}

// watch keeps what a person wants to see of the functions' answers: how many segments there are, and why one is tried again.
func (f *functions) watch(of func(job.Function) handler.Handler) func(job.Function) handler.Handler {
	return func(name job.Function) handler.Handler {
		own := of(name)
		if own == nil {
			return nil
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			out, err := own(ctx, payload)
			if planned, ok := out.(job.PlanOutput); ok {
				f.segments.Store(int64(len(planned.Segments)))
			}
			if err != nil {
				f.mu.Lock()
				f.failures[name] = err
				f.mu.Unlock()
			}
			return out, err
		}
	}
}

// lastFailure returns why a function has last failed, in one line.
func (f *functions) lastFailure(name job.Function) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if named, ok := errors.AsType[messages.InvokeResponse_Error](f.failures[name]); ok {
		return strings.ReplaceAll(named.Message, "\n", " ")
	}
	return "no answer"
}

func (f *functions) close() { _ = f.server.Close() } // nothing is left to be said to anybody
