package model

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// changed returns a copy of the state after a change. It sorts the invocations, so that states that differ only in their order are one.
func (s *state) changed(change func(*state)) state {
	n := *s
	n.invocations = slices.Clone(s.invocations)
	change(&n)
	slices.SortFunc(n.invocations, func(a, b invocation) int {
		return cmp.Or(compare(a.call, b.call), slices.CompareFunc(a.chains, b.chains, compare), slices.CompareFunc(a.seen, b.seen, compare), slices.CompareFunc(a.strays, b.strays, compare))
	})
	return n
}

// String returns what a reader needs in order to see why the model does not allow a step.
func (s *state) String() string {
	words := []string{fmt.Sprintf("claim %+v, committed: %v, schema %d", s.claim, s.commit, s.schema)}
	for e, own := range s.executions {
		words = append(words, fmt.Sprintf("execution %d: phase %d, failing: %t, staged: %t, schema %d, scanned %v", e, own.phase, own.failing, own.staged, own.schema, own.scanned))
	}
	for _, i := range s.invocations {
		words = append(words, fmt.Sprintf("invocation %+v", i.call))
	}
	for _, item := range s.bucket {
		words = append(words, item.String())
	}
	return strings.Join(words, "\n  ")
}

type key [2]uint64

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// key returns a digest of the state with 128 bits: among ten million states, two have the same digest once in 10^24 checks.
func (s *state) key() key {
	var room [1024]byte
	all := append(room[:0], bytesOf(s.head)...)
	add := func(items []Item) {
		all = append(append(all, byte(len(items)), byte(len(items)>>8)), bytesOf(items...)...)
	}
	for _, items := range [][]Item{s.bucket, s.files[0], s.files[1], s.commit[0], s.commit[1]} {
		add(items)
	}
	for _, i := range s.invocations {
		all = append(all, bytesOf(i.call)...)
		add(i.chains)
		add(i.seen)
		add(i.strays)
	}
	return key{maphash.Bytes(seeds[0], all), maphash.Bytes(seeds[1], all)}
}

// violated returns the invariant that does not hold in a state, "" if all hold.
func (m model) violated(s *state) string {
	owners := 0
	for _, e := range s.executions {
		if e.phase == working && e.takeovers == 0 {
			owners++
		}
	}
	visible, last := m.visible(s), s.passes[m.last()]
	commit := s.commit[m.last()]
	switch {
	case owners > 1:
		return "a claim has one owner"
	case s.wroteOthers:
		return "nobody writes to a run of another execution"
	case s.unwhole:
		return "what was scanned is whole"
	case s.abortedNamed:
		return "no function aborts what a chain names"
	case len(visible) > 0 && !last.decided:
		return "nothing is visible before the whole run is there"
	case m.twice(visible):
		return "no reader sees a page twice"
	case commit == nil && len(visible) > 0 && s.quiet() && !last.interrupted:
		return "a run that has failed shows nothing"
	case commit == nil && len(visible) > 0 && s.quiet() && s.changes == 0 && !m.mends(s):
		return "a redrive commits the run or withdraws it"
	}
	if violated := m.violatedPasses(s); violated != "" || commit == nil {
		return violated
	}
	return m.violatedCommit(s, m.last(), visible)
}

// violatedCommit returns the invariant that does not hold in a state in which a pass is committed. visible are its objects.
func (m model) violatedCommit(s *state, of int, visible []Item) string {
	objects, whole := s.has(s.commit[of], Object)
	switch {
	case s.passes[of].commits > 1:
		return "a run is committed once"
	case !slices.Equal(s.files[of], s.commit[of]):
		return "the manifest is the one that was committed"
	case !whole:
		return "what is committed is never overwritten or removed"
	case len(objects) < len(visible):
		return "a reader sees only what is committed"
	case slices.ContainsFunc(objects, func(i Item) bool { return i.Table != s.table }):
		return "all pages come from one table"
	case slices.ContainsFunc(objects, func(i Item) bool { return i.Schema != objects[0].Schema }):
		return "all rows have one schema"
	case !s.passes[of].late && slices.ContainsFunc(s.bucket, func(i Item) bool { return i.Kind == Upload && m.passOf(i.Segment) == of }):
		return "no upload stays open"
	}
	for g := range m.segments(of) {
		for page, kind := range m.Pages[g] {
			there := slices.ContainsFunc(objects, func(o Item) bool { return o.Segment == g && int(o.Start) <= page && page < int(o.End) })
			if kind == Full && !there {
				return "what is committed is complete"
			}
		}
	}
	return ""
}

// visible returns what a reader sees who lists data/.
func (m model) visible(s *state) (objects []Item) {
	objects = m.objects(s, m.last())
	if m.StagesInData && m.last() > 0 {
		objects = slices.Concat(objects, m.objects(s, 0))
	}
	return objects
}

// objects returns the objects of a pass.
func (m model) objects(s *state, of int) (objects []Item) {
	for _, i := range s.bucket {
		if i.Kind == Object && m.passOf(i.Segment) == of {
			objects = append(objects, i)
		}
	}
	return objects
}

// twice tells whether a page is in two objects.
func (m model) twice(objects []Item) bool {
	for i, a := range objects {
		for _, b := range objects[:i] {
			if a.Segment == b.Segment && a.Start < b.End && b.Start < a.End {
				return true
			}
		}
	}
	return false
}

// quiet tells whether nothing is at work, and nothing happens unless somebody redrives an execution or starts another one.
func (s *state) quiet() bool {
	return len(s.invocations) == 0 && !slices.ContainsFunc(s.executions[:], func(e execution) bool {
		return e.phase == taking || e.phase == looking || e.phase == working
	})
}

// mends tells whether a redrive of the execution that has the run commits it or withdraws it. If the table was replaced, only an execution that has
// scanned everything can continue.
func (m model) mends(s *state) bool {
	own := s.executions[s.owner-1]
	unscanned := slices.ContainsFunc(own.scanned[:len(m.Pages)], func(c Checkpoint) bool { return !c.Done })
	if s.table != s.now && s.commit[0] == nil && (!own.planned || unscanned) {
		return true
	}
	at := m.redriven(s)
	return at.commit[m.last()] != nil || len(m.visible(&at)) == 0
}

// redriven returns the state after a redrive of the execution that has the run. Plan has refused all other executions before.
func (m model) redriven(s *state) state {
	at, owner := *s, s.owner-1
	for e := range at.executions {
		if uint8(e) != owner {
			at.executions[e].phase = dead
		}
	}
	m.wanted, m.Redrives, m.Crashes, m.Aborts, m.Replacements, m.Changes = nil, unlimited, s.crashes, s.aborts, s.replacements, s.changes
	for step := range 1000 {
		var change func(*state)
		m.steps(&at, func(next Step, c func(*state)) {
			if next.Execution == owner && change == nil && (step == 0 || next.Kind != Begins) {
				change = c
			}
		})
		if change == nil || at.commit[m.last()] != nil {
			break
		}
		at = at.changed(change)
	}
	return at
}
