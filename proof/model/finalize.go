package model

import "slices"

// finalize is lambda/finalize.
func (m model) finalize(s *state, at int, next emit) {
	f := s.invocations[at]
	to := func(n *state, p progress) { n.invocations[at].progress = p }
	finish := func(n *state) {
		if to(n, finished); !f.live { // nobody waits for what it returns
			n.stop(at)
		}
	}
	switch f.progress {
	case called:
		next(f.step(Finds), func(n *state) {
			if to(n, looked); s.commit != nil && !m.CommitsOverAnother {
				finish(n)
			}
		})
	case looked:
		next(f.step(Asks), func(n *state) {
			if to(n, owning); s.owner != f.execution+1 && !m.CommitsUnasked {
				n.fail(at)
			}
		})
	case owning:
		next(f.step(Merges), func(n *state) {
			to(n, merged)
			var chains []Item
			for g := range m.Pages {
				chain, ok := m.chain(s, uint8(g))
				if !ok {
					n.unwhole = true
					n.fail(at)
					return
				}
				chains = append(chains, chain...)
			}
			n.invocations[at].chains = chains
			n.invocations[at].strays = slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return !i.List || slices.Contains(chains, i) })
		})
	case merged:
		next(f.step(Compares), func(n *state) {
			to(n, compared)
			named, whole := s.objects(f.chains)
			if !whole {
				n.unwhole = true
				n.fail(at)
				return
			}
			strays := slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.List || slices.Contains(named, i) })
			n.invocations[at].strays = slices.Concat(strays, f.strays)
		})
	case compared:
		m.sweep(s, at, next)
	case swept:
		m.sweep(s, at, next)
		objects, _ := s.objects(f.chains)
		write := f.step(Lists, objects...)
		write.hidden = slices.Equal(s.files, f.chains)
		next(write, func(n *state) {
			to(n, listed)
			n.files, n.invocations[at].strays = f.chains, nil
			n.wroteOthers = n.wroteOthers || s.trespasses(f.execution)
		})
	case listed:
		commit := f.step(Commits)
		commit.hidden = s.commit != nil && !m.CommitsOverAnother
		next(commit, func(n *state) {
			if !commit.hidden {
				n.commit, n.commits, n.committer = f.chains, n.commits+1, f.execution+1
			}
			finish(n)
		})
	case finished:
		next(f.step(Returns), func(n *state) {
			n.stop(at)
			n.end(f.execution, succeeded)
		})
	}
}

// sweep removes what no list names. If the answer was lost, finalize repeats it.
func (m model) sweep(s *state, at int, next emit) {
	f := s.invocations[at]
	strays := without(f.strays, without(f.strays, s.bucket)) // those that nobody has removed since
	if m.LeavesLeftovers {
		strays = nil
	}
	sweep := f.step(Sweeps, strays...)
	if sweep.hidden = len(strays) == 0; sweep.hidden && f.progress == swept {
		return
	}
	next(sweep, func(n *state) {
		n.bucket, n.invocations[at].progress = without(n.bucket, strays), swept
		for _, item := range strays {
			if slices.ContainsFunc(n.invocations, func(i invocation) bool { return i.wrote(item) }) {
				n.swept = m.put(n.swept, item)
			}
		}
	})
}
