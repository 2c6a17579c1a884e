package model

import "slices"

// Outcome is the result of Check.
type Outcome struct {
	States, Transitions int
	// Committed is the number of states in which the run is committed.
	Committed int
	// Violation is the invariant that does not hold in some state, "" if all hold. Steps is the shortest way to that state.
	Violation string
	Steps     []Step
}

// visit says how a state was reached first: from which state, and by which of that state's steps.
type visit struct {
	from key
	step uint32
}

// Check visits every state that can be reached, nearest first. It stops at the first one in which an invariant does not hold.
func Check(bounds Bounds, rules Rules) Outcome {
	m := model{Bounds: bounds, Rules: rules, scans: 4, finalizes: 2}
	var first state
	visits, open := map[key]visit{first.key(): {}}, []state{first}
	outcome := Outcome{States: 1}
	for len(open) > 0 {
		var found []state
		for i := range open {
			at, from, number := &open[i], open[i].key(), uint32(0)
			m.steps(at, func(_ Step, change func(*state)) {
				number++
				outcome.Transitions++
				if outcome.Violation != "" {
					return
				}
				next := at.changed(change)
				reached := next.key()
				if _, seen := visits[reached]; seen {
					return
				}
				visits[reached] = visit{from, number}
				outcome.States++
				if next.commit[m.last()] != nil {
					outcome.Committed++
				}
				if outcome.Violation = m.violated(&next); outcome.Violation != "" {
					outcome.Steps = m.way(visits, first, reached)
				}
				found = append(found, next)
			})
			if outcome.Violation != "" {
				return outcome
			}
		}
		open = found
	}
	return outcome
}

// way returns the steps from the first state to another.
func (m model) way(visits map[key]visit, first state, to key) (steps []Step) {
	var path []uint32
	for start := first.key(); to != start; to = visits[to].from {
		path = append(path, visits[to].step)
	}
	at := first
	for _, wanted := range slices.Backward(path) {
		number, from := uint32(0), at
		m.steps(&from, func(step Step, change func(*state)) {
			if number++; number == wanted {
				at = from.changed(change)
				steps = append(steps, step)
			}
		})
	}
	return steps
}
