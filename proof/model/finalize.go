package model

import "fmt"

// finalize is lambda/finalize.
func (m model) finalize(s *state, at int, next emit) {
	n, f := *s, s.finalizers[at]
	own, who := &n.finalizers[at], f.execution+1
	ends := func(as phase, format string, args ...any) {
		if *own = (finalizer{}); f.live {
			m.end(&n, f.execution, as)
		}
		next(n, format, args...)
	}
	switch f.step {
	case begun:
		switch {
		case s.committed && !m.CommitsOverAnother:
			ends(succeeded, "finalize of execution %d finds the run committed", who)
		case s.owner != who && !m.CommitsUnasked:
			ends(dead, "finalize of execution %d finds that execution %d has the run", who, s.owner)
		default:
			own.step = mayCommit
			next(n, "finalize of execution %d finds the run its own", who)
		}
	case mayCommit:
		for g := range uint8(segments) {
			if !m.chain(s, g, &own.merged) {
				n.unwhole = true
				ends(dead, "finalize of execution %d finds no chain of lists", who)
				return
			}
		}
		own.step = hasMerged
		next(n, "finalize of execution %d merges the lists", who)
	case hasMerged:
		for g := range uint8(segments) {
			if m.present(s, g, f.merged.objects[g]) != f.merged.objects[g] {
				n.unwhole = true
				ends(dead, "finalize of execution %d finds objects that are not as listed", who)
				return
			}
		}
		own.step = hasCompared
		next(n, "finalize of execution %d holds the lists against the bucket", who)
	case hasCompared:
		for g := range uint8(segments) {
			if !m.LeavesLeftovers {
				m.sweep(&n, g, f.merged)
			}
		}
		own.step = hasSwept
		next(n, "finalize of execution %d removes what no list names", who)
	case hasSwept:
		n.files, own.step = f.merged, hasListed
		n.wroteOthers = n.wroteOthers || trespasses(s, f.execution)
		next(n, "finalize of execution %d writes manifest-files.json", who)
	case hasListed:
		if !s.committed || m.CommitsOverAnother {
			n.committed, n.commit = true, f.merged
			n.commits++
		}
		ends(succeeded, "finalize of execution %d commits", who)
	default:
		panic(fmt.Sprintf("internal error: there is no step %d", f.step))
	}
}

// sweep removes what no list of the chain names.
func (m model) sweep(s *state, g uint8, named manifest) {
	for try := range s.tries[g] {
		own := &s.tries[g][try]
		for p, o := range named.objects[g] {
			if o == (object{}) || m.dataOf(o.try) != try {
				own.objects[p] = object{}
			}
		}
		if l := own.list; l.there && named.lists[g][l.invocation] != l.try {
			own.list = list{}
		}
	}
}
