package states

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// control holds what a test has asked the server to do.
type control struct {
	mu      sync.Mutex
	refused map[string]error // by operation
}

// Refuse makes every later call of an operation end with an error, such as one of the SDK's types; nil allows the operation again.
func (s *Server) Refuse(operation string, refusal error) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	if s.control.refused == nil {
		s.control.refused = map[string]error{}
	}
	s.control.refused[operation] = refusal
}

func (s *Server) refusal(operation string) error {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return s.control.refused[operation]
}

// Put makes an execution known that this server does not run, or changes it. A zero time is not known.
func (s *Server) Put(arn string, status types.ExecutionStatus, start, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := make(chan struct{})
	close(ended)
	s.executions[arn] = &execution{arn: arn, machine: s.StateMachineARN(), status: status, start: start, end: end, ended: ended, stop: func(error) {}}
}
