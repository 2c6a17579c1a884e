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
		return cmp.Or(compare(a.call, b.call), slices.CompareFunc(a.chains, b.chains, compare), slices.CompareFunc(a.strays, b.strays, compare))
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
	for _, items := range [][]Item{s.bucket, s.swept, s.files, s.commit} {
		add(items)
	}
	for _, i := range s.invocations {
		all = append(all, bytesOf(i.call)...)
		add(i.chains)
		add(i.strays)
	}
	return key{maphash.Bytes(seeds[0], all), maphash.Bytes(seeds[1], all)}
}

// violated returns the invariant that does not hold in a state, "" if all hold.
func (m model) violated(s *state) string {
	owners := 0
	for _, e := range s.executions {
		if e.phase == working && !e.tookOver {
			owners++
		}
	}
	switch {
	case owners > 1:
		return "a claim has one owner"
	case s.wroteOthers:
		return "nobody writes to a run of another execution"
	case s.unwhole:
		return "what was scanned is whole"
	case s.commit == nil:
		return ""
	case s.commits > 1:
		return "a run is committed once"
	case !slices.Equal(s.files, s.commit):
		return "the manifest is the one that was committed"
	}
	objects, whole := s.objects(s.commit)
	if !whole {
		return "what is committed is never overwritten or removed"
	}
	if !s.late && slices.ContainsFunc(s.bucket, func(i Item) bool { return !i.List && !slices.Contains(objects, i) }) {
		return "the bucket has no other data"
	}
	for g, pages := range m.Pages {
		for page, kind := range pages {
			times := 0
			for _, o := range objects {
				if int(o.Segment) == g && int(o.Start) <= page && page < int(o.End) {
					times++
				}
			}
			switch {
			case times == 0 && kind == Full:
				return "what is committed is complete"
			case times > 1:
				return "no item is named twice"
			}
		}
	}
	return ""
}
