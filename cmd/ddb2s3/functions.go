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

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// functions serves what the state machine calls, over the services and at an address of this computer: the functions, and the
// checks of exports that Step Functions makes itself.
type functions struct {
	progress *scan.Progress
	url      string
	server   *http.Server
	segments atomic.Int64 // of the run that was planned last
	checks   atomic.Int64 // whether an export is done
	mu       sync.Mutex
	failures map[string]string // the last one of each function and action, for people
}

// calledBy is the function, or the action, that a state calls.
var calledBy = map[string]string{
	contract.StatePlan: string(contract.FunctionPlan), contract.StateScanSegment: string(contract.FunctionScan),
	contract.StateStartExport: string(contract.FunctionExport), contract.StateDescribeExport: describeExport,
	contract.StateFinalize: string(contract.FunctionFinalize),
}

// describeExport is the action that checks an export.
const describeExport = "dynamodb:describeExport"

func startFunctions(ctx context.Context, v *services, s settings, addr string, log *slog.Logger) (*functions, error) {
	f := &functions{progress: new(scan.Progress), failures: map[string]string{}}
	roles, err := request.ParseAssumableRoles(os.Getenv(contract.EnvAssumableRoles))
	if err != nil {
		return nil, err
	}
	engine := function.New(v.source, v.destination, function.Options{
		Log: log, Progress: f.progress, Defaults: os.Getenv(contract.EnvDefaults), Account: v.account, Identity: &v.identity, Roles: roles,
		Executions: v.executions,
	})
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the functions: %w", err)
	}
	f.url = "http://" + listener.Addr().String()
	calls := http.NewServeMux()
	calls.Handle("/", lambdaapi.Server{Function: f.watch(engine.Handler), Timeout: s.timeout}.Handler())
	calls.Handle("/aws-sdk/", sdkintegration.Server{DynamoDB: v.source, Answered: f.answered}.Handler())
	f.server = &http.Server{Handler: calls, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // ends with close
	return f, nil
}

// watch keeps what a person wants to see of the functions' answers: how many segments there are, and why one is tried again.
func (f *functions) watch(of func(contract.Function) function.Handler) func(contract.Function) function.Handler {
	return func(name contract.Function) function.Handler {
		own := of(name)
		if own == nil {
			return nil
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			out, err := own(ctx, payload)
			if planned, ok := out.(run.PlanOutput); ok {
				f.segments.Store(int64(len(planned.Segments)))
			}
			f.keep(string(name), err)
			return out, err
		}
	}
}

// answered is told of each call of an action.
func (f *functions) answered(action string, err error) {
	if action == describeExport {
		f.checks.Add(1)
	}
	f.keep(action, err)
}

// keep keeps why something has failed, in one line.
func (f *functions) keep(name string, err error) {
	if err == nil {
		return
	}
	words := err.Error()
	if named, ok := errors.AsType[messages.InvokeResponse_Error](err); ok {
		words = named.Message
	}
	if named, ok := errors.AsType[*sdkintegration.Error](err); ok {
		words = named.Cause
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures[name] = strings.ReplaceAll(words, "\n", " ")
}

// lastFailure returns why what a state calls has last failed.
func (f *functions) lastFailure(state string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if words, failed := f.failures[calledBy[state]]; failed {
		return words
	}
	return "no answer"
}

func (f *functions) close() { _ = f.server.Close() } // nothing is left to be said to anybody
