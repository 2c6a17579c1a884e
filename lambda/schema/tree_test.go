package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// values returns random content of an attribute value, {"S":"x"} for example.
func value(r *rand.Rand, names, depth int) string {
	switch kind := r.IntN(12); {
	case kind < 3:
		return fmt.Sprintf(`{"N":"%d"}`, r.IntN(1000))
	case kind == 3:
		return fmt.Sprintf(`{"N":"%d.%d"}`, r.IntN(1000), r.IntN(100))
	case kind == 4:
		return `{"NULL":true}`
	case kind == 5:
		return `{"NS":["1","2.5"]}`
	case kind == 6 && depth > 0:
		var list []string
		for range r.IntN(3) {
			list = append(list, value(r, names, depth-1))
		}
		return `{"L":[` + strings.Join(list, ",") + `]}`
	case kind < 10 && depth > 0:
		return `{"M":` + object(r, names, depth-1) + `}`
	default:
		return `{"S":"a\"b"}`
	}
}

// object returns a random item or map. Its names are among so many, and some have an escape.
func object(r *rand.Rand, names, depth int) string {
	members := map[string]bool{}
	var out []string
	for range r.IntN(12) {
		name := fmt.Sprintf(`n\u0061%d`, r.IntN(names))
		if r.IntN(2) == 0 {
			name = strings.Replace(name, `\u0061`, "a", 1)
		}
		if key := strings.Replace(name, `\u0061`, "a", 1); !members[key] {
			members[key] = true
			out = append(out, fmt.Sprintf(`"%s":%s`, name, value(r, names, depth)))
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

// spaced returns an item with white space between its tokens.
func spaced(t *testing.T, item []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, item, "", " "); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Whatever the order of the items, and however they are divided into trees, the merged tree is the same, also if it is stored in between.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	levels, opaque := map[int]int{}, 0
	for seed, size := range []struct{ items, names, depth int }{
		{100, 3, 1}, {100, 3, 3}, {100, 20, 3}, {300, 50, 3}, {700, 300, 3}, {700, 200, 3},
	} {
		r := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // an index
		var items []string
		for range size.items {
			items = append(items, object(r, size.names, size.depth))
		}
		var first []byte
		for attempt := range 3 {
			trees := make([]Tree, 1+r.IntN(5)*min(attempt, 1))
			for _, at := range r.Perm(len(items)) {
				item := []byte(items[at])
				if attempt == 2 && r.IntN(2) == 0 {
					item = spaced(t, item)
				}
				if err := trees[r.IntN(len(trees))].Add(item); err != nil {
					t.Fatal(err)
				}
			}
			var all Tree
			for i := range trees {
				all.Merge(storedAgain(t, &trees[i]))
			}
			body, err := json.Marshal(&all)
			if err != nil {
				t.Fatal(err)
			}
			if attempt == 0 {
				first = body
				levels[all.level]++
				for _, n := range all.attributes.list {
					if n.opaque {
						opaque++
					}
				}
			} else if string(first) != string(body) {
				t.Fatalf("seed %d, attempt %d: got\n%.3000s\nfirst it was\n%.3000s", seed, attempt, body, first)
			}
		}
	}
	if len(levels) < 3 || opaque == 0 {
		t.Errorf("the items reach levels %v and %d opaque attributes: not all bounds are tested", levels, opaque)
	}
}

// A table has any number of names. The tree keeps those that most items have, and of these it knows all values.
func TestTooManyAttributes(t *testing.T) {
	t.Parallel()
	for _, parts := range []int{1, 2, 5} {
		r := rand.New(rand.NewPCG(uint64(parts), 3)) //nolint:gosec // a small number
		trees, truth := make([]Tree, parts), map[string][2]uint64{}
		for range 3000 {
			item := `{"pk":{"S":"x"}`
			for name := range map[int]bool{r.IntN(100): true, 100 + r.IntN(9000): true, 100 + r.IntN(20_000): true} {
				value, kind := `{"N":"1"}`, 0
				if r.IntN(3) == 0 {
					value, kind = `{"NULL":true}`, 1
				}
				key := fmt.Sprintf("n%d", name)
				counts := truth[key]
				counts[kind]++
				truth[key] = counts
				item += `,"` + key + `":` + value
			}
			if err := trees[r.IntN(parts)].Add([]byte(item + `,"sk":{"N":"1"}}`)); err != nil {
				t.Fatal(err)
			}
		}
		var all Tree
		for i := range trees {
			all.Merge(storedAgain(t, &trees[i]))
		}
		for name, counts := range truth {
			n := all.attributes.byName[name]
			if n != nil && (n.kinds[ddbjson.KindN] != counts[0] || n.kinds[ddbjson.KindNULL] != counts[1]) {
				t.Errorf("%d trees, %s: got %v, want %v", parts, name, n.kinds, counts)
			}
			if number, _ := strconv.Atoi(name[1:]); n == nil && number < 100 {
				t.Errorf("%d trees, %s: it was dropped", parts, name)
			}
		}
		for _, key := range []string{"pk", "sk"} {
			if n := all.attributes.byName[key]; n == nil || n.values() != 3000 {
				t.Errorf("%d trees, %s: got %+v", parts, key, n)
			}
		}
		if n := len(all.attributes.list); !all.full || n > keptAttributes || n != len(all.attributes.byName) {
			t.Errorf("%d trees: got %d attributes", parts, n)
		}
		if s := decided(t, &all); len(s.Columns) < 102 {
			t.Errorf("%d trees: got %d columns", parts, len(s.Columns))
		}
	}
}

// A stored tree that is damaged is refused, so that no step decides by it.
func TestDamagedTreesAreRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `[]`, `{"level":5}`, `{"level":-1}`, `{"attributes":[{"name":"a","kinds":{"X":1}}]}`, `{"attributes":[{"name":"a","kinds":{"N":1}}]}`,
		`{"attributes":[{"name":"a","kinds":{"NS":1}}]}`, `{"attributes":[{"name":"a","kinds":{"S":1},"numbers":{}}]}`,
		`{"attributes":[{"name":"a","kinds":{"N":1},"numbers":{"whole":[[40,1]]}}]}`, `{"attributes":[{"name":"a","kinds":{"N":1},"numbers":{"whole":[],"fraction":[[39,1]]}}]}`,
		`{"attributes":[{"name":"a","kinds":{"M":1},"opaque":true}]}`, `{"attributes":[{"name":"a","kinds":{"L":1},"element":{"kinds":{"M":1},"opaque":true,"member":{"kinds":{}}}}]}`,
		`{"attributes":[{"name":"a","kinds":{"M":1},"fields":[{"name":"b","kinds":{"N":1}}]}]}`,
	} {
		if err := json.Unmarshal([]byte(body), new(Tree)); err == nil {
			t.Errorf("%s is accepted", body)
		}
	}
}

