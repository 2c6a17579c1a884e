package statemachine

import (
	"encoding/json"
	"errors"
	"fmt"
)

// timeFormat is that of $$.Execution.StartTime on AWS.
const timeFormat = "2006-01-02T15:04:05.000Z"

// A document is what machine.mjs reads, one a line.
type document struct {
	Run             int             `json:"run"`
	Definition      json.RawMessage `json:"definition"`
	Input           json.RawMessage `json:"input"`
	Execution       executionWords  `json:"execution"`
	StateMachine    machineWords    `json:"stateMachine"`
	InvokeURL       string          `json:"invokeUrl"`
	ThresholdErrors bool            `json:"thresholdErrors"`
	Hurried         bool            `json:"hurried"`
}

type executionWords struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	StartTime string `json:"startTime"`
}

type machineWords struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func newDocument(e Execution) document {
	return document{
		Definition:      e.Definition,
		Input:           e.Input,
		Execution:       executionWords{ID: e.ID, Name: e.Name, StartTime: e.StartTime.UTC().Format(timeFormat)},
		StateMachine:    machineWords{ID: e.StateMachineID, Name: e.StateMachineName},
		InvokeURL:       e.InvokeURL,
		ThresholdErrors: e.ThresholdErrors,
		Hurried:         e.Hurried,
	}
}

// A line is one that machine.mjs prints: an event, or with a Status the end.
type line struct {
	Run int `json:"run"`
	Event
	Status   string          `json:"status"`
	Output   json.RawMessage `json:"output"`
	Payloads []Payload       `json:"payloads"`
}

func (l line) outcome() (Outcome, error) {
	switch l.Status {
	case "SUCCEEDED":
		return Outcome{Succeeded: true, Output: l.Output, Payloads: l.Payloads}, nil
	case "FAILED":
		return Outcome{Error: l.Error, Cause: l.Cause, Payloads: l.Payloads}, nil
	case "ABORTED":
		return Outcome{}, errors.New("aborted by a signal")
	default:
		return Outcome{}, fmt.Errorf("the last line tells no outcome: %+v", l.Event)
	}
}

// sentence returns the errorMessage of a Cause that is the JSON with which a Lambda function fails, and any other Cause
// as it is.
func sentence(cause string) string {
	var function struct {
		ErrorMessage *string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(cause), &function) == nil && function.ErrorMessage != nil {
		return *function.ErrorMessage
	}
	return cause
}
