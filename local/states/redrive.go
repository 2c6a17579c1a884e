package states

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// redriveExecution continues an execution at the state where it has ended, with that state's input. A distributed Map starts its children that
// have not succeeded, each at the state where it has ended.
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
func (s *Server) redriveExecution(_ context.Context, in *sfn.RedriveExecutionInput) (*sfn.RedriveExecutionOutput, error) {
	if err := checkLength("clientToken", in.ClientToken, 64); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	token := e.arn + " " + aws.ToString(in.ClientToken)
	if at, before := s.tokens[token]; before && in.ClientToken != nil {
		return &sfn.RedriveExecutionOutput{RedriveDate: &at}, nil
	}
	if e.redriveStatus() != types.ExecutionRedriveStatusRedrivable {
		message := fmt.Sprintf("Execution is %s and cannot be redriven", e.status)
		if e.mapRun != nil {
			message = "Redrive the execution that has started the Map Run"
		}
		return nil, &types.ExecutionNotRedrivable{Message: &message}
	}
	at := now()
	s.tokens[token] = at
	e.redrive(at)
	e.status = types.ExecutionStatusRunning
	s.run(e, e.resume(at))
	return &sfn.RedriveExecutionOutput{RedriveDate: &at}, nil
}

// redrive makes an execution that has ended run again, or a child of one.
func (e *execution) redrive(at time.Time) {
	e.redrives, e.redriven, e.end = e.redrives+1, at, time.Time{}
	e.output, e.error, e.cause = nil, nil, nil
	e.history.again = true
	e.history.add(types.HistoryEvent{Type: types.HistoryEventTypeExecutionRedriven, ExecutionRedrivenEventDetails: &types.ExecutionRedrivenEventDetails{RedriveCount: aws.Int32(int32(e.redrives))}})
}

// resume returns where an execution continues; nil for the start, if it has not entered a state. It opens the Map Run again that has not
// succeeded.
func (e *execution) resume(at time.Time) *statemachine.Resume {
	if e.at == nil {
		return nil
	}
	resume := &statemachine.Resume{Position: *e.at}
	if len(e.mapRuns) == 0 {
		return resume
	}
	m := e.mapRuns[len(e.mapRuns)-1]
	if m.state != e.at.State || m.status == types.MapRunStatusSucceeded {
		return resume
	}
	m.status, m.end, m.redrives, m.redriven = types.MapRunStatusRunning, time.Time{}, m.redrives+1, at
	for _, child := range m.children {
		resume.Children = append(resume.Children, child.again())
	}
	return resume
}

// again returns how far a child has come; nil if it begins at its start. A child that has not succeeded waits until it is started again.
func (e *execution) again() *statemachine.Child {
	switch {
	case e == nil:
		return nil
	case e.status == types.ExecutionStatusSucceeded:
		return &statemachine.Child{Name: e.name, Output: json.RawMessage(*e.output)}
	}
	e.status = types.ExecutionStatusPendingRedrive
	if e.at == nil {
		return nil
	}
	return &statemachine.Child{Name: e.name, Position: e.at}
}
