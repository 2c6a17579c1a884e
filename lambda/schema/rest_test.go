package schema

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// Rest names the attributes whose column does not hold all values, also where only a value inside of a map or a list does not fit.
func TestRest(t *testing.T) {
	t.Parallel()
	most := func(item string) string { return "999*" + item }
	long := strings.Repeat("x", longestName+1)
	for _, test := range []struct {
		name  string
		items []string
		want  map[string]int64
	}{
		{"no items", nil, nil},
		{"one type", []string{`{"s":{"S":"x"},"n":{"N":"1"},"l":{"L":[{"S":"x"}]},"m":{"M":{"a":{"BOOL":true}}},"ns":{"NS":["1"]}}`}, nil},
		{"another type", []string{most(`{"n":{"N":"1"},"s":{"S":"x"}}`), `{"n":{"S":"x"}}`, `{"n":{"BOOL":true}}`}, map[string]int64{"n": 2}},
		{"NULL fits", []string{`{"n":{"N":"1"},"l":{"L":[{"S":"x"},{"NULL":true}]}}`, `{"n":{"NULL":true},"only":{"NULL":true}}`}, nil},
		{"numbers that are whole and not", []string{`{"n":{"N":"1"}}`, `{"n":{"N":"1.25"}}`}, nil},
		{"a number that fits no decimal beside the others", []string{most(`{"n":{"N":"1.25"}}`), `{"n":{"N":"1e37"}}`}, map[string]int64{"n": 1}},
		{"a number in a set", []string{most(`{"n":{"NS":["1.25"]}}`), `{"n":{"NS":["1e37","1"]}}`}, map[string]int64{"n": 1}},
		{"a list and a set", []string{most(`{"n":{"L":[{"S":"x"}]}}`), `{"n":{"SS":["x"]}}`}, map[string]int64{"n": 1}},
		{"an element", []string{most(`{"l":{"L":[{"S":"x"}]}}`), `{"l":{"L":[{"S":"x"},{"N":"1"}]}}`}, map[string]int64{"l": 1}},
		{"a list of several types", []string{`{"l":{"L":[{"S":"x"},{"N":"1"}]}}`}, nil},
		{"a field", []string{most(`{"m":{"M":{"a":{"S":"x"}}}}`), `{"m":{"M":{"a":{"N":"1"}}}}`}, map[string]int64{"m": 1}},
		{"a field of an element", []string{most(`{"l":{"L":[{"M":{"a":{"N":"1"}}}]}}`), `{"l":{"L":[{"M":{"a":{"BOOL":true}}}]}}`}, map[string]int64{"l": 1}},
		{"a field with no possible name", []string{`{"m":{"M":{"a":{"S":"x"},"` + long + `":{"S":"x"}}}}`}, map[string]int64{"m": 1}},
		{"a value of a map", append(repeated(`{"m":{"M":{"k%d":{"N":"1"}}}}`, 500), `{"m":{"M":{"k1":{"S":"x"}}}}`), map[string]int64{"m": 1}},
		{"a map for a list", []string{most(`{"m":{"M":{"a":{"S":"x"}}}}`), `{"m":{"L":[]}}`}, map[string]int64{"m": 1}},
		{"names that no column can have", []string{`{"a":{"S":"x"},"` + long + `":{"S":"x"},"` + long + `y":{"S":"x"}}`}, map[string]int64{"": 2}},
	} {
		tree := storedAgain(t, learn(t, test.items...))
		if got := tree.Rest(decided(t, tree)); !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	all := learn(t, fmt.Sprintf(`{%s}`, strings.Join(repeated(`"a%04d":{"S":"x"}`, 1600), ",")))
	if got := all.Rest(decided(t, all)); len(got) != 100 || got["a1599"] != 1 {
		t.Errorf("of 1600 attributes and 1500 columns, the rest is %v", got)
	}
}
