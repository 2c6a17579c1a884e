package runschema

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// The result goes through Step Functions. So the counts in it are bounded, however many attributes there are, and however long their names are. No
// count is lost.
func TestShownCountsAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		names, length int
		most          int // names
	}{
		{"few names", 10, 10, 10},
		{"many names", 10_000, 10, shownRest + 1},
		{"long names", 1000, 255, shownRestBytes/255 + 1},
	} {
		counts, want := map[string]int64{}, int64(0)
		for i := range int64(test.names) {
			counts[fmt.Sprintf("%0*d", test.length, i)] = i + 1
			want += i + 1
		}
		shown, total := mostRest(counts), int64(0)
		for _, n := range shown {
			total += n
		}
		if total != want || len(shown) > test.most {
			t.Errorf("%s: %d names have %d values, want at most %d names with %d", test.name, len(shown), total, test.most, want)
		}
		if size := len(run.Marshal(shown)); size > quota.MaxResultBytes/4 {
			t.Errorf("%s: the result has %d bytes of them", test.name, size)
		}
		if _, ok := shown[strings.Repeat("0", test.length)]; ok != (test.names <= shownRest) {
			t.Errorf("%s: that the rarest attribute is shown is %v", test.name, ok)
		}
	}
}
