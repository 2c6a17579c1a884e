package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// withNames is the item of one attribute whose map has so many names.
func withNames(names int, value string) string {
	return `{"a":{"M":{` + strings.Join(repeated(`"k%03d":`+value, names), ",") + `}}}`
}

// fieldsOf is a map with so many fields.
func fieldsOf(n int) string {
	return `{"M":{` + strings.Join(repeated(`"f%03d":{"S":"x"}`, n), ",") + `}}`
}

// A tree keeps as much as its bounds allow, and no more.
func TestBoundsOfTrees(t *testing.T) {
	t.Parallel()
	maps := func(nodes ...int) string { // an item with a map for each number, which has so many nodes
		var all []string
		for i, n := range nodes {
			all = append(all, fmt.Sprintf(`"m%02d":%s`, i, fieldsOf(n-1)))
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	forty := slices.Repeat([]int{500}, 40)
	for _, test := range []struct {
		name       string
		item       string
		attributes int
		full       bool
		level      int
		opaque     int
		flat       int // opaque attributes of whose member only the types are known
	}{
		{"4,000 attributes", `{` + strings.Join(repeated(`"n%04d":{"S":"x"}`, mostAttributes), ",") + `}`, mostAttributes, false, 0, 0, 0},
		{"4,001 attributes", `{` + strings.Join(repeated(`"n%04d":{"S":"x"}`, mostAttributes+1), ",") + `}`, keptAttributes, true, 0, 0, 0},
		{"an attribute with 511 fields", withNames(511, `{"S":"x"}`), 1, false, 0, 0, 0},
		{"an attribute with 512 fields", withNames(512, `{"S":"x"}`), 1, false, 0, 1, 0},
		{"an opaque attribute with a member of 511 fields", `{"a":{"M":{"k":` + fieldsOf(511) + `,"l":` + fieldsOf(1) + `}}}`, 1, false, 0, 1, 0},
		{"an opaque attribute with a member of 512 fields", `{"a":{"M":{"k":` + fieldsOf(512) + `}}}`, 1, false, 0, 1, 1},
		{"20,000 nodes", maps(forty...), 40, false, 0, 0, 0},
		{"20,001 nodes", maps(append(forty[:39:39], 501)...), 40, false, 1, 40, 0},
		{"20,000 nodes, with those of an opaque attribute up to its bound", maps(append(forty[:38:38], 488, 2000)...), 40, false, 0, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree, opaque, flat := learn(t, test.item), 0, 0
			for _, n := range tree.attributes.list {
				if n.opaque {
					opaque++
					if n.memberNodes > mostBelow[0] {
						flat++
					}
				}
			}
			if n := len(tree.attributes.list); n != test.attributes || tree.full != test.full || tree.level != test.level || opaque != test.opaque || flat != test.flat {
				t.Errorf("got %d attributes, full %t, level %d, %d opaque, %d flat", n, tree.full, tree.level, opaque, flat)
			}
		})
	}
}

// What one tree would know of all items, merged trees know too, whatever is open, opaque or flat in each of them. A merged tree learns more.
func TestMergedTreesKnowWhatOneTreeKnows(t *testing.T) {
	t.Parallel()
	bodies := func(from, names int, value string) string {
		var all []string
		for i := range names {
			all = append(all, fmt.Sprintf(`"k%d":%s`, from+i, value))
		}
		return `{"a":{"M":{` + strings.Join(all, ",") + `}}}`
	}
	items := map[string]string{
		"a scalar":                        `{"a":{"N":"1.5"},"b":{"NS":["1"]}}`,
		"few names":                       bodies(0, 3, `{"N":"1"}`),
		"opaque":                          bodies(0, 600, `{"M":{"x":{"L":[{"N":"1"}]}}}`),
		"opaque with other names":         bodies(1000, 600, `{"M":{"y":{"SS":["x"]}}}`),
		"opaque with 300 fields in each":  bodies(0, 2, fieldsOf(300)),
		"opaque with 300 others in each":  bodies(0, 2, strings.ReplaceAll(fieldsOf(300), `"f`, `"g`)),
		"flat":                            bodies(0, 2, fieldsOf(600)),
		"a list":                          `{"a":{"L":[{"L":[{"N":"1"}]},{"M":{"x":{"S":"y"}}}]}}`,
		"a list that is opaque":           `{"a":{"L":[` + fieldsOf(600) + `]}}`,
		"many attributes with many names": `{` + strings.Join(repeated(`"m%03d":`+fieldsOf(140), 145), ",") + `}`,
	}
	body := func(trees ...*Tree) string {
		first := trees[0]
		for _, tree := range trees[1:] {
			first.Merge(tree)
		}
		out, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, one := range items {
		for other, two := range items {
			if got, want := body(learn(t, one), learn(t, two)), body(learn(t, one, two)); got != want {
				t.Fatalf("%s and %s: got\n%.1000s\nwant\n%.1000s", name, other, got, want)
			}
			merged := learn(t, one)
			merged.Merge(learn(t, two))
			if err := merged.Add([]byte(two)); err != nil {
				t.Fatal(err)
			}
			if got, want := body(merged), body(learn(t, one, two, two)); got != want {
				t.Fatalf("%s and %s, and %[2]s again: got\n%.1000s\nwant\n%.1000s", name, other, got, want)
			}
		}
	}
}

// A tree that was full of names once stays as coarse as it became, whatever it is merged into.
func TestMergedTreesAreAsCoarseAsTheCoarsest(t *testing.T) {
	t.Parallel()
	coarse := func() *Tree {
		large := "{" + strings.Join(repeated(`"z%03d":`+fieldsOf(300), 200), ",") + "}"
		return learn(t, large, `{"m":{"M":{"x":{"S":"y"}}},`+strings.Join(repeated(`"n%04d":{"S":"x"}`, 3900), ",")+"}") // no z is kept
	}
	fine := func() *Tree { return learn(t, `{"m":`+fieldsOf(100)+"}") }
	one, other := coarse(), fine()
	if one.level == 0 || one.attributes.byName["m"].opaque || one.attributes.byName["z000"] != nil || other.attributes.byName["m"].opaque {
		t.Fatal("the trees are not those that this test needs")
	}
	one.Merge(fine())
	other.Merge(coarse())
	first, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := json.Marshal(other); err != nil || string(first) != string(second) {
		t.Errorf("%v, got\n%.300s\nwant\n%.300s", err, second, first)
	}
}
