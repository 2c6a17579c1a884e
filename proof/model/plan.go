package model

import "slices"

// plan is lambda/plan: it claims the run or takes it over. If Plan refuses an execution, nothing changes.
func (m model) plan(s *state, e uint8, next emit) {
	own, mine := s.executions[e], uint8(1)<<e
	committed, staged := s.commit[m.last()] != nil, m.staged(s)
	step := func(kind Kind) Step {
		return Step{Kind: kind, Execution: e, Segment: None, hidden: kind == plans || kind == loses}
	}
	write := func(n *state, as phase) {
		n.owner, n.version = e+1, n.version+1
		if s.owner == 0 || m.TakesAnyTable { // otherwise the table was compared with the claim's before
			n.table = s.now
		}
		n.executions[e].table = n.table
		if own.failing {
			as = dead
		}
		n.executions[e].phase, n.executions[e].came, n.executions[e].planned, n.executions[e].read = as, true, as == working, claim{}
	}
	work := func(n *state) { n.executions[e].phase, n.executions[e].planned = working, true }
	skip := func(n *state, to uint8) { // Step Functions goes straight to Finalize
		for g := range to {
			n.executions[e].scanned[g].Done = true
		}
	}
	switch {
	case own.phase == planning && s.owner == 0:
		if e == 0 { // the first one is called so
			next(step(Claims), func(n *state) { write(n, working) })
		}
	case own.phase == planning && e > 1 && !s.executions[e-1].came: // the others come in their order
	case own.phase == planning && s.owner == e+1 && own.failing:
	case own.phase == planning && !committed && !staged && s.owner != 0 && s.table != s.now && !m.TakesAnyTable: // Plan refuses this too
	case own.phase == planning && s.owner == e+1 && committed && m.Staged > 0 && s.schema == 0: // and this
	case own.phase == planning && s.owner == e+1:
		next(step(plans), func(n *state) {
			n.executions[e].table = s.table
			n.executions[e].takeovers = s.takeovers
			if staged {
				skip(n, m.Staged)
			}
			if !committed && s.before&^mine != 0 {
				n.executions[e].phase = looking
				return
			}
			if committed {
				skip(n, Segments)
				n.executions[e].schema = s.schema
			}
			work(n)
		})
	case own.phase == planning && committed:
	case own.phase == planning && m.ClaimsOverAnother:
		next(step(Claims), func(n *state) { write(n, working) })
	case own.phase == planning && (m.TakesOverTheLiving || m.gone(s, s.owner-1)):
		next(step(Looks), func(n *state) {
			n.executions[e].phase, n.executions[e].read, n.executions[e].came = taking, s.claim, true
			if staged {
				skip(n, m.Staged)
			}
		})
	case own.phase == taking && own.read != s.claim && !m.TakesOverBlindly:
		next(step(loses), func(n *state) { n.executions[e] = execution{phase: planning, came: true, failing: own.failing} })
	case own.phase == taking:
		next(step(Claims), func(n *state) {
			write(n, looking)
			n.before = own.read.before | 1<<(own.read.owner-1)
			n.takeovers = own.read.takeovers + 1
			n.executions[e].takeovers = n.takeovers
		})
	case own.phase == looking && !own.failing:
		next(step(Looks), func(n *state) {
			for other := range m.Executions {
				if s.before&^mine&(1<<other) != 0 && !m.LooksOnce && !m.TakesOverTheLiving && !m.gone(s, other) {
					n.executions[e].failing = true
					return
				}
			}
			work(n)
		})
	}
}

// gone tells whether an execution is dead and none of its invocations is at work.
func (m model) gone(s *state, e uint8) bool {
	atWork := slices.ContainsFunc(s.invocations, func(i invocation) bool { return i.execution == e })
	return s.executions[e].phase == dead && (!atWork || m.TakesOverAtOnce)
}
