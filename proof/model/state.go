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
	words := []string{fmt.Sprintf("claim %+v, committed: %t", s.claim, s.commit != nil)}
	for e, own := range s.executions {
		words = append(words, fmt.Sprintf("execution %d: phase %d, failing: %t, scanned %v", e, own.phase, own.failing, own.scanned))
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
	for _, items := range [][]Item{s.bucket, s.files, s.commit} {
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
	visible := s.objects()
	switch {
	case owners > 1:
		return "a claim has one owner"
	case s.wroteOthers:
		return "nobody writes to a run of another execution"
	case s.unwhole:
		return "what was scanned is whole"
	case s.abortedNamed:
		return "no function aborts what a chain names"
	case len(visible) > 0 && !s.decided:
		return "nothing is visible before the whole run is there"
	case m.twice(visible):
		return "no reader sees a page twice"
	case s.commit == nil && len(visible) > 0 && s.quiet() && !s.interrupted:
		return "a run that has failed shows nothing"
	case s.commit == nil && len(visible) > 0 && s.quiet() && !m.mends(s):
		return "a redrive commits the run or withdraws it"
	case s.commit == nil:
		return ""
	case s.commits > 1:
		return "a run is committed once"
	case !slices.Equal(s.files, s.commit):
		return "the manifest is the one that was committed"
	}
	return m.violatedCommit(s, visible)
}

// violatedCommit returns the invariant that does not hold in a state in which the run is committed.
func (m model) violatedCommit(s *state, visible []Item) string {
	objects, whole := s.has(s.commit, Object)
	switch {
	case !whole:
		return "what is committed is never overwritten or removed"
	case len(objects) < len(visible):
		return "a reader sees only what is committed"
	case slices.ContainsFunc(objects, func(i Item) bool { return i.Table != s.table }):
		return "all pages come from one table"
	case !s.late && slices.ContainsFunc(s.bucket, func(i Item) bool { return i.Kind == Upload }):
		return "no upload stays open"
	}
	for g, pages := range m.Pages {
		for page, kind := range pages {
			there := slices.ContainsFunc(objects, func(o Item) bool { return int(o.Segment) == g && int(o.Start) <= page && page < int(o.End) })
			if kind == Full && !there {
				return "what is committed is complete"
			}
		}
	}
	return ""
}

// objects returns what a reader sees who lists the objects.
func (s *state) objects() (objects []Item) {
	for _, i := range s.bucket {
		if i.Kind == Object {
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

// mends tells whether a redrive of the execution that has the run commits it or withdraws it. Plan has refused all other executions before. If
// the table was replaced, only an execution that has scanned everything can continue.
func (m model) mends(s *state) bool {
	at, owner := *s, s.owner-1
	own := s.executions[owner]
	unscanned := slices.ContainsFunc(own.scanned[:len(m.Pages)], func(c Checkpoint) bool { return !c.Done })
	if s.table != s.now && (!own.planned || unscanned) {
		return true
	}
	for e := range at.executions {
		if uint8(e) != owner {
			at.executions[e].phase = dead
		}
	}
	m.wanted, m.Redrives, m.Crashes, m.Aborts, m.Replacements = nil, unlimited, s.crashes, s.aborts, s.replacements
	for step := range 1000 {
		var change func(*state)
		m.steps(&at, func(next Step, c func(*state)) {
			if next.Execution == owner && change == nil && (step == 0 || next.Kind != Begins) {
				change = c
			}
		})
		if change == nil || at.commit != nil {
			break
		}
		at = at.changed(change)
	}
	return at.commit != nil || len(at.objects()) == 0
}
