package finalize

import (
	"fmt"
	"testing"
)

// finalize holds the counts of all segments. So they are bounded, however many attributes are in the column _rest, and however long their names are.
// No count is lost.
func TestCountsOfTheRestAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		lists, names int
		length       int
		held         int // at most so many names
	}{
		{"few names", 3, 10, 10, 10},
		{"many names", 200, 100, 10, heldRest + 1},
		{"long names", 3, 100, longestRest, 300},
		{"names that are too long", 3, 100, longestRest + 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var f found
			for list := range test.lists {
				counts := map[string]int64{}
				for i := range test.names {
					number := i
					if test.names == 100 {
						number += 100 * list
					}
					counts[fmt.Sprintf("%0*d", test.length, number)] = int64(1 + i)
				}
				f.addRest(counts)
			}
			total := int64(0)
			for _, n := range f.rest {
				total += n
			}
			if want := int64(test.lists * test.names * (test.names + 1) / 2); total != want {
				t.Errorf("the counts are %d together, want %d", total, want)
			}
			if len(f.rest) > test.held {
				t.Errorf("%d names are held, want at most %d", len(f.rest), test.held)
			}
		})
	}
}
