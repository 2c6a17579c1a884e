// Package machine runs one execution of a state machine on this computer: it starts Node.js with local/node/machine.mjs,
// which interprets the definition and answers each Task by calling a given address: Lambda's Invoke API, or what stands for an
// SDK integration. It imports only its neighbours under local/ and the standard library, and knows nothing of any particular
// definition.
//
// Run is the way in; an Interpreter runs many. README.md beside this file tells what differs from AWS.
package statemachine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// PayloadLimit is what Step Functions lets pass from state to state, in bytes of JSON as UTF-8. A state that exceeds it
// ends the execution with States.DataLimitExceeded, here as on AWS.
const PayloadLimit = 262_144

// An Execution is what to run.
type Execution struct {
	Definition json.RawMessage // Amazon States Language, JSONPath
	Input      json.RawMessage

	// What the definition reads as $$.Execution and $$.StateMachine.
	ID, Name                         string
	StartTime                        time.Time
	StateMachineID, StateMachineName string

	// InvokeURL answers POST /2015-03-31/functions/<name>/invocations, where <name> comes from the Task's Resource,
	// arn:…:function:<name>, and POST /aws-sdk/<service>/<action> for an SDK integration, arn:…:aws-sdk:<service>:<action>,
	// as local/sdkintegration does. Without a slash at the end.
	InvokeURL string

	// ThresholdErrors makes a failed child of a distributed Map surface as on AWS: as
	// States.ExceedToleratedFailureThreshold, whatever the child's error was. Otherwise the child's own error surfaces.
	ThresholdErrors bool

	// Hurried makes every wait, before a Retry and of a Wait state, take a millisecond.
	Hurried bool

	// OnEvent, if set, is called with each event in order, from Run's goroutine.
	OnEvent func(Event)
}

// An Event is a step of a running execution, for progress lines. A child of a Map reports only its start, its end, and
// what went wrong.
type Event struct {
	Kind    EventKind `json:"event"`
	State   string    `json:"state"`   // for a MapIteration kind, the Map state
	Index   *int      `json:"index"`   // of the Map's child, from 0; nil outside of a Map
	Error   string    `json:"error"`   // of MapIterationFailed, StateRetried, StateCaught
	Cause   string    `json:"cause"`   // of the same, as in Outcome
	Attempt int       `json:"attempt"` // of StateRetried, from 1
}

// An EventKind is the name of an event.
type EventKind string

// The kinds of events.
const (
	StateEntered          EventKind = "StateEntered"
	StateRetried          EventKind = "StateRetried"
	StateCaught           EventKind = "StateCaught"
	MapIterationStarted   EventKind = "MapIterationStarted"
	MapIterationSucceeded EventKind = "MapIterationSucceeded"
	MapIterationFailed    EventKind = "MapIterationFailed"
)

// An Outcome is how an execution ended.
type Outcome struct {
	Succeeded bool
	Output    json.RawMessage // if it succeeded
	Error     string          // if it failed, the error's name
	Cause     string          // if it failed, for people: a function's error message alone, without the JSON around it

	Payloads []Payload // what passed between states, as far as it was measured against PayloadLimit
}

// A Payload is the largest of what a state has had of one kind.
type Payload struct {
	State string `json:"state"`
	// Of is "input", "output", of a Task "payload", what is sent, and "result", what comes back, and of a Map "children", what they
	// have returned together.
	Of    string `json:"of"`
	Bytes int    `json:"bytes"`
	Count int    `json:"count"` // how often the state had one
}

// Run runs the execution to its end. An execution that fails is an Outcome. An error means that it could not be run, or
// that ctx ended, and then Node.js has ended too and the error is ctx's. An error that wraps workspace.ErrNotInstalled or
// workspace.ErrNoNode says what to install.
func Run(ctx context.Context, execution Execution) (Outcome, error) {
	document, err := json.Marshal(newDocument(execution))
	if err != nil {
		return Outcome{}, fmt.Errorf("run state machine: %w", err)
	}
	var end line
	err = runScript(ctx, "machine.mjs", document, func(stdout io.Reader) error {
		end, err = readLines(stdout, execution.OnEvent)
		return err
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("run state machine: %w", err)
	}
	return end.outcome()
}

// Validate checks a definition against the Amazon States Language, which Run does not: it takes half a second. The error
// says what is wrong with the definition, or why it could not be checked.
func Validate(ctx context.Context, definition json.RawMessage) error {
	var faults []byte
	err := runScript(ctx, "validate.mjs", definition, func(stdout io.Reader) (err error) {
		faults, err = io.ReadAll(stdout)
		return err
	})
	if err != nil {
		return fmt.Errorf("validate definition: %w", err)
	}
	if len(faults) > 0 {
		return fmt.Errorf("validate definition: %s", bytes.TrimSpace(faults))
	}
	return nil
}

// readLines hands every event to onEvent and returns the line that tells how the execution ended.
func readLines(stdout io.Reader, onEvent func(Event)) (line, error) {
	lines := bufio.NewReader(stdout)
	var last line
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return last, nil
		}
		if err != nil {
			return line{}, fmt.Errorf("read answer: %w", err)
		}
		last = line{}
		if err := json.Unmarshal(text, &last); err != nil {
			return line{}, fmt.Errorf("read answer %.100q: %w", text, err)
		}
		last.Cause = sentence(last.Cause)
		if last.Status == "" && onEvent != nil {
			onEvent(last.Event)
		}
	}
}
