package chaos

import (
	"context"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/run"
)

// quiet is how long an execution is over before another may take its run over. No seed takes that long.
const quiet = 16 * time.Minute

// book is what Step Functions knows of a run's executions.
type book struct {
	mu     sync.Mutex // guards states
	states map[string]run.ExecutionState
}

// begin enters an execution that starts, or starts again.
func (b *book) begin(execution string) {
	b.enter(execution, run.ExecutionState{Status: run.ExecutionRunning})
}

// end enters how an execution has ended.
func (b *book) end(execution string, succeeded bool) {
	state := run.ExecutionState{Status: run.ExecutionFailed, Quiet: time.Now().Add(quiet)}
	if succeeded {
		state.Status = run.ExecutionSucceeded
	}
	b.enter(execution, state)
}

func (b *book) enter(execution string, state run.ExecutionState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.states == nil {
		b.states = map[string]run.ExecutionState{}
	}
	b.states[execution] = state
}

// Describe is DescribeExecution.
func (b *book) Describe(_ context.Context, execution string) (run.ExecutionState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, known := b.states[execution]
	if !known {
		state.Status = run.ExecutionUnknown
	}
	return state, nil
}
