package model

import "slices"

// finalize is lambda/finalize.
func (m model) finalize(s *state, at int, next emit) {
	f := s.invocations[at]
	switch f.progress {
	case called:
		m.reading(s, at, next)
	case compared:
		more := m.clean(s, at, next) || m.complete(s, at, next) || m.sweep(s, at, next)
		if !more || f.pass() < m.last() && s.removed { // what it has completed was removed since
			m.listFiles(s, at, next)
		}
	case listed:
		if m.RemovesEarly && f.schema > 0 && m.removeStaged(s, at, next) {
			return
		}
		commit, there := f.step(Commits), s.commit[f.pass()] != nil && (f.pass() == m.last() || !s.removed)
		commit.hidden = there && !m.CommitsOverAnother
		next(commit, func(n *state) {
			if m.ChecksLate && s.schema != f.schema {
				n.fail(at)
				return
			}
			if own := &n.passes[f.pass()]; !commit.hidden {
				n.commit[f.pass()], own.commits, own.committer = f.chains, own.commits+1, f.execution+1
			}
			m.finish(n, at)
		})
	case gone, withdrawing, removing:
		m.withdraw(s, at, next)
	case tidying:
		m.tidy(s, at, next)
	case finished:
		next(f.step(Returns), func(n *state) {
			if n.stop(at); f.pass() < m.last() {
				n.executions[f.execution].staged = true
			} else {
				n.end(f.execution, succeeded)
			}
		})
	}
}

// finish ends a finalize of a pass that is committed. After the second pass, it first removes the staged files.
func (m model) finish(n *state, at int) {
	own := &n.invocations[at]
	switch {
	case own.schema > 0 && own.progress != tidying:
		own.progress, own.read, own.chains, own.seen, own.strays = tidying, 0, nil, nil, nil
	case own.live:
		own.progress = finished
	default: // nobody waits for what it returns
		n.stop(at)
	}
}

// reading emits the reads before the decision. In a large folder, finalize looks for a commit and reads the claim, and then it lists the
// uploads and the objects. In a small one, it lists the uploads first. With the objects, it then lists the commit, and it reads the claim and
// the lists at the same time. In both it lists the uploads before the objects: what is not among the uploads any more may have been
// completed, and is then among the objects.
func (m model) reading(s *state, at int, next emit) {
	f := s.invocations[at]
	has := func(all reads) bool { return f.read&all == all }
	read := func(one reads, may bool, kind Kind, change func(n *state)) {
		if may && !has(one) {
			next(f.step(kind), func(n *state) {
				n.invocations[at].read |= one
				change(n)
			})
		}
	}
	first, second := uploads, objects
	if m.ObjectsFirst {
		first, second = objects, uploads
	}
	read(found, f.read == 0 || has(second), Finds, func(n *state) {
		if m.committed(s, f.pass()) && !m.CommitsOverAnother {
			if m.LeavesStaged {
				n.invocations[at].progress = tidying
			}
			m.finish(n, at)
		} else {
			m.decide(n, at)
		}
	})
	read(asked, has(found), Asks, func(n *state) {
		if s.owner != f.execution+1 && !m.CommitsUnasked || f.schema > 0 && s.schema != f.schema && !m.ChecksLate {
			n.fail(at)
		} else {
			m.decide(n, at)
		}
	})
	for _, listing := range []reads{first, second} {
		kind, of := Uploads, Upload
		if listing == objects {
			kind, of = Compares, Object
		}
		may := has(first)
		if listing == first {
			may = f.read == 0 || has(asked)
		}
		read(listing, may, kind, func(n *state) {
			own := &n.invocations[at]
			there := slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind != of || m.passOf(i.Segment) != f.pass() })
			own.seen = slices.Concat(own.seen, there)
			m.decide(n, at)
		})
	}
	read(merged, has(found|second) || m.CompletesUnchecked && has(asked), Merges, func(n *state) { m.merge(n, s, at) })
}

// merge reads the lists.
func (m model) merge(n, s *state, at int) {
	f := &n.invocations[at]
	for g := range m.segments(f.pass()) {
		chain, ok := m.chain(s, g, f.schema)
		if !ok {
			f.read |= broken
		}
		f.chains = append(f.chains, chain...)
	}
	f.strays = slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool {
		return i.Kind != List || m.passOf(i.Segment) != f.pass() || slices.Contains(f.chains, i)
	})
	for i := range f.chains {
		f.chains[i].Takeovers = 0 // a manifest does not have it
	}
	slices.SortFunc(f.chains, compare)
	m.decide(n, at)
}