// A tree that knows the names allocates nothing, also if attributes come and go and have several types.
func TestAddAllocatesNothing(t *testing.T) {
	var items [][]byte
	for i := range 200 {
		optional, mixed := "", `{"S":"x"}`
		if i%2 == 0 {
			optional, mixed = `"o":{"NULL":true},"p\u0061":{"BOOL":false},`, `{"N":"1.5"}`
		}
		items = append(items, fmt.Appendf(nil, `{"id":{"S":"%d"},%s"m":{"M":{%s"mixed":%s}},"l":{"L":[%s,{"NS":["1","1e%d"]}]},"s":{"SS":["x"]}}`, i, optional, optional, mixed, mixed, i%60))
	}
	items = append(items, []byte(`{`+strings.Join(repeated(`"many%d":{"S":"x"}`, 5000), ",")+`}`))
	var tree Tree
	learnAll := func() {
		for _, item := range items {
			if err := tree.Add(item); err != nil {
				t.Fatal(err)
			}
		}
	}
	learnAll()
	if got := testing.AllocsPerRun(10, learnAll); got != 0 {
		t.Errorf("got %v allocations for %d items", got, len(items))
	}
}

// What is decided can be stored, written as a type and pinned, and readers accept its names.
func TestWhatIsDecidedIsAllowed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same items every time
	names := []string{"a", "A", "a b", "b:c", "", "_rest", "é", "É", "x.y", "<", "`", "\\u0000", "\\u001f", "\\ud83d\\ude00", "n\\n", strings.Repeat("k", 255), strings.Repeat("K", 255)}
	var checkNames func(columns []Column)
	checkNames = func(columns []Column) {
		used := map[string]bool{}
		for _, c := range columns {
			if err := checkName(c.Name); err != nil || used[strings.ToLower(c.Name)] {
				t.Errorf("%q: %v, or twice", c.Name, err)
			}
			used[strings.ToLower(c.Name)] = true
			checkNames(c.Fields)
		}
	}
	for range 300 {
		tree := new(Tree)
		for range 1 + r.IntN(20) {
			item := object(r, len(names), 3)
			for i, name := range names {
				item = strings.ReplaceAll(item, fmt.Sprintf(`"na%d":`, i), `"`+name+`":`)
				item = strings.ReplaceAll(item, fmt.Sprintf(`"n\u0061%d":`, i), `"`+name+`":`)
			}
			if err := tree.Add([]byte(item)); err != nil {
				t.Fatal(err)
			}
		}
		s := decided(t, tree)
		checkNames(s.Columns)
		var stored Schema
		body, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(body, &stored)
		}
		if err != nil || stored.Digest() != s.Digest() || len(Compare(s, stored).Changes) > 0 {
			t.Fatalf("%s: %v, %+v", body, err, Compare(s, stored))
		}
		for _, c := range s.Columns {
			if of, err := ParseType(c.String()); err != nil || of.String() != c.String() {
				t.Errorf("%s: %v", c, err)
			}
		}
	}
}

// storedAgain returns a tree as it is after it was stored and read.
func storedAgain(t *testing.T, tree *Tree) *Tree {
	t.Helper()
	body, err := json.Marshal(tree)
	stored := new(Tree)
	if err == nil {
		err = json.Unmarshal(body, stored)
	}
	if err != nil {
		t.Fatal(err)
	}
	return stored
}
