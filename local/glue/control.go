package glue

import (
	"slices"
	"sync"
)

// control holds what a test has asked the server to do, and the calls that a test can read.
type control struct {
	mu    sync.Mutex
	plans map[string][]*plan // by operation
	calls []string
}

// A plan is what happens to the next calls of an operation.
type plan struct {
	left    int          // calls
	before  func(in any) // nil for nothing
	refusal error        // nil to carry the call out
	lose    bool         // the answer
}

// Refuse makes the given number of the next calls of an operation end with an error of the SDK's types, such as Throttle() or
// LakeFormationDenial("Alter", "orders").
func (s *Server) Refuse(operation string, refusal error, calls int) {
	s.control.add(operation, &plan{left: calls, refusal: refusal})
}

// Lose carries out the given number of the next calls of an operation, and then closes the connection instead of answering.
func (s *Server) Lose(operation string, calls int) {
	s.control.add(operation, &plan{left: calls, lose: true})
}

// Before makes the server call do before it carries out the next call of an operation. do gets the SDK's input of the call, and may
// itself call the server: so a test makes a change at the same time as another one.
func (s *Server) Before(operation string, do func(in any)) {
	s.control.add(operation, &plan{left: 1, before: do})
}

// Calls returns the operations of all calls, in order, including calls that Refuse and Lose have changed.
func (s *Server) Calls() []string {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return slices.Clone(s.control.calls)
}

func (c *control) add(operation string, p *plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plans == nil {
		c.plans = map[string][]*plan{}
	}
	c.plans[operation] = append(c.plans[operation], p)
}

// next records a call and returns what is planned for it.
func (c *control) next(operation string) plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, operation)
	for _, p := range c.plans[operation] {
		if p.left > 0 {
			p.left--
			return *p
		}
	}
	return plan{}
}
