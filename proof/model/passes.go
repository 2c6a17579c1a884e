package model

import (
	"iter"
	"slices"
)

// last is the number of the pass whose commit is that of the run: 1 if it makes Parquet files, and otherwise 0.
func (m model) last() int { return int(min(m.Staged, 1)) }

// segments yields the segments of a pass.
func (m model) segments(of int) iter.Seq[uint8] {
	from, to := m.Staged, uint8(len(m.Pages))
	if of < m.last() {
		from, to = 0, m.Staged
	}
	return func(yield func(uint8) bool) {
		for g := from; g < to && yield(g); {
			g++
		}
	}
}

// passOf returns the pass of a segment. Each pass has a folder of its own.
func (m model) passOf(segment uint8) int {
	if segment < m.Staged {
		return 0
	}
	return m.last()
}

// pass returns the pass of an invocation: only the plan of the second one has a schema.
func (c call) pass() int { return int(min(c.schema, 1)) }

// committed tells whether S3 has the commit of a pass. That of the first pass is removed after the commit of the second one.
func (m model) committed(s *state, of int) bool {
	return s.commit[of] != nil && (of == m.last() || !s.removed)
}

// staged tells whether the first of two passes is committed.
func (m model) staged(s *state) bool { return m.last() > 0 && m.committed(s, 0) }

// pages returns the pages of a segment. In the second pass, they are those of its list of staged files.
func (m model) pages(s *state, segment uint8) string {
	pages := m.Pages[segment]
	if s.cut == segment+1 {
		return pages[:len(pages)-1]
	}
	return pages
}

// source returns the staged object that has a page of the second pass. Both passes have the same pages in the same order.
func (m model) source(s *state, segment uint8, page int) (staged Item, ok bool) {
	for g := range m.segments(1) {
		if g < segment {
			page += len(m.Pages[g])
		}
	}
	for g := range m.segments(0) {
		if page < len(m.Pages[g]) {
			at := slices.IndexFunc(s.bucket, func(i Item) bool {
				return i.Kind == Object && i.Segment == g && int(i.Start) <= page && page < int(i.End) && named(s.commit[0], i)
			})
			if at < 0 {
				return Item{}, false
			}
			return s.bucket[at], true
		}
		page -= len(m.Pages[g])
	}
	return Item{}, false
}

// convert returns the TableId of the pages that an upload of the second pass has, and whether S3 has all of them as the first pass wrote them. A trace has
// other pages in each pass, and shows which files were read (fetch).
func (m model) convert(s *state, upload Item) (table uint8, ok bool) {
	if m.traced {
		return s.table, true
	}
	table = s.table
	for page := upload.Start; page < upload.End; page++ {
		staged, there := m.source(s, upload.Segment, int(page))
		if !there || staged.Table != s.table && !m.ReadsAnyFile {
			return 0, false
		}
		table = max(table, staged.Table)
	}
	return table, true
}

// miss ends an invocation of convert whose next staged file is gone or was changed.
func (m model) miss(s *state, at int, pages string, next emit) bool {
	c := s.invocations[at].call
	if c.schema == 0 || int(c.page) == len(pages) {
		return false
	}
	if _, ok := m.convert(s, Item{Segment: c.segment, Start: c.page, End: c.page + 1}); ok {
		return false
	}
	next(c.hidden(misses), func(n *state) {
		n.fail(at)
		n.bucket = slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind == Upload && c.wrote(i) })
	})
	return true
}

// fetch follows the read of a staged file in a trace. The commit of the first pass must name it.
func (m model) fetch(s *state, at int, next emit) {
	c := s.invocations[at].call
	if m.wanted != nil && m.wanted.Kind == Fetches && c.schema > 0 && c.progress >= scanning && !slices.ContainsFunc(m.wanted.Items, func(i Item) bool { return !slices.Contains(s.bucket, i) || !named(s.commit[0], i) }) {
		next(c.step(Fetches, m.wanted.Items...), func(*state) {})
	}
}

