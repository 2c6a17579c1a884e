package statemachine

import "encoding/json"

// An Event is a step of a running execution. A child of a Map reports only its start, its end and its errors.
type Event struct {
	Kind     EventKind `json:"event"`
	State    string    `json:"state"`   // for a MapIteration kind, the Map state
	Index    *int      `json:"index"`   // of the Map's child, from 0; nil outside of a Map
	Error    string    `json:"error"`   // of MapIterationFailed, StateRetried, StateCaught, TaskFailed
	Cause    string    `json:"-"`       // of the same, as in Outcome
	RawCause string    `json:"cause"`   // of the same, as AWS has it
	Attempt  int       `json:"attempt"` // of StateRetried, from 1

	// The following fields are there only with Execution.History.
	Type   string          `json:"type"`   // of StateEntered, StateExited: the type of the state, such as Task
	Input  json.RawMessage `json:"input"`  // of StateEntered, TaskScheduled, and of MapIterationStarted if the child is new
	Output json.RawMessage `json:"output"` // of StateExited, TaskSucceeded, MapIterationSucceeded

	Resource       string `json:"resource"`       // of the Task kinds: the state's field
	TimeoutSeconds int64  `json:"timeoutSeconds"` // of TaskScheduled

	Distributed    bool   `json:"distributed"`    // of MapStarted: the Map's mode
	Label          string `json:"label"`          // of MapStarted
	Length         int    `json:"length"`         // of MapStarted: the number of items
	MaxConcurrency int    `json:"maxConcurrency"` // of MapStarted; 0 for no limit

	Name string    `json:"name"` // of MapIterationStarted: the name of the child
	At   *Position `json:"at"`   // of MapIterationFailed, MapIterationAborted: where the child has ended
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

// The kinds of events that only Execution.History brings. The Task kinds are those of Tasks outside of Maps.
const (
	StateExited         EventKind = "StateExited"
	TaskScheduled       EventKind = "TaskScheduled"
	TaskSucceeded       EventKind = "TaskSucceeded"
	TaskFailed          EventKind = "TaskFailed"
	MapStarted          EventKind = "MapStarted"
	MapIterationAborted EventKind = "MapIterationAborted"
)
