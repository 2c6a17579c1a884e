package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// result is an answer of the Invoke API.
type result struct {
	status int
	kind   string // of an error of the API itself
	body   []byte
	failed bool // the function failed
}

func refused(status int, kind string) result { return result{status: status, kind: kind} }

func died(kind string) result {
	return failed(messages.InvokeResponse_Error{Type: kind, Message: "RequestId: chaos Error: " + kind})
}

func failed(err error) result {
	body, _ := json.Marshal(err) // strings always marshal
	return result{status: http.StatusOK, body: body, failed: true}
}

// serveFunction answers Lambda's Invoke API.
func (r *seedRun) serveFunction(w http.ResponseWriter, request *http.Request, execution int) {
	payload, err := io.ReadAll(request.Body)
	if err != nil {
		return // the interpreter has ended
	}
	r.waitAsAsked(payload)
	result := refused(http.StatusInternalServerError, "ServiceException")
	if n := execution % lives; execution == r.addressOf(n) {
		result = r.answer(contract.Function(request.PathValue("function")), payload, n)
	}
	result.write(w)
}

// write writes the answer of the Invoke API.
func (r result) write(w http.ResponseWriter) {
	if r.kind != "" {
		w.Header().Set("X-Amzn-ErrorType", r.kind)
	}
	if r.failed {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // fails only if the interpreter has ended
}

// invoke invokes a function, with the fault of the invocation if it has one.
func (r *seedRun) invoke(function contract.Function, payload []byte, execution int) result {
	task := taskOf(function, payload, execution)
	caller := fmt.Sprintf("%s, try %d", task, r.tries.next(task))
	fault := r.drawInvocation(function, caller)
	if r.isDead(execution) {
		return refused(http.StatusInternalServerError, "ServiceException")
	}
	if fault == faultNotStarted {
		r.injected(fault, caller, "")
		return pick(draw(r.scenario.Seed, caller, fault),
			refused(http.StatusTooManyRequests, "TooManyRequestsException"), refused(http.StatusInternalServerError, "ServiceException"))
	}
	switch function {
	case contract.FunctionFinalize:
		r.resume(func(i *invocation) bool { return i.process.until == untilFinalize })
	case contract.FunctionColumns:
		r.resume(func(i *invocation) bool { return i.process.until == untilColumns })
	}
	names := []string{caller}
	if fault == faultDoubled {
		r.injected(fault, caller, "")
		names = append(names, caller+" again")
	}
	r.record(Event{Kind: Called, Invocations: names, Execution: execution, Function: function, Body: payload})
	var invocations []*invocation
	for _, name := range names {
		i := r.newInvocation(name, task, execution, function)
		i.second = secondPass(payload)
		invocations = append(invocations, i)
	}
	for _, i := range invocations {
		i.start(payload, fault)
	}
	results := make([]result, len(invocations))
	for n, i := range invocations {
		results[n] = r.await(i)
	}
	r.resume(func(i *invocation) bool {
		return i.task == task && i.process.until == untilRetried && !slices.Contains(invocations, i)
	})
	reported := draw(r.scenario.Seed, caller, "told").IntN(len(results))
	if dead := r.isDead(execution); dead || fault == faultOutcomeLost {
		if !dead {
			r.injected(fault, caller, "")
		}
		results[reported] = refused(http.StatusInternalServerError, "ServiceException")
	}
	r.record(Event{Kind: Answered, Invocations: names[reported : reported+1], Body: results[reported].output()})
	return results[reported]
}

// drawInvocation returns the fault of an invocation, or "".
func (r *seedRun) drawInvocation(function contract.Function, caller string) Fault {
	if r.faultsOff.Load() {
		return ""
	}
	for _, fault := range invocationFaults {
		if fault == faultNoTime && function != contract.FunctionScan && function != contract.FunctionConvert || fault == faultNoCapacity && function != contract.FunctionScan {
			continue
		}
		if draw(r.scenario.Seed, caller, fault).Float64() < 2*r.scenario.Rates[fault] {
			return fault
		}
	}
	return ""
}

// taskOf returns the name of the work of an invocation, which is the same for all tries, and every time that the seed runs.
func taskOf(function contract.Function, payload []byte, execution int) string {
	var in struct {
		Segment    int
		Checkpoint struct{ Invocation int }
		Batch      *run.Batch
		Plan       run.Plan
	}
	_ = json.Unmarshal(payload, &in) // the function reports a payload that cannot be read
	pass := ""
	if in.Plan.SecondPass() {
		pass = ", second pass"
	}
	switch {
	case function == contract.FunctionScan, function == contract.FunctionConvert:
		return fmt.Sprintf("%s of segment %d, invocation %d%s", function, in.Segment, in.Checkpoint.Invocation, pass)
	case in.Batch != nil:
		return fmt.Sprintf("%s of execution %d, segments %d to %d%s", function, execution, in.Batch.First, in.Batch.Last, pass)
	default:
		return fmt.Sprintf("%s of execution %d%s", function, execution, pass)
	}
}

// secondPass reports whether a payload is of the second pass of a run that makes Parquet files.
func secondPass(payload []byte) bool { return scanInput(payload).Plan.SecondPass() }

// serveIntegration answers the SDK integrations, with which Step Functions calls DynamoDB.
func (r *seedRun) serveIntegration(w http.ResponseWriter, request *http.Request, execution int) {
	caller := fmt.Sprintf("step functions of execution %d", execution)
	cfg := r.harness.source.Copy()
	if r.tables != nil {
		cfg = r.tables.AWS()
	}
	cfg.HTTPClient = &faultyClient{seedRun: r, caller: fmt.Sprintf("%s, call %d", caller, r.tries.next(caller)), stepFunctions: true, process: newProcess()}
	_, action, _ := strings.Cut(request.URL.Path, "/aws-sdk/")
	request.URL.Path = "/aws-sdk/" + action
	sdkintegration.Server{DynamoDB: cfg}.Handler().ServeHTTP(w, request)
}
