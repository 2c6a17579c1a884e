package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/statemachine"
)

// lakeRun is a run of a lake: one execution, and its redrives.
type lakeRun struct {
	lake       *Lake
	number     int
	input      json.RawMessage
	executions *executions.Memory
	tries      counts
	kind       lakeKind
	rate       float64 // how often a request has a fault
	// doomed is the function at whose nth request the execution dies; "" for none.
	doomed contract.Function
	nth    int

	mu       sync.Mutex // guards the following fields
	start    statemachine.Execution
	requests int  // of the function at which the execution dies
	dead     bool // nothing that it calls answers
	quiet    bool // no more faults
	before   map[string][][]byte
	answers  map[string][][]byte // in order, by what was called. A redriven execution gets them again
	alive    []*process
}

// A lakeKind is what a run of a lake copies.
type lakeKind string

const (
	lakeScan   lakeKind = "a scan"
	lakeChain  lakeKind = "a chain of exports"
	lakeWindow lakeKind = "an export of a window"
)

// newRun draws a run.
func (l *Lake) newRun(n int, kind lakeKind, quiet bool) *lakeRun {
	random := draw(l.seed, "run of a lake", n)
	r := &lakeRun{
		lake: l, number: n, kind: kind, quiet: quiet, executions: &executions.Memory{}, before: map[string][][]byte{}, answers: map[string][][]byte{},
		rate: pick(random, 0, 0.01, 0.03, 0.06),
	}
	if random.IntN(4) == 0 {
		r.doomed, r.nth = pick(random, contract.FunctionScan, contract.FunctionFinalize, contract.FunctionCatalog, contract.FunctionCatalog, contract.FunctionPrune), 1+random.IntN(8)
	}
	fields := map[string]any{"table": l.table, "bucket": l.bucket, "prefix": lakePrefix}
	switch kind {
	case lakeChain:
		fields["mode"], fields["export"] = request.ModeExport, map[string]any{"checkIntervalSeconds": 1, "from": "last"}
	case lakeWindow:
		to := l.now().Truncate(time.Millisecond).Add(-time.Minute)
		fields["mode"], fields["export"] = request.ModeExport, map[string]any{"checkIntervalSeconds": 1, "exportType": "INCREMENTAL", "from": to.Add(-30 * time.Minute), "to": to}
	default:
		fields["segments"], fields["scan"], fields["fileSizeBytes"] = 1+random.IntN(2), map[string]any{"Limit": 3}, 1<<10
		fields["format"] = l.format
	}
	r.input = run.Marshal(fields)
	r.start = statemachine.Execution{
		Definition: definition.JSON, Input: r.input, InvokeURL: fmt.Sprintf("%s/%d", l.url, n),
		ID: fmt.Sprintf("%sexecution:lake:run-%d", machines, n), Name: fmt.Sprintf("run-%d", n), StartTime: l.now(),
		StateMachineID: machines + "stateMachine:lake", StateMachineName: "lake", Hurried: true,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs[n] = r
	return r
}

// run runs the execution, or redrives it.
func (r *lakeRun) run(ctx context.Context) (statemachine.Outcome, error) {
	r.executions.Set(r.start.ID, execution.Running, r.start.StartTime)
	return r.lake.interpreter.Run(ctx, r.start)
}

// redriven makes the execution one that continues where it has failed: it gets the answers again that it got before.
func (r *lakeRun) redriven(quiet bool) *lakeRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead, r.quiet, r.doomed, r.before, r.answers = false, quiet, "", r.answers, map[string][][]byte{}
	return r
}

// call answers the call of a function.
func (r *lakeRun) call(function contract.Function, payload []byte) result {
	called := string(function) + " " + string(payload)
	if function == contract.FunctionExport { // its payload has what DescribeExport says, which is different later
		called = string(function)
	}
	r.mu.Lock()
	known := r.before[called]
	r.before[called] = known[min(1, len(known)):]
	r.mu.Unlock()
	var answer result
	if len(known) > 0 {
		answer = result{status: http.StatusOK, body: known[0]}
	} else {
		answer = r.invoke(function, payload)
	}
	if answer.kind == "" && !answer.failed {
		r.mu.Lock()
		r.answers[called] = append(r.answers[called], answer.body)
		r.mu.Unlock()
	}
	return answer
}