// columns is lambda/columns. Each invocation would decide a schema of its own: what the last run had can change.
func (m model) columns(s *state, at int, next emit) {
	c := s.invocations[at].call
	returns := func(n *state, schema uint8) { n.invocations[at].progress, n.invocations[at].schema = finished, schema }
	switch c.progress {
	case called:
		next(c.step(Asks), func(n *state) {
			if n.invocations[at].progress = owning; s.owner != c.execution+1 && !m.DecidesUnasked {
				n.fail(at)
			}
		})
	case owning:
		next(c.hidden(settles), func(n *state) {
			switch {
			case s.schema != 0:
				returns(n, s.schema)
			case !m.staged(s):
				n.fail(at)
			default:
				n.invocations[at].progress = merging
			}
		})
	case merging:
		decide := c.step(Decides)
		decide.Schema = s.schemas + 1
		decide.hidden = s.schema != 0 && !m.DecidesAnew
		next(decide, func(n *state) {
			if decide.hidden && !m.ReturnsOwn {
				returns(n, s.schema)
				return
			}
			n.schemas = decide.Schema
			if returns(n, n.schemas); !decide.hidden {
				n.schema = n.schemas
				n.wroteOthers = n.wroteOthers || m.trespasses(s, c.execution)
			}
		})
	case finished:
		next(c.step(Returns), func(n *state) {
			if c.live {
				n.executions[c.execution].schema = c.schema
			}
			n.stop(at)
		})
	}
}

// converted tells whether the lists that finalize has read have all pages.
func (m model) converted(f *invocation) bool {
	left := 0
	for g := range m.segments(f.pass()) {
		left += len(m.Pages[g])
	}
	for _, l := range f.chains {
		left -= int(l.End - l.Start)
	}
	return f.schema == 0 || left == 0 || m.ConvertsSome
}

// tidy removes what the first pass has left, after the commit of the second one. A trace may keep it, or what was written too late.
func (m model) tidy(s *state, at int, next emit) {
	if more := !m.KeepsStaged && m.removeStaged(s, at, next); !more || m.wanted != nil {
		next(s.invocations[at].hidden(ends), func(n *state) { m.finish(n, at) })
	}
}

// removeStaged removes the lists with the commit, then the objects, and then what is open. It returns whether there is something to do.
func (m model) removeStaged(s *state, at int, next emit) bool {
	f, staged := s.invocations[at], slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return m.passOf(i.Segment) > 0 })
	if m.wanted != nil {
		staged = slices.DeleteFunc(staged, func(i Item) bool { return !slices.Contains(m.wanted.Items, i) })
	}
	for _, kind := range []ItemKind{List, Object, Upload} {
		items := slices.DeleteFunc(slices.Clone(staged), func(i Item) bool { return i.Kind != kind && (m.wanted == nil || i.Kind == Upload || kind == Upload) })
		if len(items) == 0 {
			continue
		}
		step := f.step(Sweeps, items...)
		if kind == Upload {
			step.Kind = Aborts
		}
		next(step, func(n *state) { n.bucket, n.files[0], n.removed = without(n.bucket, items), nil, true })
		break // one after the other
	}
	return len(staged) > 0
}

// tamper emits how another program can change what lies between the passes.
func (m model) tamper(s *state, next emit) {
	if s.changes == m.Changes || !m.staged(s) || s.commit[1] != nil {
		return
	}
	step := func(kind Kind, change func(n *state), items ...Item) {
		next(Step{Kind: kind, Segment: None, Items: items}, func(n *state) {
			count(&n.changes)
			change(n)
		})
	}
	for _, object := range m.objects(s, 0) {
		changed := object
		changed.Table++
		step(changes, func(n *state) { n.bucket = m.put(n.bucket, changed) }, object)
	}
	if s.schema != 0 {
		step(removes, func(n *state) { n.schema = 0 })
	}
	for g := range m.segments(1) {
		begun := slices.ContainsFunc(s.bucket, func(i Item) bool { return i.Segment == g }) ||
			slices.ContainsFunc(s.invocations, func(i invocation) bool { return i.segment == g })
		if s.cut == 0 && len(m.Pages[g]) > 1 && !begun {
			step(shortens, func(n *state) { n.cut = g + 1 })
		}
	}
}

// violatedPasses returns the invariant that does not hold in a run of two passes, after the commit of the first one.
func (m model) violatedPasses(s *state) string {
	if m.last() == 0 || s.commit[0] == nil {
		return ""
	}
	left := slices.ContainsFunc(s.bucket, func(i Item) bool { return m.passOf(i.Segment) == 0 })
	succeeds := slices.ContainsFunc(s.executions[:], func(e execution) bool { return e.phase == succeeded })
	switch {
	case s.commit[1] == nil && s.removed:
		return "nothing staged is removed before the commit"
	case s.commit[1] != nil && succeeds && left && !s.passes[0].late && !m.KeepsStaged:
		return "nothing staged is left"
	case s.commit[1] != nil || s.changes+s.aborts > 0:
		return ""
	}
	if violated := m.violatedCommit(s, 0, m.objects(s, 0)); violated != "" || !s.quiet() {
		return violated
	}
	if at := m.redriven(s); at.commit[1] == nil {
		return "a redrive commits what is staged"
	}
	return ""
}
