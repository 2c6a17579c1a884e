// Package statemachine runs executions of state machines on this computer. It starts Node.js with local/node/machine.mjs, which
// interprets the definition and calls a given address for each Task: Lambda's Invoke API, or a server for SDK integrations. The
// package depends on no particular definition. It imports local/checkout, local/childprocess and the standard library.
//
// Run runs one execution, and an Interpreter runs many. README.md in this folder lists the differences from AWS.
package statemachine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/childprocess"
)

// PayloadLimit is the largest payload that Step Functions passes between states, in bytes of JSON as UTF-8. A state that exceeds it
// ends the execution with States.DataLimitExceeded, here as on AWS.
const PayloadLimit = 262_144

// An Execution is the input of Run.
type Execution struct {
	Definition json.RawMessage // Amazon States Language, JSONPath
	Input      json.RawMessage

	// The definition can read these fields as $$.Execution and $$.StateMachine.
	ID, Name                         string
	StartTime                        time.Time
	StateMachineID, StateMachineName string

	// InvokeURL is the address of a server, without a slash at the end. It answers POST /2015-03-31/functions/<name>/invocations for
	// a Task with the Resource arn:…:function:<name>, and POST /aws-sdk/<service>/<action>, as local/sdkintegration does, for one
	// with the Resource arn:…:aws-sdk:<service>:<action>.
	InvokeURL string

	// ThresholdErrors makes a distributed Map with a failed child fail as on AWS, with States.ExceedToleratedFailureThreshold.
	// Otherwise it fails with the child's own error.
	ThresholdErrors bool

	// Hurried shortens every wait, before a Retry and in a Wait state, to a millisecond.
	Hurried bool

	// History adds the inputs and outputs to the events, and the kinds of events that are only in a history.
	History bool

	// RedriveCount is $$.Execution.RedriveCount.
	RedriveCount int
	// Resume, if not nil, is where an execution continues that has ended.
	Resume *Resume

	// OnEvent, if not nil, is called with each event, in order, from the goroutine of Run.
	OnEvent func(Event)
}

// Resume is where an execution continues after a redrive.
type Resume struct {
	Position
	// Children are how far the children have come if the state is a distributed Map, in the order of the items. A child that has not
	// started is nil.
	Children []*Child `json:"children,omitempty"`
}

// A Position is a state that an execution or a child has entered, and the state's input.
type Position struct {
	State string          `json:"state"`
	Input json.RawMessage `json:"input"`
}

// A Child is how far a child of a distributed Map has come: its output, or where it has ended without success.
type Child struct {
	Name string `json:"name"`
	*Position
	Output json.RawMessage `json:"output,omitempty"`
}

// An Outcome is how an execution ended.
type Outcome struct {
	Succeeded bool
	Output    json.RawMessage // if it succeeded
	Error     string          // if it failed, the error's name
	Cause     string          // if it failed, for people: a function's error message alone, without the JSON around it
	RawCause  string          // if it failed, the cause as AWS has it

	Payloads []Payload // the largest payloads between states
}

// A Payload is the largest payload of one kind of a state.
type Payload struct {
	State string `json:"state"`
	// Of is the kind: "input" or "output"; for a Task also "payload", which it sends, and "result", which it receives; for a Map also
	// "children", the outputs of all children together.
	Of    string `json:"of"`
	Bytes int    `json:"bytes"`
	Count int    `json:"count"` // how many payloads of the kind the state had
}

// Run runs one execution to its end. An execution that fails is an Outcome, not an error. An error means that the execution could
// not run, or that ctx has ended; then Node.js has ended too. An error that wraps checkout.ErrNotInstalled or checkout.ErrNoNode
// says what to install.
func Run(ctx context.Context, execution Execution) (Outcome, error) {
	interpreter, err := StartInterpreter(ctx)
	if err != nil {
		return Outcome{}, fmt.Errorf("run state machine: %w", err)
	}
	defer interpreter.Stop()
	return interpreter.Run(ctx, execution)
}

// Validate checks a definition against the Amazon States Language. Run does not, because it takes half a second. The error lists the
// problems of the definition, or says why it could not be checked.
func Validate(ctx context.Context, definition json.RawMessage) error {
	cmd, err := command(ctx, "validate.mjs")
	if err != nil {
		return fmt.Errorf("validate definition: %w", err)
	}
	var problems, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(definition), &problems, &stderr
	child, err := childprocess.Start(cmd)
	if err == nil {
		err = child.Wait()
	}
	if err != nil {
		return fmt.Errorf("validate definition: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if problems.Len() > 0 {
		return fmt.Errorf("validate definition: %s", bytes.TrimSpace(problems.Bytes()))
	}
	return nil
}

// stopGrace is how long Node.js may take to end after SIGTERM.
const stopGrace = 2 * time.Second

// command returns the command that runs a script of local/node. The script gets SIGTERM when ctx ends.
func command(ctx context.Context, script string) (*exec.Cmd, error) {
	repository, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	scripts, err := repository.Scripts()
	if err != nil {
		return nil, err
	}
	node, err := checkout.NodeJS()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(scripts, script))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	return cmd, nil
}