func (r *lakeRun) isDead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead
}

func (r *lakeRun) isQuiet() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.quiet
}

// dies counts a request of a function. At its time, the execution dies with all that it has called.
func (r *lakeRun) dies(function contract.Function) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.quiet || r.dead || function != r.doomed {
		return
	}
	if r.requests++; r.requests < r.nth {
		return
	}
	r.dead = true
	r.lake.injected(faultDied)
	for n, p := range r.alive {
		p.kill(draw(r.lake.seed, r.number, n))
	}
}

// Run runs runs, several at a time, and readers beside them. It returns an error if it could not; Broken says whether a promise was broken.
func (l *Lake) Run(ctx context.Context, count, atOnce int) error {
	reading, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	for n := range 3 {
		for _, reader := range []func(context.Context, *rand.Rand) error{l.readNewest, l.readHistory, l.readChanges} {
			readers.Go(func() { l.keepReading(reading, n, reader) })
		}
	}
	err := l.runAll(ctx, count, atOnce)
	if err == nil {
		err = l.settle(ctx)
	}
	stop()
	readers.Wait()
	if err != nil {
		return fmt.Errorf("lake %d: %w", l.seed, err)
	}
	l.readOnce(ctx)
	return nil
}

// runAll runs the runs. A failed one may be redriven while later ones are at work, or never.
func (l *Lake) runAll(ctx context.Context, count, atOnce int) error {
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	var mu sync.Mutex // guards the following variables
	var failed []*lakeRun
	var chained bool
	var fault error
	begin := func(r *lakeRun) {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			outcome, err := r.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && fault == nil {
				fault = err
			}
			l.ended(outcome)
			switch {
			case !outcome.Succeeded && r.isQuiet():
				l.breaks(fmt.Errorf("run %d fails without a fault: %s: %s", r.number, outcome.Error, outcome.Cause))
			case !outcome.Succeeded:
				failed = append(failed, r)
			case r.kind == lakeChain:
				chained = false
			}
		})
	}
	again := func(at int) *lakeRun {
		r := failed[at]
		failed = slices.Delete(failed, at, at+1)
		l.injected(faultRedriven)
		return r
	}
	for n := range count {
		random := draw(l.seed, "before a run of a lake", n)
		if err := l.write(ctx, random); err != nil {
			return err
		}
		if random.IntN(4) == 0 {
			l.move(grace + 1)
		}
		mu.Lock()
		var back *lakeRun
		if len(failed) > 0 && random.IntN(3) == 0 {
			back = again(random.IntN(len(failed))).redriven(random.IntN(2) == 0)
		}
		kind := pick(random, lakeScan, lakeScan, lakeScan, lakeChain, lakeWindow)
		if kind == lakeChain && chained { // the runs of a chain follow each other
			kind = lakeScan
		}
		chained = chained || kind == lakeChain
		stop := fault
		mu.Unlock()
		if stop != nil {
			break
		}
		if back != nil {
			begin(back)
		}
		begin(l.newRun(n, kind, false))
	}
	running.Wait()
	for len(failed) > 0 && fault == nil {
		if r := again(0); r.kind == lakeChain || r.number%2 == 0 {
			begin(r.redriven(true))
		}
		running.Wait()
	}
	return fault
}

// settle runs a few runs without faults, hours after each other, and looks at what is left.
func (l *Lake) settle(ctx context.Context) error {
	var gone []*committed
	for n := range 3 {
		l.move(2 * grace)
		outcome, err := l.newRun(1_000_000+n, lakeScan, true).run(ctx)
		if err != nil {
			return err
		}
		if l.ended(outcome); !outcome.Succeeded {
			l.breaks(fmt.Errorf("a run without faults failed: %s: %s", outcome.Error, outcome.Cause))
		}
		if n == 0 {
			if gone, err = l.checkHidden(ctx); err != nil {
				return err
			}
		}
	}
	return l.checkGone(ctx, gone)
}

// ended counts how an execution has ended.
func (l *Lake) ended(outcome statemachine.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends[endOf(outcome)]++
}
