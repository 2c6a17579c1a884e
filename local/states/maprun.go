package states

import (
	"context"
	"fmt"
	"time"

	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// A mapRun is one entry of an execution into a distributed Map, with its children.
type mapRun struct {
	number         int // of the Map Runs of its execution
	arn            string
	of             *execution
	state, label   string
	maxConcurrency int
	status         types.MapRunStatus
	start, end     time.Time // end is zero while the Map Run runs
	redrives       int
	redriven       time.Time    // zero if the Map Run has not been redriven
	children       []*execution // in the order of the items; nil for one that has not started
}

// openMap begins a Map Run for the Map that an execution has entered, or continues the one that a redrive has begun again.
func (s *Server) openMap(e *execution, event statemachine.Event) {
	if m := e.openMapRun(); m != nil { // redrive has opened it
		e.history.add(types.HistoryEvent{Type: types.HistoryEventTypeMapRunRedriven, MapRunRedrivenEventDetails: &types.MapRunRedrivenEventDetails{
			MapRunArn: &m.arn, RedriveCount: aws.Int32(int32(m.redrives)),
		}})
		return
	}
	e.history.add(types.HistoryEvent{Type: types.HistoryEventTypeMapStateStarted, MapStateStartedEventDetails: &types.MapStateStartedEventDetails{Length: int32(event.Length)}})
	if !event.Distributed {
		return
	}
	m := &mapRun{
		number: len(e.mapRuns), arn: arnPrefix + "mapRun:" + s.options.Name + "/" + event.Label + ":" + uuid(), of: e, state: event.State, label: event.Label,
		maxConcurrency: event.MaxConcurrency, status: types.MapRunStatusRunning, start: now(), children: make([]*execution, event.Length),
	}
	e.mapRuns, s.mapRuns[m.arn] = append(e.mapRuns, m), m
	e.history.add(types.HistoryEvent{Type: types.HistoryEventTypeMapRunStarted, MapRunStartedEventDetails: &types.MapRunStartedEventDetails{MapRunArn: &m.arn}})
}

// openMapRun returns the Map Run that runs, or nil.
func (e *execution) openMapRun() *mapRun {
	if n := len(e.mapRuns); n > 0 && e.mapRuns[n-1].status == types.MapRunStatusRunning {
		return e.mapRuns[n-1]
	}
	return nil
}

// observeChild follows a child of the Map that runs.
func (s *Server) observeChild(e *execution, event statemachine.Event) {
	m := e.openMapRun()
	if m == nil || m.state != event.State || *event.Index >= len(m.children) {
		return // a Map that is not distributed, or a child that ends after its Map
	}
	child := m.children[*event.Index]
	switch event.Kind {
	case statemachine.MapIterationStarted:
		if child == nil {
			child = &execution{
				number: *event.Index, arn: arnPrefix + "execution:" + s.options.Name + "/" + m.label + ":" + event.Name, name: event.Name,
				machine: e.machine + "/" + m.label, input: string(event.Input), start: now(), mapRun: m,
			}
			m.children[*event.Index], s.executions[child.arn] = child, child
			child.history.started(child.input)
		} else {
			child.redrive(now())
		}
		child.status = types.ExecutionStatusRunning
		return
	case statemachine.MapIterationSucceeded:
		child.status, child.output = types.ExecutionStatusSucceeded, aws.String(string(event.Output))
	case statemachine.MapIterationFailed:
		child.status, child.error, child.cause = types.ExecutionStatusFailed, &event.Error, &event.RawCause
	case statemachine.MapIterationAborted:
		child.status = types.ExecutionStatusAborted
	}
	child.end, child.at = now(), event.At
	child.history.ended(child)
}

// closeMap ends the Map Run that runs, if there is one. name is the error of the execution, nil if the Map has succeeded or was aborted.
func (e *execution) closeMap(name, cause *string) {
	m := e.openMapRun()
	if m == nil {
		return
	}
	m.end = now()
	var run, state types.HistoryEventType
	var failed *types.MapRunFailedEventDetails
	switch {
	case e.status == types.ExecutionStatusAborted:
		m.status, run, state = types.MapRunStatusAborted, types.HistoryEventTypeMapRunAborted, types.HistoryEventTypeMapStateAborted
	case name != nil:
		m.status, run, state = types.MapRunStatusFailed, types.HistoryEventTypeMapRunFailed, types.HistoryEventTypeMapStateFailed
		failed = &types.MapRunFailedEventDetails{Error: name, Cause: cause}
	default:
		m.status, run, state = types.MapRunStatusSucceeded, types.HistoryEventTypeMapRunSucceeded, types.HistoryEventTypeMapStateSucceeded
	}
	e.history.add(types.HistoryEvent{Type: run, MapRunFailedEventDetails: failed})
	e.history.add(types.HistoryEvent{Type: state})
}

// mapRun returns the Map Run of an ARN.
func (s *Server) mapRun(arn *string) (*mapRun, error) {
	if err := checkARN("mapRunArn", arn, "mapRun"); err != nil {
		return nil, err
	}
	if m := s.mapRuns[*arn]; m != nil {
		return m, nil
	}
	message := fmt.Sprintf("Resource not found: '%s'", *arn)
	return nil, &types.ResourceNotFound{Message: &message, ResourceName: arn}
}

func (s *Server) listMapRuns(_ context.Context, in *sfn.ListMapRunsInput) (*sfn.ListMapRunsOutput, error) {
	limit, err := checkPage(in.MaxResults)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	entries, next, err := page(e.mapRuns, func(m *mapRun) int { return m.number }, false, "ListMapRuns "+e.arn, in.NextToken, limit)
	out := &sfn.ListMapRunsOutput{MapRuns: []types.MapRunListItem{}, NextToken: next}
	for _, m := range entries {
		out.MapRuns = append(out.MapRuns, types.MapRunListItem{
			MapRunArn: &m.arn, ExecutionArn: &e.arn, StateMachineArn: aws.String(e.machine + "/" + m.label), StartDate: &m.start, StopDate: date(m.end),
		})
	}
	return out, err
}

func (s *Server) describeMapRun(_ context.Context, in *sfn.DescribeMapRunInput) (*sfn.DescribeMapRunOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.mapRun(in.MapRunArn)
	if err != nil {
		return nil, err
	}
	counts := m.counts()
	items := types.MapRunItemCounts(counts)
	return &sfn.DescribeMapRunOutput{
		MapRunArn: &m.arn, ExecutionArn: &m.of.arn, Status: m.status, StartDate: &m.start, StopDate: date(m.end), RedriveDate: date(m.redriven), MaxConcurrency: int32(m.maxConcurrency),
		ItemCounts: &items, ExecutionCounts: &counts, RedriveCount: aws.Int32(int32(m.redrives)),
	}, nil
}

// counts returns the number of children by status. A child has one item.
func (m *mapRun) counts() types.MapRunExecutionCounts {
	counts := types.MapRunExecutionCounts{Total: int64(len(m.children)), FailuresNotRedrivable: aws.Int64(0), PendingRedrive: aws.Int64(0)}
	for _, child := range m.children {
		switch {
		case child == nil:
			counts.Pending++
		case child.status == types.ExecutionStatusRunning:
			counts.Running++
		case child.status == types.ExecutionStatusSucceeded:
			counts.Succeeded++
		case child.status == types.ExecutionStatusFailed:
			counts.Failed++
		case child.status == types.ExecutionStatusAborted:
			counts.Aborted++
		case child.status == types.ExecutionStatusPendingRedrive:
			*counts.PendingRedrive++
		}
	}
	return counts
}
