// Package executions stands in for what Step Functions tells about executions: whether an execution runs, and how it ended.
// Memory keeps this in memory, for one process; it also answers DescribeExecution over HTTP, for the SDK. Folder keeps it in
// files, for all processes on one computer.
//
// It imports lambda/run and the standard library.
package executions

import (
	"context"
	"encoding/json"
	"net/http"
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

// ServeHTTP answers DescribeExecution as Step Functions does, but only for the metadata of an execution.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
func (m *Memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ExecutionArn string `json:"executionArn"`
		IncludedData string `json:"includedData"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "AWSStepFunctions.DescribeExecution" || in.IncludedData != "METADATA_ONLY" {
		Refuse(w, "ValidationException", "want DescribeExecution with METADATA_ONLY, got "+r.Header.Get("X-Amz-Target")+" with "+in.IncludedData)
		return
	}
	e, found := m.find(in.ExecutionArn)
	if !found {
		Refuse(w, "ExecutionDoesNotExist", "Execution Does Not Exist: '"+in.ExecutionArn+"'")
		return
	}
	out := map[string]any{"executionArn": in.ExecutionArn, "status": e.status}
	if !e.start.IsZero() {
		out["startDate"] = float64(e.start.UnixMilli()) / 1000
	}
	if !e.stop.IsZero() {
		out["stopDate"] = float64(e.stop.UnixMilli()) / 1000
	}
	answer(w, http.StatusOK, out)
}

// Refuse answers a call of Step Functions with an error.
func Refuse(w http.ResponseWriter, name, message string) {
	answer(w, http.StatusBadRequest, map[string]any{"__type": name, "message": message})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client has gone
}
