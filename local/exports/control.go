package exports

import (
	"encoding/json"
	"slices"
	"sync"
)

// control holds what a test has asked the server to do, and the requests that a test can read.
type control struct {
	mu       sync.Mutex
	failures []failure
	refusals map[string][]*apiError // by operation
	requests []json.RawMessage
}

// A failure is the FailureCode and FailureMessage of an export.
type failure struct{ code, message string }

// Fail makes the given number of the next exports end FAILED with the code. Like an export that fails late, they write data files but
// no manifest.
func (s *Server) Fail(code, message string, exports int) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.failures = append(s.control.failures, slices.Repeat([]failure{{code, message}}, exports)...)
}

// Refuse makes the given number of the next calls of an operation end with an exception, such as ThrottlingException,
// LimitExceededException or InternalServerError. The operation may be one that would be forwarded.
func (s *Server) Refuse(operation, exception, message string, calls int) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	if s.control.refusals == nil {
		s.control.refusals = map[string][]*apiError{}
	}
	refusal := refuse(exception, "%s", message)
	s.control.refusals[operation] = append(s.control.refusals[operation], slices.Repeat([]*apiError{refusal}, calls)...)
}

// Requests returns the bodies of all calls of ExportTableToPointInTime, in order, including calls that were refused.
func (s *Server) Requests() []json.RawMessage {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return slices.Clone(s.control.requests)
}

// Export is an export that was started.
type Export struct {
	ARN    string
	Status string // IN_PROGRESS, COMPLETED or FAILED
	// Manifest is the key of manifest-summary.json of a COMPLETED export, and FailureCode the code of a FAILED one.
	Manifest    string
	FailureCode string
}

// Exports returns the exports that were started, in order.
func (s *Server) Exports() []Export {
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	all := make([]Export, len(s.exports.all))
	for i, e := range s.exports.all {
		d := e.description
		all[i] = Export{ARN: d.ARN, Status: d.Status, Manifest: d.ExportManifest, FailureCode: d.FailureCode}
	}
	return all
}

// Hold keeps all exports that start from now on IN_PROGRESS until Finish.
func (s *Server) Hold() {
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	s.exports.held = true
}

// Finish ends all exports, regardless of Hold, Options.Delay and Options.Checks, and returns when they have ended. It also ends Hold.
func (s *Server) Finish() {
	s.exports.mu.Lock()
	s.exports.held = false
	all := slices.Clone(s.exports.all)
	for _, e := range all {
		select {
		case <-e.finish:
		default:
			close(e.finish)
		}
	}
	s.exports.mu.Unlock()
	for _, e := range all {
		<-e.done
	}
}

func (c *control) record(body json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, body)
}

// refusal returns the exception of a call of the operation, or nil.
func (c *control) refusal(operation string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.refusals[operation]
	if len(queue) == 0 {
		return nil
	}
	c.refusals[operation] = queue[1:]
	return queue[0]
}

// nextFailure returns how the export that starts must fail, or nil.
func (c *control) nextFailure() *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) == 0 {
		return nil
	}
	first := c.failures[0]
	c.failures = c.failures[1:]
	return &first
}
