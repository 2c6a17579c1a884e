package model

import (
	"fmt"
	"slices"
)

// RejectionError says that the model does not allow a trace.
type RejectionError struct {
	// Step is the index of the first step that the model does not allow.
	Step int
	// Reason says why, and in which state of the model.
	Reason string
}

// Error returns the reason.
func (r *RejectionError) Error() string { return r.Reason }

// Replay checks that the model allows a trace: the steps that a real run has taken, in their order. The model can take hidden steps
// between them, so Replay follows every state that the run can be in. It fails with a *RejectionError at the first step after which no
// such state is left, or none in which all invariants hold.
func Replay(bounds Bounds, trace []Step) error {
	bounds.Crashes, bounds.Redrives = unlimited, unlimited
	possible := []state{{}}
	for i, step := range trace {
		step.Items = slices.SortedFunc(slices.Values(step.Items), compare)
		m := model{Bounds: bounds, scans: unlimited, finalizes: unlimited, wanted: &step, traced: true}
		before := m.withHidden(possible)
		var violation string
		if possible, violation = m.follow(before, step); len(possible) == 0 {
			reason := "the model does not allow"
			if violation != "" {
				reason = fmt.Sprintf("the invariant %q does not hold after", violation)
			}
			return &RejectionError{i, fmt.Sprintf("%s %q in the state\n%s", reason, step, before[0].String())}
		}
	}
	return nil
}

// follow returns the states that a step of a trace leads to, or an invariant that does not hold after it.
func (m model) follow(before []state, wanted Step) (after []state, violation string) {
	found := set{}
	for i := range before {
		stays := wanted.Kind.Reads() || slices.Contains([]Kind{Begins, Dies, Stops, GivesUp}, wanted.Kind) || before[i].lacks(wanted)
		m.steps(&before[i], func(step Step, change func(*state)) {
			if step.hidden || step.Kind != wanted.Kind || step.Execution != wanted.Execution || step.Segment != wanted.Segment ||
				step.Name != wanted.Name || step.Schema != wanted.Schema || step.At != wanted.At || !slices.Equal(step.Items, wanted.Items) {
				return
			}
			next := before[i].changed(change)
			if stays = false; m.violated(&next) != "" {
				violation = m.violated(&next)
				return
			}
			found.add(next)
			// The answer to a read that ends the invocation can have been lost.
			stays = wanted.Kind.Reads() && (next.lacks(wanted) || next.executions[wanted.Execution].failing)
		})
		if stays {
			found.add(before[i])
		}
	}
	return found.states, violation
}

// lacks tells whether the invocation that reads or returns in a step has ended in the model before.
func (s *state) lacks(step Step) bool {
	return step.Segment != None && (step.Kind == Returns || step.Kind.Reads()) &&
		!slices.ContainsFunc(s.invocations, func(i invocation) bool { return i.segment == step.Segment && i.name == step.Name })
}

// withHidden returns the states, and those that hidden steps lead to from them.
func (m model) withHidden(states []state) []state {
	found := set{}
	for _, s := range states {
		found.add(s)
	}
	for i := 0; i < len(found.states); i++ {
		at := found.states[i]
		m.steps(&at, func(step Step, change func(*state)) {
			if next := at.changed(change); step.hidden && m.violated(&next) == "" {
				found.add(next)
			}
		})
	}
	return found.states
}

// set is a set of states, in the order in which they were added.
type set struct {
	states []state
	known  map[key]bool
}

func (s *set) add(one state) {
	if s.known == nil {
		s.known = map[key]bool{}
	}
	if k := one.key(); !s.known[k] {
		s.known[k] = true
		s.states = append(s.states, one)
	}
}
