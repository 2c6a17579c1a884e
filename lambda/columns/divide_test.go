package columns

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesAreDividedIntoLikeSegments(t *testing.T) {
	for _, test := range []struct {
		name  string
		items []int64
		most  int
		want  []int
	}{
		{"no file", nil, 5, []int{0}},
		{"one file", []int64{7}, 5, []int{1}},
		{"one segment", []int64{1, 2, 3}, 1, []int{3}},
		{"more segments than files", []int64{1, 2, 3}, 100, []int{1, 2, 3}},
		{"like files", []int64{5, 5, 5, 5, 5, 5}, 3, []int{2, 4, 6}},
		{"a large file first", []int64{100, 1, 1, 1}, 3, []int{1, 2, 4}},
		{"a large file last", []int64{1, 1, 1, 100}, 3, []int{2, 3, 4}},
		{"small files beside large ones", []int64{10, 1, 10, 1, 10, 1}, 3, []int{2, 4, 6}},
	} {
		if diff := cmp.Diff(test.want, split(test.items, test.most)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// However large the files are, each segment has one, the last segment ends with the last file, and no segment has more than its share and two
// files.
func TestEverySegmentHasAFile(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		items := make([]int64, 1+random.IntN(60))
		total, largest := int64(0), int64(0)
		for i := range items {
			items[i] = 1 + random.Int64N(1+random.Int64N(1000))
			total += items[i]
			largest = max(largest, items[i])
		}
		most := 1 + random.IntN(70)
		ends := split(items, most)
		if !slices.Equal(ends, split(items, most)) {
			t.Fatalf("seed %d: the same files are divided in two ways", seed)
		}
		if len(ends) != min(most, len(items)) || ends[len(ends)-1] != len(items) {
			t.Fatalf("seed %d: %d files and at most %d segments give the ends %v", seed, len(items), most, ends)
		}
		begin := 0
		for _, end := range ends {
			sum := int64(0)
			for _, n := range items[begin:max(begin, end)] {
				sum += n
			}
			if sum == 0 || sum > total/int64(len(ends))+2*largest {
				t.Fatalf("seed %d: files %v give the ends %v, and a segment has %d of %d items", seed, items, ends, sum, total)
			}
			begin = end
		}
	}
}
