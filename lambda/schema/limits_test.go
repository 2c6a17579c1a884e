package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// decided returns the columns of a tree, and fails if they are beyond a bound.
func decided(t *testing.T, tree *Tree) Schema {
	t.Helper()
	s := Decide(tree, Options{})
	leaves := Type{Name: Struct, Fields: s.Columns}.leaves()
	body, err := json.Marshal(s)
	if leaves > mostLeaves || err != nil || len(body) > mostBytes+100 {
		t.Errorf("got %d leaves in %d bytes, %v", leaves, len(body), err)
	}
	return s
}

func typed(s Schema, of string) (n int) {
	for _, c := range s.Columns {
		if c.String() == of {
			n++
		}
	}
	return n
}

// Of too many attributes, those with the most values have columns.
func TestColumnsAreBounded(t *testing.T) {
	t.Parallel()
	few := `{` + strings.Join(repeated(`"a%04d":{"S":"x"}`, 1600), ",") + `}`
	many := `{` + strings.Join(repeated(`"a%04d":{"S":"x"}`, 1600)[1000:], ",") + `}`
	s := decided(t, learn(t, few, many))
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	if want := append(repeated("a%04d", 900), repeated("a%04d", 1600)[1000:]...); !slices.Equal(names, want) {
		t.Errorf("got %d columns: %s", len(names), names)
	}
}

// An M or L for which there is no room becomes JSON, if there is room for this.
func TestLeavesAreBounded(t *testing.T) {
	t.Parallel()
	var items []string
	for i := range 10 {
		items = append(items, fmt.Sprintf(`%d*{"m%d":{"M":{%s}}}`, 20-i, i, members(200, `{"N":"1"}`)), fmt.Sprintf(`{"l%d":{"L":[{"M":{%s}}]}}`, i, members(200, `{"N":"1"}`)))
	}
	s := decided(t, learn(t, append(items, `{"s":{"S":"x"}}`)...))
	if structs := len(s.Columns) - typed(s, "string"); len(s.Columns) != 21 || structs != 7 || s.Columns[10].Name != "m0" || s.Columns[10].Type.Name != Struct {
		t.Errorf("got %d columns with %d structs", len(s.Columns), structs)
	}
	long := strings.Repeat("x", 250)
	for _, names := range []int{249, 250} {
		item := fmt.Sprintf(`{"m":{"M":{"a":{"M":{%s}},"b":{"M":{%[1]s}}}}}`, strings.Join(repeated(`"`+long+`%05d":{"BOOL":true}`, names), ","))
		s := decided(t, learn(t, item))
		if got, want := s.Columns[0].Type.Name == Struct, names*2*len(long+"00000:boolean,") < mostOfType; got != want {
			t.Errorf("%d names: got %.100s", names, s.Columns[0])
		}
	}
	wide := strings.Repeat("&", 249)
	s = decided(t, learn(t, `2*{`+strings.Join(repeated(`"`+wide+`%05d":{"S":"x"}`, 1000), ",")+`}`, `{"small":{"S":"x"}}`))
	if n := len(s.Columns); n < 300 || n > 400 || s.Columns[n-1].Name != "small" {
		t.Errorf("got %d columns with names of 3 KB as JSON, the last one is %.20s", n, s.Columns[n-1].Name)
	}
}

// A leaf is what Parquet has as a column: of a map, the names are one, too.
func TestLeaves(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"string": 1, "json": 1, "array<bigint>": 1, "map<string,bigint>": 2, "struct<a:string,b:array<bigint>>": 2,
		"array<struct<a:map<string,struct<b:string,c:string>>,d:boolean>>": 4,
	} {
		if of, err := ParseType(text); err != nil || of.leaves() != want {
			t.Errorf("%s: got %d leaves, %v, want %d", text, of.leaves(), err, want)
		}
	}
}

// Arrays and maps that are nested too deep are JSON. Structs do not count.
func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	for name, in := range map[string][3]string{ // around a value, and the type
		"array":  {`{"L":[`, `]}`, "array<"},
		"map":    {`{"M":{"m%[1]d":`, `}}`, "map<string,"},
		"struct": {`{"M":{"s":`, `}}`, "struct<s:"},
	} {
		for levels, want := range map[int]string{8: "bigint", 9: "string"} {
			var items []string
			for i := range 20 { // names that are too many for a struct
				open := in[0]
				if name == "map" {
					open = fmt.Sprintf(open, i)
				}
				items = append(items, `{"a":`+strings.Repeat(open, levels)+`{"N":"1"}`+strings.Repeat(in[1], levels)+`}`)
			}
			if name == "struct" {
				want = "bigint"
			}
			got := decided(t, learn(t, items...)).Columns[0].String()
			if most := strings.Count(got, in[2]); !strings.Contains(got, want) || name != "struct" && most != 8 {
				t.Errorf("%s, %d levels: got %s", name, levels, got)
			}
		}
	}
}

// A name of any length costs a tree no more than the longest name that has a column.
func TestLongNames(t *testing.T) {
	t.Parallel()
	exact, long := strings.Repeat("n", 255), strings.Repeat("n", 256)
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf(`{"m":{"M":{"%d%s":{"N":"1"}}}}`, i, strings.Repeat("k", 65_000)))
	}
	for _, test := range []struct {
		name  string
		items []string
		want  string
	}{
		{"an attribute", []string{`{"` + exact + `":{"S":"x"},"` + long + `":{"S":"x"},"a":{"N":"1"}}`}, "a bigint; " + exact + " string"},
		{"a field", []string{`{"m":{"M":{"` + exact + `":{"S":"x"},"` + long + `":{"S":"x"}}}}`}, "m struct<" + exact + ":string>"},
		{"only long fields", []string{`{"m":{"M":{"` + long + `":{"S":"x"}}}}`}, "m map<string,string>"},
		{"many long fields", all, "m map<string,bigint>"},
		{"half of a character", []string{`{"\ud800":{"S":"x"},"m":{"M":{"a":{"S":"x"},"\udfff":{"S":"x"}}}}`}, "m struct<a:string>"},
		{"an escape in each character", []string{`{"` + strings.Repeat(`\u006e`, 255) + `":{"S":"x"}}`, `2*{"` + exact + `":{"N":"1"}}`}, exact + " bigint"},
		{"what the tree has for a long name", []string{`{"` + strings.Repeat(".", 255) + `":{"S":"x"}}`}, strings.Repeat(".", 255) + " string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree := learn(t, test.items...)
			body, err := json.Marshal(tree)
			if err != nil || len(body) > 150_000 {
				t.Fatalf("a tree of %d bytes, %v", len(body), err)
			}
			var stored Tree
			if err := json.Unmarshal(body, &stored); err != nil {
				t.Fatal(err)
			}
			stored.Merge(learn(t, test.items...))
			for _, tree := range []*Tree{tree, &stored} {
				if got := columns(decided(t, tree)); got != test.want {
					t.Errorf("got %s", got)
				}
			}
		})
	}
}
