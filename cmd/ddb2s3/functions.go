package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/sdkintegration"
)

// functions is an HTTP server for what the state machine calls: the functions, and DescribeExport, which Step Functions calls
// itself.
type functions struct {
	url      string
	server   *http.Server
	progress *scan.Progress
	segments atomic.Int64 // of the latest plan
	checks   atomic.Int64 // calls of DescribeExport
}

func startFunctions(ctx context.Context, s *services, timeout time.Duration, address string, log *slog.Logger) (*functions, error) {
	f := &functions{progress: new(scan.Progress)}
	roles, err := request.ParseAssumableRoles(os.Getenv(contract.EnvAssumableRoles))
	if err != nil {
		return nil, err
	}
	engine := function.New(s.source, s.destination, function.Options{
		Log: log, Progress: f.progress, Defaults: os.Getenv(contract.EnvDefaults), Account: s.account, Identity: &s.identity, Roles: roles,
		Executions: s.executions,
	})
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve the functions: %w", err)
	}
	f.url = "http://" + listener.Addr().String()
	calls := http.NewServeMux()
	calls.Handle("/", lambdaapi.Server{Function: f.countSegments(engine.Handler), Timeout: timeout}.Handler())
	integrations := sdkintegration.Server{DynamoDB: s.source}.Handler()
	calls.HandleFunc("/aws-sdk/", func(w http.ResponseWriter, r *http.Request) {
		f.checks.Add(1)
		integrations.ServeHTTP(w, r)
	})
	f.server = &http.Server{Handler: calls, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // returns after close
	return f, nil
}

// countSegments counts the segments of a plan when the function returns it.
func (f *functions) countSegments(handlers func(contract.Function) function.Handler) func(contract.Function) function.Handler {
	return func(name contract.Function) function.Handler {
		handler := handlers(name)
		if name != contract.FunctionPlan {
			return handler
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			out, err := handler(ctx, payload)
			if planned, ok := out.(run.PlanOutput); ok {
				f.segments.Store(int64(len(planned.Segments)))
			}
			return out, err
		}
	}
}

func (f *functions) close() { _ = f.server.Close() } // nobody waits for an answer any more
