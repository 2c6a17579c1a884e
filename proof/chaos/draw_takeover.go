package chaos

import (
	"context"
	"sync"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/statemachine"

	"golang.org/x/sync/errgroup"
)

// death is when the first execution of a seed dies: at the nth request of the function.
type death struct {
	function contract.Function
	nth      int
	// lingers lets the invocations that it has called end by themselves. Otherwise they end at once.
	lingers bool
	// returns is the number of requests of the next execution after which the first one is redriven, 0 if it is not.
	returns int
}

// drawDeath draws a takeover. Each invocation reads one page or two, so that most executions die in the middle of segments.
func (s *Scenario) drawDeath() {
	random := draw(s.Seed, "death")
	s.Deliveries, s.AtOnce, s.TakesOver = 2, false, true
	if !s.Large {
		s.Pages = pick(random, 1, 1, 2)
	}
	s.death = death{function: contract.FunctionScan, nth: 1 + random.IntN(40), lingers: random.IntN(3) == 0}
	if random.IntN(4) == 0 {
		s.death.function, s.death.nth = contract.FunctionFinalize, 1+random.IntN(15)
	}
	if s.Beside == kindComesBack {
		s.death.returns = 1 + random.IntN(30)
	}
}

// drawDeathOfPass lets the first execution of a run that makes Parquet files die in a function of either pass, or between the passes.
func (s *Scenario) drawDeathOfPass() {
	random := draw(s.Seed, "death of a pass")
	switch random.IntN(5) {
	case 0:
		s.death.function, s.death.nth = contract.FunctionColumns, 1+random.IntN(8)
	case 1, 2:
		s.death.function, s.death.nth = contract.FunctionConvert, 1+random.IntN(30)
	case 3:
		s.death.function, s.death.nth = contract.FunctionFinalize, 1+random.IntN(30)
	}
	if s.Mode == request.ModeExport && s.death.function == contract.FunctionScan {
		s.death.function = contract.FunctionConvert
	}
}

// life is what became of the first execution.
type life struct {
	back chan struct{} // closed when it is time to redrive it

	mu       sync.Mutex // guards the following fields
	requests int        // of the function that it dies in
	theirs   int        // of the next execution
	dead     bool
	again    bool // it was redriven
}

// countRequest counts a request of an invocation, and ends the first execution at its time.
func (r *seedRun) countRequest(i *invocation) {
	d, l := r.scenario.death, &r.life
	if d.nth == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case i.execution > 0:
		if l.theirs++; l.theirs == d.returns {
			close(l.back)
		}
	case !l.again && !l.dead && i.function == d.function && !r.faultsOff.Load():
		if l.requests++; l.requests == d.nth {
			l.dead = true
			r.injected(faultDied, i.caller, "")
			if !d.lingers {
				r.killAll(0)
			}
		}
	}
}

// killAll kills the invocations of an execution.
func (r *seedRun) killAll(execution int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.invocations {
		if i.execution == execution && !closed(i.process.ended) {
			i.process.kill(draw(r.scenario.Seed, i.caller, "killed with its execution"))
		}
	}
}

// isDead reports whether an execution can call no function and gets no answer any more.
func (r *seedRun) isDead(execution int) bool {
	r.life.mu.Lock()
	defer r.life.mu.Unlock()
	return execution == 0 && r.life.dead && !r.faultsOff.Load()
}

// wasRedriven reports whether an execution was redriven while faults were still injected.
func (r *seedRun) wasRedriven(execution int) bool {
	r.life.mu.Lock()
	defer r.life.mu.Unlock()
	return execution == 0 && r.life.again
}

// lives is greater than the number of executions. The address that an execution calls has its number, and lives more each time it was
// redriven: a call of an earlier life can arrive late, and Step Functions calls nothing for an execution that has failed.
const lives = 100

// addressOf returns the number of an execution in the address that it calls.
func (r *seedRun) addressOf(execution int) int {
	address := execution
	if r.wasRedriven(execution) {
		address += lives
	}
	if r.faultsOff.Load() {
		address += 2 * lives
	}
	return address
}

// runTakeover runs the first execution until it dies, and then the next one. The first one may come back while the next one is at work.
func (r *seedRun) runTakeover(ctx context.Context) ([]statemachine.Outcome, error) {
	first, err := r.runExecution(ctx, 0)
	if err != nil {
		return nil, err
	}
	outcomes := []statemachine.Outcome{first, {}}
	r.injected(faultDeliveredAgain, "execution 1", "")
	group, ctx := errgroup.WithContext(ctx)
	ended := make(chan struct{})
	group.Go(func() (err error) {
		defer close(ended)
		outcomes[1], err = r.runExecution(ctx, 1)
		return err
	})
	group.Go(func() (err error) {
		select {
		case <-r.life.back:
		case <-ended:
		}
		if first.Succeeded || !closed(r.life.back) {
			return nil
		}
		r.life.mu.Lock()
		r.life.dead, r.life.again = false, true
		r.life.mu.Unlock()
		r.injected(faultCameBack, "execution 0", "")
		outcomes[0], err = r.runExecution(ctx, 0)
		return err
	})
	return outcomes, group.Wait()
}
