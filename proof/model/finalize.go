package model

import "slices"

// finalize is lambda/finalize.
func (m model) finalize(s *state, at int, next emit) {
	f := s.invocations[at]
	switch f.progress {
	case called:
		m.reading(s, at, next)
	case compared:
		if !m.clean(s, at, next) && !m.complete(s, at, next) && !m.sweep(s, at, next) {
			m.listFiles(s, at, next)
		}
	case listed:
		commit := f.step(Commits)
		commit.hidden = s.commit != nil && !m.CommitsOverAnother
		next(commit, func(n *state) {
			if !commit.hidden {
				n.commit, n.commits, n.committer = f.chains, n.commits+1, f.execution+1
			}
			m.finish(n, at)
		})
	case gone, withdrawing, removing:
		m.withdraw(s, at, next)
	case finished:
		next(f.step(Returns), func(n *state) {
			n.stop(at)
			n.end(f.execution, succeeded)
		})
	}
}

// finish ends a finalize of a run that is committed.
func (m model) finish(n *state, at int) {
	if n.invocations[at].progress = finished; !n.invocations[at].live { // nobody waits for what it returns
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
		if s.commit != nil && !m.CommitsOverAnother {
			m.finish(n, at)
		} else {
			m.decide(n, at)
		}
	})
	read(asked, has(found), Asks, func(n *state) {
		if s.owner != f.execution+1 && !m.CommitsUnasked {
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
			there := slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind != of })
			own.seen = slices.Concat(own.seen, there)
			m.decide(n, at)
		})
	}
	read(merged, has(found|second) || m.CompletesUnchecked && has(asked), Merges, func(n *state) { m.merge(n, s, at) })
}

// merge reads the lists.
func (m model) merge(n, s *state, at int) {
	f := &n.invocations[at]
	for g := range m.Pages {
		chain, ok := m.chain(s, uint8(g))
		if !ok {
			f.read |= broken
		}
		f.chains = append(f.chains, chain...)
	}
	f.strays = slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind != List || slices.Contains(f.chains, i) })
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
	whole := own.read&broken == 0
	own.progress, own.read = compared, 0
	if !whole {
		n.unwhole = true
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
		m.miss(n, at)
	default:
		n.decided = true
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

// miss is what happens if S3 no longer has what the lists name.
func (m model) miss(n *state, at int) {
	n.unwhole = n.unwhole || n.aborts == 0
	own := &n.invocations[at]
	if own.progress, own.strays = gone, nil; m.KeepsGone {
		n.fail(at)
	}
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
		n.wroteOthers = n.wroteOthers || s.trespasses(f.execution)
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
		if m.CompletesAll && stray.Kind == Upload && !named(f.chains, stray) {
			more = true
			m.completeOne(s, at, stray, next)
		}
	}
	if missing {
		next(f.hidden(misses), func(n *state) { m.miss(n, at) })
	}
	return more || missing
}

func (m model) completeOne(s *state, at int, upload Item, next emit) {
	f := s.invocations[at]
	next(f.step(Completes, upload), func(n *state) {
		n.bucket = m.put(without(n.bucket, []Item{upload}), upload.as(Object))
		n.wroteOthers = n.wroteOthers || s.trespasses(f.execution)
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
			m.aborts(n, s, strays)
			n.wroteOthers = n.wroteOthers || s.trespasses(f.execution)
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
	write.hidden = slices.Equal(s.files, f.chains)
	next(write, func(n *state) {
		n.invocations[at].progress = listed
		n.files, n.invocations[at].strays = f.chains, nil
		n.wroteOthers = n.wroteOthers || s.trespasses(f.execution)
	})
}

// withdraw makes sure that a run which has lost an upload shows nothing: it removes what was completed. Before, it looks once more whether
// the run is committed, and whose it is. It leaves open uploads to a takeover.
func (m model) withdraw(s *state, at int, next emit) {
	f := s.invocations[at]
	objects := s.objects()
	switch f.progress {
	case gone:
		next(f.step(Finds), func(n *state) {
			if n.invocations[at].progress = withdrawing; s.commit != nil {
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
			if n.wroteOthers = n.wroteOthers || s.trespasses(f.execution); m.wanted == nil {
				n.fail(at)
			}
		})
		if m.wanted != nil && len(s.objects()) == 0 {
			next(f.hidden(ends), func(n *state) { n.fail(at) })
		}
	}
}
