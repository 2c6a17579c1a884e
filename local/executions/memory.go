// Package executions stands in for what Step Functions tells about executions: whether an execution runs, and how it ended.
// Memory keeps this in memory, for one process. Folder keeps it in files, for all processes on one computer.
//
// It imports lambda/execution and the standard library.
package executions

import (
	"context"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/execution"
)

// Memory knows the executions that were set. Its methods may be called from any goroutine.
type Memory struct {
	// Others is the status of every execution that was not set; the empty status means that they do not exist.
	Others execution.Status

	mu         sync.Mutex // guards executions
	executions map[string]known
}

type known struct {
	status      execution.Status
	start, stop time.Time
}

// Set sets the status of an execution, and when it stopped; the zero time if it runs.
func (m *Memory) Set(arn string, status execution.Status, stop time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.executions == nil {
		m.executions = map[string]known{}
	}
	m.executions[arn] = known{status: status, start: m.executions[arn].start, stop: stop}
}

// SetStart sets when an execution began that was set before; nobody knows it otherwise.
func (m *Memory) SetStart(arn string, start time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.executions[arn]
	e.start = start
	m.executions[arn] = e
}

func (m *Memory) find(arn string) (known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, found := m.executions[arn]; found {
		return e, true
	}
	return known{status: m.Others}, m.Others != ""
}

// Describe returns the state of an execution.
func (m *Memory) Describe(_ context.Context, arn string) (execution.State, error) {
	e, found := m.find(arn)
	if !found {
		return execution.State{Status: execution.Unknown}, nil
	}
	state := execution.State{Status: e.status, StartTime: e.start}
	if !e.stop.IsZero() {
		state.Quiet = e.stop.Add(execution.QuietAfter)
	}
	return state, nil
}
