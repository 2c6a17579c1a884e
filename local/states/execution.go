package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// An execution is an execution of the state machine, or a child of a distributed Map.
type execution struct {
	number       int // in the order of the starts
	arn, name    string
	machine      string // the ARN of the state machine
	input        string
	status       types.ExecutionStatus
	start, end   time.Time // end is zero while the execution runs
	output       *string
	error, cause *string
	redrives     int
	redriven     time.Time              // zero if the execution has not been redriven
	mapRun       *mapRun                // that a child belongs to; nil for others
	at           *statemachine.Position // the state that was entered last
	mapRuns      []*mapRun
	history      history
	stop         context.CancelCauseFunc
	ended        chan struct{} // closed when the execution has ended
}

// stoppedError is the cause of the end of a context of an execution that StopExecution stops.
type stoppedError struct{ error, cause *string }

func (stoppedError) Error() string { return "stopped" }

func (s *Server) startExecution(_ context.Context, in *sfn.StartExecutionInput) (*sfn.StartExecutionOutput, error) {
	if err := checkARN("stateMachineArn", in.StateMachineArn, "stateMachine"); err != nil {
		return nil, err
	}
	if in.Name == nil {
		in.Name = aws.String(uuid())
	}
	if in.Input == nil {
		in.Input = aws.String("{}")
	}
	if err := errors.Join(checkName(*in.Name), checkInput(*in.Input)); err != nil {
		return nil, err
	}
	if err := s.checkMachine(*in.StateMachineArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &execution{
		number: len(s.started), arn: arnPrefix + "execution:" + s.options.Name + ":" + *in.Name, name: *in.Name, machine: s.StateMachineARN(), input: *in.Input,
		status: types.ExecutionStatusRunning, start: now(),
	}
	if other := s.executions[e.arn]; other != nil {
		if other.status != types.ExecutionStatusRunning || other.input != e.input {
			message := fmt.Sprintf("Execution Already Exists: '%s'", e.arn)
			return nil, &types.ExecutionAlreadyExists{Message: &message}
		}
		e = other
	} else {
		s.executions[e.arn], s.started = e, append(s.started, e)
		e.history.started(e.input)
		s.run(e, nil)
	}
	return &sfn.StartExecutionOutput{ExecutionArn: &e.arn, StartDate: &e.start}, nil
}

// run runs an execution to its end, in the background. It begins at the start, or continues.
func (s *Server) run(e *execution, resume *statemachine.Resume) {
	ctx, stop := context.WithCancelCause(s.ctx)
	e.stop, e.ended = stop, make(chan struct{})
	begin := statemachine.Execution{
		Definition: s.options.Definition, Input: json.RawMessage(e.input), ID: e.arn, Name: e.name, StartTime: e.start,
		StateMachineID: e.machine, StateMachineName: s.options.Name, InvokeURL: s.options.InvokeURL, ThresholdErrors: true, Hurried: s.options.Hurried,
		History: true, RedriveCount: e.redrives, Resume: resume,
		OnEvent: func(event statemachine.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.observe(e, event)
		},
	}
	ended := e.ended
	s.running.Go(func() {
		defer close(ended)
		defer stop(nil)
		outcome, err := s.options.Interpreter.Run(ctx, begin)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(e, outcome, err, context.Cause(ctx))
	})
}

// finish keeps how an execution has ended.
func (s *Server) finish(e *execution, outcome statemachine.Outcome, err, stopped error) {
	e.end = now()
	switch {
	case stopped != nil:
		e.status = types.ExecutionStatusAborted
		if by, ok := errors.AsType[stoppedError](stopped); ok {
			e.error, e.cause = by.error, by.cause
		}
	case err != nil: // the interpreter has ended
		e.status, e.error, e.cause = types.ExecutionStatusFailed, aws.String("States.Runtime"), aws.String(err.Error())
	case outcome.Succeeded:
		e.status, e.output = types.ExecutionStatusSucceeded, aws.String(string(outcome.Output))
	default:
		e.status, e.error = types.ExecutionStatusFailed, &outcome.Error
		if outcome.RawCause != "" {
			e.cause = &outcome.RawCause
		}
	}
	e.closeMap(e.error, e.cause)
	e.history.ended(e)
}

func (s *Server) stopExecution(ctx context.Context, in *sfn.StopExecutionInput) (*sfn.StopExecutionOutput, error) {
	err := errors.Join(checkLength("error", in.Error, maxError), checkLength("cause", in.Cause, maxCause))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	e, err := s.execution(in.ExecutionArn)
	if err == nil && e.mapRun != nil {
		err = invalid("this server stops no single child of a Map Run")
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	stop, ended := e.stop, e.ended
	s.mu.Unlock()
	stop(stoppedError{in.Error, in.Cause})
	select {
	case <-ended:
	case <-ctx.Done():
		return nil, ctx.Err() // the client has left
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &sfn.StopExecutionOutput{StopDate: date(e.end)}, nil
}

// execution returns the execution of an ARN.
func (s *Server) execution(arn *string) (*execution, error) {
	if err := checkARN("executionArn", arn, "execution"); err != nil {
		return nil, err
	}
	if e := s.executions[*arn]; e != nil {
		return e, nil
	}
	message := fmt.Sprintf("Execution Does Not Exist: '%s'", *arn)
	return nil, &types.ExecutionDoesNotExist{Message: &message}
}

// Wait waits until an execution has ended, or until ctx ends. It does not wait for an execution that does not exist.
func (s *Server) Wait(ctx context.Context, arn string) {
	s.mu.Lock()
	e, err := s.execution(&arn)
	var ended chan struct{}
	if err == nil {
		ended = e.ended
	}
	s.mu.Unlock()
	if err != nil {
		return
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
