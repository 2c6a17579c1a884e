package run_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"
)

// list returns the list of a try at an invocation. It follows the try after, wrote the parts [first, next) and scanned from start to end.
func list(invocation int, try, after string, first, next int, start, end string) run.SegmentList {
	return run.SegmentList{
		Segment: 4, Plan: "p", Invocation: invocation, Try: try, After: after, FirstPart: first, NextPart: next, Start: start, End: end, Done: end == "",
	}
}

func tries(chain []run.SegmentList) string {
	var tries strings.Builder
	for _, list := range chain {
		tries.WriteString(list.Try)
	}
	return tries.String()
}

func TestChain(t *testing.T) {
	t.Parallel()
	first := list(0, "a", "", 0, 3, "", "x")
	foreign := first
	foreign.Plan = "q"
	const broken = "in segment 4, the list of invocation 1 does not follow a list before it"
	for _, test := range []struct {
		name  string
		lists []run.SegmentList
		chain string // the tries
		fault string
	}{
		{"one invocation", []run.SegmentList{list(0, "a", "", 0, 3, "", "")}, "a", ""},
		{"three lists that follow each other", []run.SegmentList{first, list(1, "b", "a", 3, 3, "x", "y"), list(2, "c", "b", 3, 9, "y", "")}, "abc", ""},
		{"one chain, and lists of tries that did not end", []run.SegmentList{list(0, "b", "", 0, 2, "", "w"), list(1, "c", "b", 2, 5, "w", "y"), list(0, "a", "", 0, 3, "", "")}, "a", ""},
		{"two tries with the same end, and one was continued", []run.SegmentList{first, list(0, "b", "", 0, 3, "", "x"), list(1, "c", "b", 3, 4, "x", "")}, "bc", ""},
		{"two tries that ended elsewhere", []run.SegmentList{first, list(0, "b", "", 0, 2, "", "w"), list(1, "c", "b", 2, 3, "w", "x"), list(1, "d", "a", 3, 4, "x", "")}, "ad", ""},
		{"none", nil, "", "segment 4 has 0 lists, and none of them ends the segment for this plan"},
		{"no end", []run.SegmentList{first}, "", "segment 4 has 1 lists, and none of them ends the segment for this plan"},
		{"the end of another plan", []run.SegmentList{{Segment: 4, Plan: "q", Try: "a", Done: true}}, "", "segment 4 has 1 lists, and none of them ends the segment for this plan"},
		{"a start of another plan", []run.SegmentList{foreign, list(1, "b", "a", 3, 5, "x", "")}, "", broken},
		{"no start", []run.SegmentList{list(1, "b", "", 0, 3, "", "")}, "", broken},
		{"a gap in the invocations", []run.SegmentList{first, list(2, "b", "a", 3, 5, "x", "")}, "", "in segment 4, the list of invocation 2 does not follow a list before it"},
		{"a gap in the parts", []run.SegmentList{first, list(1, "b", "a", 4, 5, "x", "")}, "", broken},
		{"a part named twice", []run.SegmentList{first, list(1, "b", "a", 2, 5, "x", "")}, "", broken},
		{"a gap in the table", []run.SegmentList{first, list(1, "b", "a", 3, 5, "y", "")}, "", broken},
		{"a try that is not there", []run.SegmentList{first, list(1, "b", "c", 3, 5, "x", "")}, "", broken},
		{"after the end", []run.SegmentList{list(1, "b", "a", 3, 5, "", ""), list(0, "a", "", 0, 3, "", "")}, "", broken},
		{"not from the start of the table", []run.SegmentList{list(0, "a", "", 0, 3, "x", "")}, "", "in segment 4, the list of invocation 0 does not follow a list before it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			chain, fault := run.Chain("p", 4, test.lists)
			if got := tries(chain); got != test.chain || fault != test.fault {
				t.Errorf("got %q, %q, want %q, %q", got, fault, test.chain, test.fault)
			}
		})
	}
}