// decide compares the lists with the listings, if finalize has read everything.
func (m model) decide(n *state, at int) {
	own := &n.invocations[at]
	needed := found | asked | merged | uploads | objects
	if m.CompletesUnchecked {
		needed = found | asked | merged
	}
	if own.read&needed != needed {
		return
	}
	whole := own.read&broken == 0 && m.converted(own)
	own.progress, own.read = compared, 0
	if !whole {
		n.unwhole = n.unwhole || !n.excused(own.pass())
		n.fail(at)
		return
	}
	for _, i := range own.seen {
		if !named(own.chains, i) {
			own.strays = m.put(own.strays, i)
		}
	}
	missing := slices.ContainsFunc(refs(own.chains), func(ref Item) bool {
		return !slices.ContainsFunc(own.seen, func(i Item) bool { return i.is(ref) })
	})
	switch own.seen = nil; {
	case m.CompletesUnchecked:
	case missing:
		m.lose(n, at)
	default:
		n.passes[own.pass()].decided = true
	}
}

// refs returns what lists name. The items have no pages.
func refs(lists []Item) (items []Item) {
	for _, l := range lists {
		for number := l.First; number < l.Next; number++ {
			items = append(items, Item{Segment: l.Segment, Number: number, Try: l.Try})
		}
	}
	return items
}

// is tells whether an item is what a list names.
func (i Item) is(ref Item) bool {
	return i.Kind != List && i.Segment == ref.Segment && i.Number == ref.Number && i.Try == ref.Try && i.Twin == 0
}

// clean removes the objects that no list names, before any upload is completed. It returns whether there is something to do.
func (m model) clean(s *state, at int, next emit) bool {
	f := s.invocations[at]
	objects := slices.DeleteFunc(slices.Clone(f.strays), func(i Item) bool { return i.Kind != Object || !slices.Contains(s.bucket, i) })
	if m.LeavesObjects || len(objects) == 0 {
		return false
	}
	next(f.step(Sweeps, objects...), func(n *state) {
		n.bucket = without(n.bucket, objects)
		n.wroteOthers = n.wroteOthers || m.trespasses(s, f.execution)
	})
	return true
}

// complete completes the uploads in any order. It returns whether there is something to do.
func (m model) complete(s *state, at int, next emit) (more bool) {
	f := s.invocations[at]
	missing := false
	for _, ref := range refs(f.chains) {
		there := slices.IndexFunc(s.bucket, func(i Item) bool { return i.is(ref) })
		switch {
		case there < 0:
			missing = true
		case s.bucket[there].Kind == Upload:
			more = true
			m.completeOne(s, at, s.bucket[there], next)
		}
	}
	for _, stray := range s.bucket {
		if m.CompletesAll && stray.Kind == Upload && m.passOf(stray.Segment) == f.pass() && !named(f.chains, stray) {
			more = true
			m.completeOne(s, at, stray, next)
		}
	}
	if missing {
		next(f.hidden(misses), func(n *state) { m.lose(n, at) })
	}
	return more || missing
}

func (m model) completeOne(s *state, at int, upload Item, next emit) {
	f := s.invocations[at]
	next(f.step(Completes, upload), func(n *state) {
		n.bucket = m.put(without(n.bucket, []Item{upload}), upload.as(Object))
		n.wroteOthers = n.wroteOthers || m.trespasses(s, f.execution)
	})
}

// sweep aborts uploads and removes lists that the chains do not name. It returns whether there is something to do.
func (m model) sweep(s *state, at int, next emit) bool {
	f := s.invocations[at]
	left := slices.DeleteFunc(slices.Clone(f.strays), func(i Item) bool {
		return i.Kind == Object || i.Kind == Upload && m.LeavesUploads || !slices.Contains(s.bucket, i)
	})
	for _, kind := range []ItemKind{Upload, List} {
		strays := slices.DeleteFunc(slices.Clone(left), func(i Item) bool {
			return i.Kind != kind || kind == Upload && m.wanted != nil && !slices.Contains(m.wanted.Items, i)
		})
		if len(strays) == 0 {
			continue
		}
		step := f.step(Sweeps, strays...)
		if kind == Upload {
			step.Kind = Aborts
		}
		next(step, func(n *state) {
			m.aborts(n, s, f.call, strays)
			n.wroteOthers = n.wroteOthers || m.trespasses(s, f.execution)
		})
		if m.wanted == nil {
			break // one after the other
		}
	}
	return len(left) > 0
}

// listFiles writes manifest-files.json.
func (m model) listFiles(s *state, at int, next emit) {
	f := s.invocations[at]
	objects, _ := s.has(f.chains, Object)
	write := f.step(Lists, objects...)
	write.hidden = slices.Equal(s.files[f.pass()], f.chains)
	next(write, func(n *state) {
		n.invocations[at].progress = listed
		n.files[f.pass()], n.invocations[at].strays = f.chains, nil
		n.wroteOthers = n.wroteOthers || m.trespasses(s, f.execution)
	})
}
