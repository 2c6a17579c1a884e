package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
)

// Faults that only lakes have.
const (
	faultConflict Fault = "Glue refuses a change because of another one"
	faultTouched  Fault = "somebody else changes the table in Glue"
)

// lakeInvocation is one invocation of a function of a lake, and the HTTP client of all that it sends.
type lakeInvocation struct {
	run      *lakeRun
	function contract.Function
	caller   string
	process  *process
	counts   counts

	out []byte // it or err is set before the process has ended
	err error
}

// invoke invokes a function, with the fault of the invocation if it has one.
func (r *lakeRun) invoke(called contract.Function, payload []byte) result {
	l, task := r.lake, taskOf(called, payload, r.number)
	caller := fmt.Sprintf("%s, try %d", task, r.tries.next(task))
	random := draw(l.seed, "invocation", r.number, caller)
	faulty := func(fault Fault) bool {
		has := random.Float64() < 2*r.rate && !r.isQuiet()
		if has {
			l.injected(fault)
		}
		return has
	}
	if r.isDead() || faulty(faultNotStarted) {
		return refused(http.StatusInternalServerError, "ServiceException")
	}
	i := r.begin(called, caller, payload)
	if faulty(faultDoubled) {
		<-r.begin(called, caller+" again", payload).stopped()
	}
	<-i.stopped()
	switch {
	case r.isDead() || faulty(faultOutcomeLost):
		return refused(http.StatusInternalServerError, "ServiceException")
	case closed(i.process.killed):
		return died(i.process.killError)
	case !closed(i.process.ended):
		return died("Sandbox.Timedout")
	case i.err != nil:
		return failed(i.err)
	default:
		return result{status: http.StatusOK, body: i.out}
	}
}

// stopped is closed when the invocation has ended, or is paused.
func (i *lakeInvocation) stopped() <-chan struct{} {
	either := make(chan struct{})
	go func() {
		defer close(either)
		select {
		case <-i.process.ended:
		case <-i.process.paused:
		}
	}()
	return either
}

// begin begins an invocation.
func (r *lakeRun) begin(called contract.Function, caller string, payload []byte) *lakeInvocation {
	i := &lakeInvocation{run: r, function: called, caller: caller, process: newProcess()}
	r.mu.Lock()
	r.alive = append(r.alive, i.process)
	r.mu.Unlock()
	l := r.lake
	source, destination, catalog := l.source.Copy(), l.destination.Copy(), l.glue.Copy()
	source.HTTPClient, destination.HTTPClient, catalog.HTTPClient = i, i, i
	options := function.Options{
		Log: l.log, Account: account, Executions: r.executions, Glue: &catalog, Database: lakeDatabase,
		Retention: &run.RetentionRule{Retention: run.Retention{KeepRuns: l.keep}},
	}
	if called == contract.FunctionPrune || called == contract.FunctionFinalize {
		options.Now = l.now
	}
	handler := function.New(source, destination, options).Handler(called)
	l.alive.RLock()
	go func() {
		defer l.alive.RUnlock()
		defer close(i.process.ended)
		ctx, cancel := context.WithTimeout(context.Background(), lifetime)
		defer cancel()
		var in run.CatalogInput
		after := called == contract.FunctionCatalog || called == contract.FunctionPrune
		if after {
			_ = json.Unmarshal(payload, &in) // the function says so if it cannot be read
			l.commitOf(ctx, r, in.Result)
		}
		var out any
		if out, i.err = handler(ctx, payload); i.err == nil {
			i.out, i.err = json.Marshal(out)
		}
		if after {
			l.after(ctx, i, in.Result)
		}
	}()
	return i
}

// after looks at the lake when an invocation of catalog or prune has ended.
func (l *Lake) after(ctx context.Context, i *lakeInvocation, result run.Result) {
	switch {
	case i.function == contract.FunctionPrune:
		l.checkKept(ctx)
	case i.err == nil:
		l.shows(l.commitOf(ctx, i.run, result))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.next)
	l.next = make(chan struct{})
}

// Do sends a request, with its fault if it has one.
func (i *lakeInvocation) Do(request *http.Request) (*http.Response, error) {
	o, err := operationOf(request)
	if err != nil {
		return nil, err
	}
	l := i.run.lake
	i.run.dies(i.function)
	random := draw(l.seed, i.run.number, i.caller, o, i.counts.next(o.String()))
	fault := i.draw(o, random)
	switch fault {
	case faultKilledBefore:
		i.process.kill(random)
	case faultPaused:
		i.process.pause(random, false)
		l.wait(request.Context(), 1+random.IntN(4))
	case faultThrottle, faultServerError, faultConflict:
		return glueOrS3Error(fault, o, random), nil
	case faultTouched:
		l.touch(request.Context())
	}
	if closed(i.process.killed) {
		return nil, errKilled
	}
	if i.function == contract.FunctionPrune && o.changes {
		if err := l.checkRemoval(request, o); err != nil {
			return nil, err
		}
	}
	commits := o.name == "PutObject" && i.function == contract.FunctionFinalize
	if commits { // a prune that finds the commit is checked when the harness knows it too
		l.committing.Lock()
		defer l.committing.Unlock()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if commits && response.StatusCode == http.StatusOK {
		l.noteCommit(request.Context(), i.run, o.subject)
	}
	switch fault {
	case faultKilledAfter:
		i.process.kill(random)
	case faultAnswerLost:
		_ = response.Body.Close() // the answer is lost
		return nil, errConnectionReset
	}
	if closed(i.process.killed) {
		_ = response.Body.Close() // nobody reads it
		return nil, errKilled
	}
	return response, nil
}

// draw returns the fault of a request, or "". The requests to Glue, and those of prune, are few, so they have faults more often.
func (i *lakeInvocation) draw(o operation, random *rand.Rand) (fault Fault) {
	rate := i.run.rate
	if o.service == serviceGlue || i.function == contract.FunctionPrune && o.changes {
		rate *= 4
	}
	if i.run.isQuiet() || o.service == serviceDynamoDB || random.Float64() >= rate {
		return ""
	}
	fault = pick(random, faultKilledBefore, faultKilledAfter, faultAnswerLost, faultPaused, faultThrottle, faultServerError)
	if o.name == "UpdateTable" {
		fault = pick(random, fault, faultConflict, faultTouched, faultPaused)
	}
	i.run.lake.injected(fault)
	return fault
}

// glueOrS3Error returns the error of a service.
func glueOrS3Error(fault Fault, o operation, random *rand.Rand) *http.Response {
	if o.service == serviceS3 {
		if fault == faultThrottle {
			fault = faultSlowDown
		}
		response, _ := errorResponse(fault, o, random)
		return response
	}
	status, code := http.StatusBadRequest, map[Fault]string{faultThrottle: "ThrottlingException", faultConflict: "ConcurrentModificationException"}[fault]
	if code == "" {
		status, code = http.StatusInternalServerError, "InternalServiceException"
	}
	body := run.Marshal(map[string]string{"__type": code, "Message": "from the harness"})
	return newResponse(status, "application/x-amz-json-1.1", bytes.Clone(body))
}