func TestLongestChain(t *testing.T) {
	t.Parallel()
	a, b, c := list(0, "a", "", 0, 3, "", "x"), list(1, "b", "a", 3, 3, "x", "y"), list(2, "c", "b", 3, 9, "y", "z")
	end := list(3, "d", "c", 9, 10, "z", "")
	other := a
	other.Plan = "q"
	for _, test := range []struct {
		name  string
		lists []run.SegmentList
		gone  string // the tries that are not usable
		chain string
		asked string // about which tries, in order
	}{
		{"no lists", nil, "", "", ""},
		{"no end", []run.SegmentList{a, b, c}, "", "abc", "abc"},
		{"in another order", []run.SegmentList{c, a, b}, "", "abc", "abc"},
		{"to the end", []run.SegmentList{a, b, c, end}, "", "abcd", "abcd"},
		{"the last list is not usable", []run.SegmentList{a, b, c}, "c", "ab", "abc"},
		{"the end is not usable", []run.SegmentList{a, b, c, end}, "d", "abc", "abcd"},
		{"a list in the middle is not usable", []run.SegmentList{a, b, c, end}, "b", "a", "ab"},
		{"the first list is not usable", []run.SegmentList{a, b, c, end}, "a", "", "a"},
		{"a gap", []run.SegmentList{a, c, end}, "", "a", "a"},
		{"a gap in the table", []run.SegmentList{a, list(1, "e", "a", 3, 4, "w", "y")}, "", "a", "a"},
		{"no list of the first invocation", []run.SegmentList{b, c}, "", "", ""},
		{"another plan", []run.SegmentList{other, b}, "", "", ""},
		{"two tries of the last invocation", []run.SegmentList{a, b, list(1, "e", "a", 3, 8, "x", "z")}, "", "ab", "abe"},
		{"two tries of the last invocation, the first is not usable", []run.SegmentList{a, b, list(1, "e", "a", 3, 8, "x", "z")}, "b", "ae", "abe"},
		{"two tries, and one was continued", []run.SegmentList{a, list(0, "e", "", 0, 3, "", "x"), list(1, "f", "e", 3, 4, "x", "y")}, "", "ef", "aef"},
		{"an end before the end of a longer chain", []run.SegmentList{a, b, c, list(1, "e", "a", 3, 4, "x", "")}, "", "ae", "abec"},
		{"an end that is not usable, and a longer chain", []run.SegmentList{a, b, c, list(1, "e", "a", 3, 4, "x", "")}, "e", "abc", "abec"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := ""
			chain, err := run.LongestChain("p", test.lists, func(l run.SegmentList) (bool, error) {
				asked += l.Try
				return !strings.Contains(test.gone, l.Try), nil
			})
			if got := tries(chain); err != nil || got != test.chain || asked != test.asked {
				t.Errorf("got %q, %v, asked about %q, want %q, and asked about %q", got, err, asked, test.chain, test.asked)
			}
		})
	}
	fault := errors.New("no answer")
	if chain, err := run.LongestChain("p", []run.SegmentList{a}, func(run.SegmentList) (bool, error) { return true, fault }); !errors.Is(err, fault) || chain != nil {
		t.Errorf("got %v, %v, want %v", chain, err, fault)
	}
}

// Where Chain joins a segment's lists, LongestChain returns the same lists. Otherwise it returns lists that lead nowhere yet, which follow
// each other from the start.
func TestChainAndLongestChainAgree(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // test data, to be the same again
	all := func(run.SegmentList) (bool, error) { return true, nil }
	var ends, open int
	for range 5000 {
		// Each list follows a random one, and some are lost.
		grown := []run.SegmentList{{Invocation: -1, Plan: "p"}}
		done := false
		for n := range 1 + random.IntN(8) {
			before := grown[random.IntN(len(grown))]
			if before.Done {
				continue
			}
			next := list(before.Invocation+1, string(rune('a'+n)), before.Try, before.NextPart, before.NextPart+random.IntN(3), before.End, string(rune('s'+n)))
			if !done && random.IntN(4) == 0 {
				next.Done, next.End, done = true, "", true
			}
			grown = append(grown, next)
		}
		var lists []run.SegmentList
		for _, l := range grown[1:] {
			if random.IntN(8) > 0 {
				lists = append(lists, l)
			}
		}
		random.Shuffle(len(lists), func(i, j int) { lists[i], lists[j] = lists[j], lists[i] })
		chain, fault := run.Chain("p", 4, lists)
		longest, err := run.LongestChain("p", lists, all)
		whole := len(longest) > 0 && longest[len(longest)-1].Done
		if err != nil || whole != (fault == "") || whole && tries(chain) != tries(longest) {
			t.Fatalf("%+v: got the chain %s, %q, and the longest %s, %v", lists, tries(chain), fault, tries(longest), err)
		}
		at := run.Checkpoint{}
		for i, l := range longest {
			if l.Invocation != i || l.After != at.Try || l.FirstPart != at.Part || l.Start != at.Position {
				t.Fatalf("%+v: %+v does not begin at %+v", longest, l, at)
			}
			at = l.Next(at.Totals)
		}
		if whole {
			ends++
		} else {
			open++
		}
	}
	if ends < 100 || open < 100 {
		t.Errorf("%d chains have an end and %d have none, want many of each", ends, open)
	}
}
