package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// invocation is one try of a function at a payload.
type invocation struct {
	sender
	function contract.Function
	task     string // what it is a try of
	// out or err is there once it has ended.
	out []byte
	err error
}

// result is what Lambda answers.
type result struct {
	status int    // of the Invoke API
	kind   string // of the error where the API itself fails
	body   []byte
	failed bool // the function has
}

func refused(status int, kind string) result { return result{status: status, kind: kind} }

func died(kind string) result {
	return failed(messages.InvokeResponse_Error{Type: kind, Message: "RequestId: chaos Error: " + kind})
}

func failed(err error) result {
	body, _ := json.Marshal(err) // texts always marshal
	return result{status: http.StatusOK, body: body, failed: true}
}

// serveFunction answers Lambda's Invoke API.
func (r *trial) serveFunction(w http.ResponseWriter, request *http.Request, execution int) {
	payload, err := io.ReadAll(request.Body)
	if err != nil {
		return // the interpreter has gone
	}
	result := r.answer(contract.Function(request.PathValue("function")), payload, execution)
	if result.kind != "" {
		w.Header().Set("X-Amzn-ErrorType", result.kind)
	}
	if result.failed {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	w.WriteHeader(result.status)
	_, _ = w.Write(result.body) // see above
}

// invoke invokes a function, as far as nothing befalls that.
func (r *trial) invoke(function contract.Function, payload []byte, execution int) result {
	task := taskOf(function, payload, execution)
	who := fmt.Sprintf("%s, try %d", task, r.tries.next(task))
	fault := r.drawInvocation(function, who)
	if fault == NotStarted {
		r.struck(fault, who, "")
		return pick(draw(r.scenario.Seed, who, fault),
			refused(http.StatusTooManyRequests, "TooManyRequestsException"), refused(http.StatusInternalServerError, "ServiceException"))
	}
	if function == contract.FunctionFinalize {
		r.thaw(func(i *invocation) bool { return i.life.until == untilFinalize })
	}
	names := []string{who}
	if fault == Doubled {
		r.struck(fault, who, "")
		names = append(names, who+" again")
	}
	r.note(Event{Kind: Called, Invocations: names, Execution: execution, Function: function, Body: payload})
	var invocations []*invocation
	for _, name := range names {
		invocations = append(invocations, r.start(name, task, function, payload, fault))
	}
	results := make([]result, len(invocations))
	for n, i := range invocations {
		results[n] = r.await(i)
	}
	r.thaw(func(i *invocation) bool {
		return i.task == task && i.life.until == untilRetried && !slices.Contains(invocations, i)
	})
	told := draw(r.scenario.Seed, who, "told").IntN(len(results))
	if fault == OutcomeLost {
		r.struck(fault, who, "")
		results[told] = refused(http.StatusInternalServerError, "ServiceException")
	}
	r.note(Event{Kind: Answered, Invocations: names[told : told+1], Body: results[told].output()})
	return results[told]
}

// drawInvocation returns what befalls an invocation as a whole, "" if nothing does.
func (r *trial) drawInvocation(function contract.Function, who string) Fault {
	if r.calm.Load() {
		return ""
	}
	for _, fault := range invocationFaults {
		if (fault == NoTime || fault == Starved) && function != contract.FunctionScan {
			continue
		}
		if draw(r.scenario.Seed, who, fault).Float64() < 2*r.scenario.Rates[fault] {
			return fault
		}
	}
	return ""
}

// taskOf returns what an invocation is a try of, in words that are the same whenever the seed runs again.
func taskOf(function contract.Function, payload []byte, execution int) string {
	var in struct {
		Segment    int
		Checkpoint struct{ Invocation int }
	}
	_ = json.Unmarshal(payload, &in) // the function says so if it cannot be read
	if function == contract.FunctionScan {
		return fmt.Sprintf("%s of segment %d, invocation %d", function, in.Segment, in.Checkpoint.Invocation)
	}
	return fmt.Sprintf("%s of execution %d", function, execution)
}

// start starts an invocation.
func (r *trial) start(who, task string, step contract.Function, payload []byte, fault Fault) *invocation {
	i := &invocation{sender: sender{trial: r, who: who, life: newLife()}, function: step, task: task}
	now, lasts := time.Now, lifetime
	switch fault {
	case NoTime:
		r.struck(fault, who, "")
		now = func() time.Time { return time.Now().Add(lifetime) }
	case Starved:
		r.struck(fault, who, "")
		i.life.starved, lasts = true, starvedLifetime
	}
	i.sent = r.before
	source, destination := r.harness.source.Copy(), r.harness.destination.Copy()
	if r.tables != nil {
		source = hurried(r.tables.AWS())
	}
	source.HTTPClient, destination.HTTPClient = &i.sender, &i.sender
	engine := function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Account: account, Now: now, Executions: describer{&r.executions, &i.sender}})
	r.mu.Lock()
	r.invocations = append(r.invocations, i)
	r.mu.Unlock()
	go func() {
		defer close(i.life.ended)
		defer r.note(Event{Kind: Stopped, Invocations: []string{who}})
		defer func() {
			if panicked := recover(); panicked != nil {
				i.err = messages.InvokeResponse_Error{Type: "Runtime.Panic", Message: fmt.Sprint(panicked)}
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), lasts)
		defer cancel()
		var out any
		if out, i.err = engine.Handler(step)(ctx, payload); i.err == nil {
			i.out, i.err = json.Marshal(out)
		}
	}()
	return i
}

// await waits for the invocation's end, or for its being given up.
func (r *trial) await(i *invocation) result {
	select {
	case <-i.life.ended:
	case <-i.life.frozen:
		return died("Sandbox.Timedout")
	}
	switch {
	case closed(i.life.dead):
		return died(i.life.as)
	case i.err != nil:
		return failed(i.err)
	default:
		return result{status: http.StatusOK, body: i.out}
	}
}

// thaw lets those invocations go on that stand still and are chosen, and returns when they have ended.
func (r *trial) thaw(chosen func(*invocation) bool) {
	r.mu.Lock()
	all := slices.Clone(r.invocations)
	r.mu.Unlock()
	for _, i := range all {
		if closed(i.life.frozen) && !closed(i.life.thawed) && chosen(i) {
			i.life.thaw(i.life.until == untilCommitted)
		}
	}
}

// settle returns when every invocation has ended: those that stand still go on, and those that were under way when another one
// ended the execution come to their end.
func (r *trial) settle() {
	for n := 0; ; n++ {
		r.mu.Lock()
		all := r.invocations
		r.mu.Unlock()
		if n == len(all) {
			return
		}
		select {
		case <-all[n].life.ended:
		case <-all[n].life.frozen:
			all[n].life.thaw(true)
		}
	}
}

// serveIntegration answers what Step Functions asks of DynamoDB by itself.
func (r *trial) serveIntegration(w http.ResponseWriter, request *http.Request, execution int) {
	who := fmt.Sprintf("step functions of execution %d", execution)
	cfg := r.harness.source.Copy()
	if r.tables != nil {
		cfg = r.tables.AWS()
	}
	cfg.HTTPClient = &sender{trial: r, who: fmt.Sprintf("%s, call %d", who, r.tries.next(who)), immortal: true, life: newLife()}
	_, action, _ := strings.Cut(request.URL.Path, "/aws-sdk/")
	request.URL.Path = "/aws-sdk/" + action
	sdkintegration.Server{DynamoDB: cfg}.Handler().ServeHTTP(w, request)
}
