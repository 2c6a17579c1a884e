package states

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// A history is the history of an execution.
type history struct {
	events []types.HistoryEvent
	// open is the type of the state that runs, such as Task, and "" between states. calling says that a Task waits for an answer.
	open    string
	calling bool
	// again says that the next state was entered before a redrive, so that the history has its StateEntered event.
	again bool
}

// whole are the details of an input or output that is not cut.
var whole = &types.HistoryEventExecutionDataDetails{Truncated: false}

// text returns a payload as the API has it.
func text(payload []byte) *string { return aws.String(string(payload)) }

func (h *history) add(event types.HistoryEvent) {
	event.Id, event.PreviousEventId, event.Timestamp = int64(len(h.events)+1), int64(len(h.events)), aws.Time(now())
	h.events = append(h.events, event)
}

func (h *history) started(input string) {
	h.add(types.HistoryEvent{Type: types.HistoryEventTypeExecutionStarted, ExecutionStartedEventDetails: &types.ExecutionStartedEventDetails{
		Input: &input, InputDetails: whole, RoleArn: aws.String("arn:aws:iam::" + Account + ":role/states"),
	}})
}

// ended adds the last events of an execution.
func (h *history) ended(e *execution) {
	h.calling = false
	switch e.status {
	case types.ExecutionStatusSucceeded:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeExecutionSucceeded, ExecutionSucceededEventDetails: &types.ExecutionSucceededEventDetails{Output: e.output, OutputDetails: whole}})
	case types.ExecutionStatusFailed:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeExecutionFailed, ExecutionFailedEventDetails: &types.ExecutionFailedEventDetails{Error: e.error, Cause: e.cause}})
	case types.ExecutionStatusAborted:
		if h.open == "Task" || h.open == "Wait" {
			h.add(types.HistoryEvent{Type: types.HistoryEventType(h.open + "StateAborted")})
		}
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeExecutionAborted, ExecutionAbortedEventDetails: &types.ExecutionAbortedEventDetails{Error: e.error, Cause: e.cause}})
	}
}

// observe follows an execution that runs.
func (s *Server) observe(e *execution, event statemachine.Event) {
	h := &e.history
	switch event.Kind {
	case statemachine.StateEntered:
		e.at, h.open = &statemachine.Position{State: event.State, Input: event.Input}, event.Type
		if h.again && (event.Type == "Task" || event.Type == "Map") {
			h.again = false
			break
		}
		h.again = false
		h.add(types.HistoryEvent{Type: types.HistoryEventType(event.Type + "StateEntered"), StateEnteredEventDetails: &types.StateEnteredEventDetails{
			Name: &event.State, Input: text(event.Input), InputDetails: whole,
		}})
	case statemachine.StateExited:
		e.closeMap(nil, nil)
		h.open = ""
		h.add(types.HistoryEvent{Type: types.HistoryEventType(event.Type + "StateExited"), StateExitedEventDetails: &types.StateExitedEventDetails{
			Name: &event.State, Output: text(event.Output), OutputDetails: whole,
		}})
	case statemachine.StateCaught:
		e.closeMap(&event.Error, &event.RawCause)
	case statemachine.TaskScheduled:
		h.scheduled(event)
	case statemachine.TaskSucceeded, statemachine.TaskFailed:
		h.answered(event)
	case statemachine.MapStarted:
		s.openMap(e, event)
	case statemachine.MapIterationStarted, statemachine.MapIterationSucceeded, statemachine.MapIterationFailed, statemachine.MapIterationAborted:
		s.observeChild(e, event)
	}
}

// integration returns the type and the action of the Resource of an SDK integration, such as aws-sdk:dynamodb and describeExport.
func integration(resource string) (kind, action *string, is bool) {
	_, name, is := strings.Cut(resource, ":states:::")
	last := max(strings.LastIndexByte(name, ':'), 0)
	return aws.String(name[:last]), aws.String(strings.TrimPrefix(name[last:], ":")), is
}

// scheduled adds the events of a call of a Task.
func (h *history) scheduled(event statemachine.Event) {
	h.calling = true
	var seconds *int64
	if event.TimeoutSeconds > 0 && event.TimeoutSeconds < 99_999_999 { // the default
		seconds = &event.TimeoutSeconds
	}
	if kind, action, is := integration(event.Resource); is {
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskScheduled, TaskScheduledEventDetails: &types.TaskScheduledEventDetails{
			ResourceType: kind, Resource: action, Region: aws.String(Region), Parameters: text(event.Input), TimeoutInSeconds: seconds,
		}})
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskStarted, TaskStartedEventDetails: &types.TaskStartedEventDetails{ResourceType: kind, Resource: action}})
		return
	}
	h.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionScheduled, LambdaFunctionScheduledEventDetails: &types.LambdaFunctionScheduledEventDetails{
		Resource: &event.Resource, Input: text(event.Input), InputDetails: whole, TimeoutInSeconds: seconds,
	}})
	h.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionStarted})
}

// answered adds the event of the answer of a call of a Task.
func (h *history) answered(event statemachine.Event) {
	if !h.calling {
		return // the state machine has not waited for it
	}
	h.calling = false
	kind, action, is := integration(event.Resource)
	failed := event.Kind == statemachine.TaskFailed
	switch {
	case is && failed:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskFailed, TaskFailedEventDetails: &types.TaskFailedEventDetails{
			ResourceType: kind, Resource: action, Error: &event.Error, Cause: &event.RawCause,
		}})
	case is:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskSucceeded, TaskSucceededEventDetails: &types.TaskSucceededEventDetails{
			ResourceType: kind, Resource: action, Output: text(event.Output), OutputDetails: whole,
		}})
	case failed:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionFailed, LambdaFunctionFailedEventDetails: &types.LambdaFunctionFailedEventDetails{
			Error: &event.Error, Cause: &event.RawCause,
		}})
	default:
		h.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionSucceeded, LambdaFunctionSucceededEventDetails: &types.LambdaFunctionSucceededEventDetails{
			Output: text(event.Output), OutputDetails: whole,
		}})
	}
}

func (s *Server) getExecutionHistory(_ context.Context, in *sfn.GetExecutionHistoryInput) (*sfn.GetExecutionHistoryOutput, error) {
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
	events := slices.Clone(e.history.events)
	if in.ReverseOrder {
		slices.Reverse(events)
	}
	number := func(event types.HistoryEvent) int { return int(event.Id) }
	entries, next, err := page(events, number, in.ReverseOrder, fmt.Sprint("GetExecutionHistory ", e.arn, in.ReverseOrder), in.NextToken, limit)
	if err == nil && in.IncludeExecutionData != nil && !*in.IncludeExecutionData {
		for i := range entries {
			withoutData(&entries[i])
		}
	}
	return &sfn.GetExecutionHistoryOutput{Events: entries, NextToken: next}, err
}
