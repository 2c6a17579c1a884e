package model

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"unsafe"
)

// Outcome is what a check has come to.
type Outcome struct {
	States, Transitions int
	// Committed counts the states in which the run is committed.
	Committed int
	// Violation is the invariant that does not hold somewhere, "" for none. Steps is the shortest way there.
	Violation string
	Steps     []string
}

type key [2]uint64

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// visit is how a state was come to: from which, and by which of the steps that it has.
type visit struct {
	from key
	step uint32
}

// Check looks at every state that can be come to, nearest first, and stops at the first in which an invariant does not hold.
func Check(bounds Bounds, rules Rules) Outcome {
	m := model{bounds, rules}
	var first state
	visits, open := map[key]visit{keyOf(&first): {}}, []state{first}
	outcome := Outcome{States: 1}
	for len(open) > 0 {
		var found []state
		for i := range open {
			at, from, step := &open[i], keyOf(&open[i]), uint32(0)
			m.steps(at, func(next state, _ string, _ ...any) {
				step++
				outcome.Transitions++
				if outcome.Violation != "" {
					return
				}
				next = canonical(next)
				reached := keyOf(&next)
				if _, seen := visits[reached]; seen {
					return
				}
				visits[reached] = visit{from, step}
				outcome.States++
				if next.committed {
					outcome.Committed++
				}
				if outcome.Violation = m.violated(&next); outcome.Violation != "" {
					outcome.Steps = m.way(visits, first, reached)
				}
				found = append(found, next)
			})
			if outcome.Violation != "" {
				return outcome
			}
		}
		open = found
	}
	return outcome
}

// way returns the steps from the first state to another.
func (m model) way(visits map[key]visit, first state, to key) []string {
	var path []uint32
	for start := keyOf(&first); to != start; to = visits[to].from {
		path = append(path, visits[to].step)
	}
	var told []string
	at := first
	for _, step := range slices.Backward(path) {
		n, after := uint32(0), at
		m.steps(&at, func(next state, format string, args ...any) {
			if n++; n == step {
				after = canonical(next)
				told = append(told, fmt.Sprintf(format, args...))
			}
		})
		at = after
	}
	return told
}

// keyOf is a digest of a state, of 128 bits: of ten million states two would be taken for one once in 10^24 checks.
func keyOf(s *state) key {
	return key{maphash.Bytes(seeds[0], bytesOf(s)), maphash.Bytes(seeds[1], bytesOf(s))}
}

// canonical puts the workers and finalizers in the order of what they do, so that states that differ in nothing else are one.
func canonical(s state) state {
	sort(s.workers[:])
	sort(s.finalizers[:])
	return s
}

// bytesOf returns what a value is made of; all here are made of bytes alone.
func bytesOf[T any](value *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))
}

// sort sorts a few values by their bytes.
func sort[T any](values []T) {
	for i := range values {
		for j := i; j > 0 && bytes.Compare(bytesOf(&values[j-1]), bytesOf(&values[j])) > 0; j-- {
			values[j-1], values[j] = values[j], values[j-1]
		}
	}
}

// violated returns which invariant does not hold in a state, "" for none.
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
		return "nobody writes to a run that is another's"
	case s.unwhole:
		return "what was scanned is whole"
	case !s.committed:
		return ""
	case s.commits > 1:
		return "a run is committed once"
	case s.files != s.commit:
		return "the manifest is the one that was committed"
	}
	for g, objects := range s.commit.objects {
		var times [4]int
		for p, o := range objects {
			for page := o.from; page < o.to; page++ {
				times[page]++
			}
			if o != (object{}) && o != s.tries[g][m.dataOf(o.try)].objects[p] {
				return "what is committed is never overwritten or removed"
			}
			for try := range s.tries[g] {
				if there := s.tries[g][try].objects[p]; there != (object{}) && !s.late && (o == (object{}) || try != m.dataOf(o.try)) {
					return "the bucket has nothing besides"
				}
			}
		}
		for page := range m.Pages[g] {
			switch times[page] {
			case 0:
				return "committed implies complete"
			case 1:
			default:
				return "no item is named twice"
			}
		}
	}
	return ""
}
