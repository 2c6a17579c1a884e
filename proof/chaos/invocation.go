package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// invocation is one invocation of a function.
type invocation struct {
	faultyClient
	function contract.Function
	task     string // the same for all tries
	// execution is the one that has called it, counted from 0.
	execution int
	second    bool // of the second pass of a run that makes Parquet files
	// out or err is set before the invocation has ended.
	out []byte
	err error
}

// newInvocation returns an invocation that can be started. From now on, the seed's run knows it: of two that are started at once, neither is
// alone.
func (r *seedRun) newInvocation(caller, task string, execution int, step contract.Function) *invocation {
	i := &invocation{faultyClient: faultyClient{seedRun: r, caller: caller, process: newProcess()}, function: step, task: task, execution: execution}
	i.before = func(ctx context.Context, o operation) { r.beforeRequest(ctx, i, o) }
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invocations = append(r.invocations, i)
	return i
}

// start starts the invocation.
func (i *invocation) start(payload []byte, fault Fault) {
	r := i.seedRun
	now, timeout := time.Now, lifetime
	switch fault {
	case faultNoTime:
		r.injected(fault, i.caller, "")
		now = func() time.Time { return time.Now().Add(lifetime) }
	case faultNoCapacity:
		r.injected(fault, i.caller, "")
		i.process.noCapacity, timeout = true, noCapacityLifetime
	}
	if r.scenario.paced() && !r.faultsOff.Load() {
		timeout = min(timeout, pacedLifetime)
	}
	source, destination := r.harness.source.Copy(), r.harness.destination.Copy()
	if r.tables != nil {
		source = withoutDelays(r.tables.AWS())
	}
	source.HTTPClient, destination.HTTPClient = &i.faultyClient, &i.faultyClient
	engine := function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Account: account, Now: now, MostUploads: r.scenario.Uploads, SegmentBytes: r.scenario.parquet.segmentBytes, PageBytes: r.scenario.parquet.pageBytes, Executions: describer{&r.executions, &i.faultyClient}})
	r.works(i.function, 1)
	go func() {
		defer close(i.process.ended)
		defer r.works(i.function, -1)
		defer r.record(Event{Kind: Stopped, Invocations: []string{i.caller}})
		defer func() {
			if panicked := recover(); panicked != nil {
				i.err = messages.InvokeResponse_Error{Type: "Runtime.Panic", Message: fmt.Sprint(panicked)}
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		var out any
		if out, i.err = engine.Handler(i.function)(ctx, payload); i.err == nil {
			i.out, i.err = json.Marshal(out)
		}
	}()
}

// await waits until the invocation has ended or is paused.
func (r *seedRun) await(i *invocation) result {
	select {
	case <-i.process.ended:
	case <-i.process.paused:
		return died("Sandbox.Timedout")
	}
	switch {
	case closed(i.process.killed):
		return died(i.process.killError)
	case i.err != nil:
		return failed(i.err)
	default:
		return result{status: http.StatusOK, body: i.out}
	}
}

// resume resumes the paused invocations that are chosen, and returns when they have ended.
func (r *seedRun) resume(chosen func(*invocation) bool) {
	r.mu.Lock()
	all := slices.Clone(r.invocations)
	r.mu.Unlock()
	for _, i := range all {
		if closed(i.process.paused) && !closed(i.process.resumed) && chosen(i) {
			i.process.resume()
		}
	}
}

// finishAll resumes all paused invocations and returns when every invocation has ended.
func (r *seedRun) finishAll() { r.finish(func(*invocation) bool { return true }) }

// finish does the same for the chosen invocations.
func (r *seedRun) finish(chosen func(*invocation) bool) {
	for n := 0; ; n++ {
		r.mu.Lock()
		all := r.invocations
		r.mu.Unlock()
		if n == len(all) {
			return
		}
		if !chosen(all[n]) {
			continue
		}
		select {
		case <-all[n].process.ended:
		case <-all[n].process.paused:
			all[n].process.resume()
		}
	}
}
