package statemachine

import (
	"encoding/json"
	"errors"
	"fmt"
)

// timeFormat is the format of $$.Execution.StartTime on AWS.
const timeFormat = "2006-01-02T15:04:05.000Z"

// document returns the line of the input of machine.mjs for an execution with a number.
func document(run int, e Execution) ([]byte, error) {
	document := map[string]any{
		"run": run, "definition": e.Definition, "input": e.Input, "invokeUrl": e.InvokeURL,
		"execution":       map[string]string{"id": e.ID, "name": e.Name, "startTime": e.StartTime.UTC().Format(timeFormat)},
		"stateMachine":    map[string]string{"id": e.StateMachineID, "name": e.StateMachineName},
		"thresholdErrors": e.ThresholdErrors, "hurried": e.Hurried, "history": e.History, "redriveCount": e.RedriveCount,
	}
	if e.Resume != nil {
		document["resume"] = e.Resume
	}
	return json.Marshal(document)
}

// A line is one line of the output of machine.mjs: an event, or, if it has a Status, the end of an execution.
type line struct {
	Run int `json:"run"`
	Event
	Status   string    `json:"status"`
	Payloads []Payload `json:"payloads"`
}

func (l line) outcome() (Outcome, error) {
	switch l.Status {
	case "SUCCEEDED":
		return Outcome{Succeeded: true, Output: l.Output, Payloads: l.Payloads}, nil
	case "FAILED":
		return Outcome{Error: l.Error, Cause: l.Cause, RawCause: l.RawCause, Payloads: l.Payloads}, nil
	case "ABORTED":
		return Outcome{}, errors.New("aborted")
	default:
		return Outcome{}, fmt.Errorf("the last line has no status: %+v", l.Event)
	}
}

// message returns the errorMessage if a Cause is the error of a Lambda function in JSON. It returns any other Cause unchanged.
func message(cause string) string {
	var function struct {
		ErrorMessage *string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(cause), &function) == nil && function.ErrorMessage != nil {
		return *function.ErrorMessage
	}
	return cause
}
