package exports

import (
	"encoding/json"
	"slices"
	"sync"
)

// A script is what a test has asked for, and what it may ask about.
type script struct {
	mu       sync.Mutex
	failures []failure
	refusals map[string][]*apiError // by operation
	requests []json.RawMessage
}

// A failure is how an export ends that does not end well.
type failure struct{ code, message string }

// Fail makes the next so many exports that are started end FAILED with the code. Their data files are written, as those of
// an export that fails late, but no manifest is.
func (s *Server) Fail(code, message string, exports int) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	s.script.failures = append(s.script.failures, slices.Repeat([]failure{{code, message}}, exports)...)
}

// Refuse makes the next so many calls of an operation, also one that would be forwarded, end with an exception:
// ThrottlingException, LimitExceededException, InternalServerError and so on.
func (s *Server) Refuse(operation, exception, message string, calls int) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	if s.script.refusals == nil {
		s.script.refusals = map[string][]*apiError{}
	}
	refusal := refuse(exception, "%s", message)
	s.script.refusals[operation] = append(s.script.refusals[operation], slices.Repeat([]*apiError{refusal}, calls)...)
}

// Requests returns the bodies of all calls of ExportTableToPointInTime in their order, also of those that were refused.
func (s *Server) Requests() []json.RawMessage {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	return slices.Clone(s.script.requests)
}

// Export is one that was started.
type Export struct {
	ARN    string
	Status string // IN_PROGRESS, COMPLETED or FAILED
	// Manifest is the key of manifest-summary.json once it is COMPLETED, and FailureCode is why it is FAILED.
	Manifest    string
	FailureCode string
	// Description is what DescribeExport answers, as JSON.
	Description json.RawMessage
}

// Exports returns the exports that were started, in their order.
func (s *Server) Exports() []Export {
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	all := make([]Export, len(s.exports.all))
	for i, e := range s.exports.all {
		d := e.description
		text, err := json.Marshal(d)
		if err != nil {
			panic("internal error: a description that is no JSON: " + err.Error())
		}
		all[i] = Export{ARN: d.ARN, Status: d.Status, Manifest: d.ExportManifest, FailureCode: d.FailureCode, Description: text}
	}
	return all
}

// Hold keeps the exports that are started from now on IN_PROGRESS until Finish.
func (s *Server) Hold() {
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	s.exports.held = true
}

// Finish lets all exports end, whatever Hold, Options.Delay and Options.Checks say, and returns when they have. Those that are
// started later are held no more.
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

func (s *script) record(body json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, body)
}

// refusal returns how a call of the operation is to be refused, nil if it is not.
func (s *script) refusal(operation string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.refusals[operation]
	if len(queue) == 0 {
		return nil
	}
	s.refusals[operation] = queue[1:]
	return queue[0]
}

// failure returns how the export that is started is to fail, nil if it is not.
func (s *script) failure() *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) == 0 {
		return nil
	}
	first := s.failures[0]
	s.failures = s.failures[1:]
	return &first
}
