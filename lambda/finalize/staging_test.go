package finalize

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// The result goes through Step Functions, and finalize holds the counts of all segments. So both are bounded, however many attributes are in the
// column _rest, and however long their names are. No count is lost.
func TestCountsOfTheRestAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		lists, names int
		length       int
		held, shown  int // at most so many names
	}{
		{"few names", 3, 10, 10, 10, 10},
		{"many names", 200, 100, 10, heldRest + 1, shownRest + 1},
		{"long names", 3, 100, longestRest, 300, shownRestBytes/longestRest + 1},
		{"names that are too long", 3, 100, longestRest + 1, 1, 1},
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
			shown := mostRest(f.rest)
			total := int64(0)
			for _, n := range shown {
				total += n
			}
			if want := int64(test.lists * test.names * (test.names + 1) / 2); total != want {
				t.Errorf("the counts are %d together, want %d", total, want)
			}
			if len(f.rest) > test.held || len(shown) > test.shown {
				t.Errorf("%d names are held and %d are shown, want at most %d and %d", len(f.rest), len(shown), test.held, test.shown)
			}
			if size := len(run.Marshal(shown)); size > quota.MaxResultBytes/4 {
				t.Errorf("the result has %d bytes of them", size)
			}
			if test.shown > shownRest && shown[strings.Repeat("0", test.length)] > 0 {
				t.Error("the rarest attribute is shown")
			}
		})
	}
}
