// Package states emulates Step Functions at the wire, over the protocol AWS JSON 1.0. It has one state machine, and runs its executions
// with local/statemachine. The executions are lost when the process ends.
//
// The inputs, outputs and errors of the operations are the types of the SDK, so they have the names and types of the service's model. A
// member of an input that the model does not have is refused by name. local/statemachine/README.md lists the differences from AWS.
//
// The package owns the emulation. It may import local/awsjson, local/statemachine and the SDK.
package states

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"dynamodb-to-s3/local/awsjson"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Region and Account are those of all ARNs of the server.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

// Options are the settings of a server.
type Options struct {
	// Name is the name of the state machine.
	Name string
	// Definition is the definition of the state machine.
	Definition json.RawMessage
	// Interpreter runs the executions. The server does not stop it.
	Interpreter *statemachine.Interpreter
	// InvokeURL is the address of what the state machine calls, as in statemachine.Execution.
	InvokeURL string
	// Hurried shortens every wait to a millisecond.
	Hurried bool
}

// A Server answers the calls of Step Functions' API. Its methods may be called from any goroutine.
type Server struct {
	options Options
	created time.Time // of the state machine
	calls   map[string]awsjson.Call
	ctx     context.Context // of all executions
	stop    context.CancelFunc
	running sync.WaitGroup
	control control

	mu         sync.Mutex            // guards the following fields and everything in executions
	executions map[string]*execution // by ARN, with the children of Maps
	started    []*execution          // without the children of Maps, the oldest first
	mapRuns    map[string]*mapRun    // by ARN
	tokens     map[string]time.Time  // the dates of redrives, by execution and client token
}

// New returns a server with no executions.
func New(options Options) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		options: options, created: now(), ctx: ctx, stop: stop,
		executions: map[string]*execution{}, mapRuns: map[string]*mapRun{}, tokens: map[string]time.Time{},
	}
	s.calls = map[string]awsjson.Call{
		"StartExecution":       awsjson.NewCall(&protocol, s.startExecution),
		"StopExecution":        awsjson.NewCall(&protocol, s.stopExecution),
		"RedriveExecution":     awsjson.NewCall(&protocol, s.redriveExecution),
		"DescribeExecution":    awsjson.NewCall(&protocol, s.describeExecution),
		"ListExecutions":       awsjson.NewCall(&protocol, s.listExecutions),
		"GetExecutionHistory":  awsjson.NewCall(&protocol, s.getExecutionHistory),
		"ListMapRuns":          awsjson.NewCall(&protocol, s.listMapRuns),
		"DescribeMapRun":       awsjson.NewCall(&protocol, s.describeMapRun),
		"DescribeStateMachine": awsjson.NewCall(&protocol, s.describeStateMachine),
		"ListStateMachines":    awsjson.NewCall(&protocol, s.listStateMachines),
	}
	return s
}

// Stop aborts all executions and waits until they have ended.
func (s *Server) Stop() {
	s.stop()
	s.running.Wait()
}

// StateMachineARN returns the ARN of the state machine.
func (s *Server) StateMachineARN() string { return arnPrefix + "stateMachine:" + s.options.Name }

// protocol is AWS JSON 1.0, as Step Functions speaks it.
var protocol = awsjson.Protocol{
	Target: "AWSStepFunctions.", ContentType: "application/x-amz-json-1.0", Lower: true,
	Invalid:     func(message string) error { return invalid("%s", message) },
	Unsupported: map[string]bool{"traceHeader": true},
}

// Answers reports whether a request is a call of Step Functions.
func Answers(r *http.Request) bool {
	_, ours := protocol.Operation(r)
	return ours
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protocol.Serve(w, r, s.calls, s.refusal)
}

// now is the time that goes into answers. Step Functions has milliseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// unsuccessful reports whether an execution has ended without success.
func unsuccessful(status types.ExecutionStatus) bool {
	return status == types.ExecutionStatusFailed || status == types.ExecutionStatusTimedOut || status == types.ExecutionStatusAborted
}
