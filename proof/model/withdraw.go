package model

import "slices"

// excused tells whether another program has changed what a finalize finds, or the staged files were removed.
func (s *state) excused(of int) bool { return s.aborts+s.changes > 0 || of == 0 && s.removed }

// lose is what happens if S3 no longer has what the lists name.
func (m model) lose(n *state, at int) {
	own := &n.invocations[at]
	n.unwhole = n.unwhole || !n.excused(own.pass())
	if own.progress, own.strays = gone, nil; m.KeepsGone {
		n.fail(at)
	}
}

// withdraw makes sure that a run which has lost an upload shows nothing: it removes what was completed. Before, it looks once more whether
// the run is committed, and whose it is. It leaves open uploads to a takeover.
func (m model) withdraw(s *state, at int, next emit) {
	f := s.invocations[at]
	objects := m.objects(s, f.pass())
	switch f.progress {
	case gone:
		next(f.step(Finds), func(n *state) {
			if n.invocations[at].progress = withdrawing; m.committed(s, f.pass()) {
				m.finish(n, at)
			}
		})
	case withdrawing:
		next(f.step(Asks), func(n *state) {
			if n.invocations[at].progress = removing; s.owner != f.execution+1 && !m.CommitsUnasked || len(objects) == 0 {
				n.fail(at)
			}
		})
	default:
		if m.wanted != nil {
			objects = slices.DeleteFunc(objects, func(i Item) bool { return !slices.Contains(m.wanted.Items, i) })
		}
		next(f.step(Sweeps, objects...), func(n *state) {
			n.bucket = without(n.bucket, objects)
			if n.wroteOthers = n.wroteOthers || m.trespasses(s, f.execution); m.wanted == nil {
				n.fail(at)
			}
		})
		if m.wanted != nil && len(m.objects(s, f.pass())) == 0 {
			next(f.hidden(ends), func(n *state) { n.fail(at) })
		}
	}
}
