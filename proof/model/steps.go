package model

// model is one instance.
type model struct {
	Bounds
	Rules
}

// emit is told of each state that may follow, and what has happened.
type emit func(next state, format string, args ...any)

// steps emits all that may happen next.
func (m model) steps(s *state, next emit) {
	for e := range m.Executions {
		m.plan(s, e, next)
		m.schedule(s, e, next)
		m.die(s, e, next)
	}
	for w := range s.workers {
		if s.workers[w].there {
			m.scan(s, w, next)
		}
	}
	for f := range s.finalizers {
		if s.finalizers[f].step != none {
			m.finalize(s, f, next)
		}
	}
}

// plan is lambda/plan: claim the run, or take it over. An execution that is turned away leaves everything as it was.
func (m model) plan(s *state, e uint8, next emit) {
	n, who := *s, e+1
	own := &n.executions[e]
	switch own.phase {
	case planning:
		switch {
		case s.owner == 0 && e == 0: // whoever is the first is called so
			n.owner, own.phase = who, working
			n.version++
			next(n, "execution %d claims the run", who)
		case s.owner == 0, s.committed, e > 1 && s.executions[e-1].phase == planning: // the others come in their order
		case m.ClaimsOverAnother:
			n.owner, own.phase = who, working
			n.version++
			next(n, "execution %d claims the run, too", who)
		case m.TakesOverTheLiving, isDead(s.executions[s.owner-1]) && (m.TakesOverAtOnce || quiet(s, s.owner-1)):
			own.phase, own.read, own.from = taking, s.version, s.owner
			next(n, "execution %d finds that it may take the run over from execution %d", who, s.owner)
		}
	case taking:
		if own.read != s.version && !m.TakesOverBlindly {
			own.phase = planning
			next(n, "execution %d finds the claim changed", who)
			return
		}
		n.owner, own.phase, own.tookOver = who, looking, true
		n.version++
		next(n, "execution %d takes the run over", who)
	case looking:
		for from := own.from; from != 0 && !m.LooksOnce && !m.TakesOverTheLiving; from = s.executions[from-1].from {
			if !isDead(s.executions[from-1]) || !m.TakesOverAtOnce && !quiet(s, from-1) {
				own.phase = refused
				next(n, "execution %d finds execution %d redriven", who, from)
				return
			}
		}
		own.phase = working
		next(n, "execution %d goes on", who)
	default:
	}
}

func isDead(e execution) bool { return e.phase == dead || e.phase == refused }

// quiet tells whether nothing that an execution has called is at work.
func quiet(s *state, e uint8) bool {
	for _, w := range s.workers {
		if w.there && w.execution == e {
			return false
		}
	}
	for _, f := range s.finalizers {
		if f.step != none && f.execution == e {
			return false
		}
	}
	return true
}

// schedule is Step Functions: it calls scan for each segment from the last checkpoint, and then finalize.
func (m model) schedule(s *state, e uint8, next emit) {
	own := s.executions[e]
	if own.phase != working {
		return
	}
	open := uint8(0)
	for g, at := range own.scanned {
		if at.done || open == m.Concurrency {
			continue
		}
		open++
		if w := freeWorker(s); w >= 0 && !called(s, e, uint8(g)) {
			n := *s
			n.workers[w] = worker{
				there: true, live: true, execution: e, segment: uint8(g),
				invocation: at.invocation, first: at.part, part: at.part, start: at.pos, pos: at.pos, after: at.try,
			}
			next(n, "execution %d calls scan for segment %d from page %d", e+1, g, at.pos)
		}
	}
	if open > 0 {
		return
	}
	free := -1
	for f, each := range s.finalizers {
		switch {
		case each.step == none:
			free = f
		case each.live && each.execution == e:
			return
		}
	}
	if free >= 0 {
		n := *s
		n.finalizers[free] = finalizer{step: begun, live: true, execution: e}
		next(n, "execution %d calls finalize", e+1)
	}
}

func freeWorker(s *state) int {
	for w := range s.workers {
		if !s.workers[w].there {
			return w
		}
	}
	return -1
}

func called(s *state, e, g uint8) bool {
	for _, w := range s.workers {
		if w.there && w.live && w.execution == e && w.segment == g {
			return true
		}
	}
	return false
}

// die is all that can go wrong with an execution and what it has called, and its redrive.
func (m model) die(s *state, e uint8, next emit) {
	own := s.executions[e]
	if own.phase == dead && s.redrives < m.Redrives {
		n := *s
		n.redrives++
		n.executions[e].phase = working
		next(n, "execution %d is redriven", e+1)
	}
	if s.crashes == m.Crashes {
		return
	}
	if own.phase == working {
		n := *s
		n.crashes++
		m.end(&n, e, dead)
		next(n, "execution %d is aborted", e+1)
	}
	for w, each := range s.workers {
		if each.there && each.execution == e {
			n := *s
			n.crashes++
			n.workers[w] = worker{}
			next(n, "scan of segment %d by execution %d is killed", each.segment, e+1)
			if each.live {
				n = *s
				n.crashes++
				n.workers[w].live = false
				next(n, "scan of segment %d by execution %d is given up, and goes on", each.segment, e+1)
			}
		}
	}
	for f, each := range s.finalizers {
		if each.step != none && each.execution == e {
			n := *s
			n.crashes++
			n.finalizers[f] = finalizer{}
			next(n, "finalize of execution %d is killed", e+1)
			if each.live {
				n = *s
				n.crashes++
				n.finalizers[f].live = false
				next(n, "finalize of execution %d is given up, and goes on", e+1)
			}
		}
	}
}

// end ends an execution; nobody waits for what it has called any more.
func (m model) end(s *state, e uint8, as phase) {
	s.executions[e].phase = as
	for w := range s.workers {
		if s.workers[w].execution == e {
			s.workers[w].live = false
		}
	}
	for f := range s.finalizers {
		if s.finalizers[f].execution == e {
			s.finalizers[f].live = false
		}
	}
}
