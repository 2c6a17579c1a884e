package model

import "fmt"

// finalize is lambda/commit.
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
				ends(dead, "finalize of execution %d finds no chain of lists", who)
				return
			}
		}
		own.step = hasMerged
		next(n, "finalize of execution %d merges the lists", who)
	case hasMerged:
		if !m.OutlivedByAnAttempt && attemptsAtWork(s, f.execution) {
			return
		}
		for g := range s.objects {
			if !m.TrustsLists && present(f.merged.objects[g], s.objects[g]) != f.merged.objects[g] {
				ends(dead, "finalize of execution %d finds objects that are not as listed", who)
				return
			}
		}
		own.step = hasCompared
		next(n, "finalize of execution %d holds the lists against the bucket", who)
	case hasCompared:
		for g := range n.objects {
			for p := range n.objects[g] {
				if f.merged.objects[g][p] == (object{}) && !m.LeavesLeftovers {
					n.objects[g][p] = object{}
				}
			}
			for i := f.merged.ends[g]; i < parts && !m.LeavesLeftovers; i++ {
				n.lists[g][i] = list{}
			}
		}
		own.step = hasSwept
		next(n, "finalize of execution %d removes what no list names", who)
	case hasSwept:
		n.files, own.step = f.merged, hasListed
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

// attemptsAtWork tells whether an invocation of scan is at work that its execution does not wait for any more.
func attemptsAtWork(s *state, e uint8) bool {
	for _, w := range s.workers {
		if w.there && w.execution == e {
			return true
		}
	}
	return false
}
