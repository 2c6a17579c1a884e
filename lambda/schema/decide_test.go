package schema

import (
	"fmt"
	"strings"
	"testing"
)

// learn returns the tree of items. An item that begins with a number and * stands for so many.
func learn(t *testing.T, items ...string) *Tree {
	t.Helper()
	tree := new(Tree)
	for _, item := range items {
		times := 1
		if n, _ := fmt.Sscanf(item, "%d*", &times); n == 1 {
			_, item, _ = strings.Cut(item, "*")
		}
		for range times {
			if err := tree.Add([]byte(item)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return tree
}

func columns(s Schema) string {
	var out []string
	for _, c := range s.Columns {
		name := c.Name
		if c.Attribute != name {
			name += fmt.Sprintf("=%q", c.Attribute)
		}
		out = append(out, name+" "+c.String())
		if c.Type.Name == JSON {
			out[len(out)-1] += " of " + c.Kind.String()
		}
	}
	return strings.Join(out, "; ")
}

func TestDecide(t *testing.T) {
	t.Parallel()
	wide := func(value string, names int) string {
		var members []string
		for i := range names {
			members = append(members, fmt.Sprintf(`"k%03d":%s`, i, value))
		}
		return `{"a":{"M":{` + strings.Join(members, ",") + `}}}`
	}
	for _, test := range []struct {
		name  string
		items []string
		want  string
	}{
		{"no items", nil, ""},
		{"an empty item", []string{`{}`}, ""},
		{"scalars", []string{`{"s":{"S":"x"},"b":{"B":"eA=="},"o":{"BOOL":true},"n":{"N":"1"}}`}, "b binary; n bigint; o boolean; s string"},
		{"a fraction in the last item", []string{`999*{"n":{"N":"1"}}`, `{"n":{"N":"1.25"}}`}, "n decimal(18,2)"},
		{"another type in the last item", []string{`999*{"n":{"N":"1"}}`, `{"n":{"S":"x"}}`}, "n bigint"},
		{"an attribute in the last item", []string{`999*{"n":{"N":"1"}}`, `{"n":{"N":"1"},"m":{"M":{"new":{"SS":["x"]}}}}`}, "m struct<new:array<string>>; n bigint"},
		{"a field in the last item", []string{`999*{"m":{"M":{"n":{"N":"1"}}}}`, `{"m":{"M":{"new":{"BOOL":true}}}}`}, "m struct<n:bigint,new:boolean>"},
		{"a number of 38 digits in the last item", []string{`999*{"n":{"N":"1"}}`, `{"n":{"N":"12345678901234567890123456789012345678"}}`}, "n decimal(38,0)"},
		{"38 digits with a fraction in the last item", []string{`999*{"n":{"N":"-1"}}`, `{"n":{"N":"-123456789012345678901234567890.12345678"}}`}, "n decimal(38,8)"},
		{"38 digits against fractions", []string{`999*{"n":{"N":"1.5"}}`, `{"n":{"N":"12345678901234567890123456789012345678"}}`}, "n decimal(38,1)"},
		{"a fraction in the last element", []string{`999*{"l":{"L":[{"N":"1"}]}}`, `{"l":{"L":[{"N":"1"},{"N":"0.5"}]}}`}, "l array<decimal(18,1)>"},
		{"another type in the last element", []string{`999*{"l":{"L":[{"N":"1"}]}}`, `{"l":{"L":[{"N":"1"},{"S":"x"}]}}`}, "l array<bigint>"},
		{"another type in one of 100 elements", []string{`99*{"l":{"L":[{"N":"1"},{"NULL":true}]}}`, `{"l":{"L":[{"S":"x"}]}}`}, "l array<bigint>"},
		{"another type in one of 99 elements", []string{`98*{"l":{"L":[{"N":"1"},{"NULL":true}]}}`, `{"l":{"L":[{"S":"x"}]}}`}, "l string of L"},
		{"a fraction in the last set", []string{`999*{"s":{"NS":["1"]}}`, `{"s":{"NS":["1","1e-7"]}}`}, "s array<decimal(18,7)>"},
		{"numbers that no scale holds", []string{`9*{"n":{"N":"1.5"}}`, `{"n":{"N":"1E100"}}`}, "n decimal(38,1)"},
		{"a large number and a fraction that no other number has", []string{`9*{"n":{"N":"1"}}`, `{"n":{"N":"12345678901234567"}}`, `{"n":{"N":"0.05"}}`}, "n decimal(38,2)"},
		{"a large element in one list", []string{`9*{"l":{"L":[{"N":"1.5"}]}}`, `{"l":{"L":[{"N":"123456789012345678"}]}}`}, "l array<decimal(38,1)>"},
		{"a large number in one set", []string{`9*{"s":{"NS":["1.5"]}}`, `{"s":{"NS":["123456789012345678"]}}`}, "s array<decimal(38,1)>"},
		{"a large number in one field", []string{`9*{"m":{"M":{"a":{"N":"1.5"},"b":{"N":"1.5"}}}}`, `{"m":{"M":{"a":{"N":"123456789012345678"}}}}`}, "m struct<a:decimal(38,1),b:decimal(18,1)>"},
		{"a large value of one map", []string{wide(`{"N":"1.5"}`, 300), `{"a":{"M":{"k":{"N":"123456789012345678"}}}}`}, "a map<string,decimal(38,1)>"},
		{"above int64", []string{`{"n":{"N":"9223372036854775808"}}`}, "n decimal(38,0)"},
		{"only NULL has no column", []string{`{"a":{"NULL":true},"b":{"S":"x"}}`}, "b string"},
		{"NULL does not count", []string{`9*{"a":{"NULL":true}}`, `{"a":{"N":"1"}}`}, "a bigint"},
		{"mixed: the type of most values", []string{`2*{"a":{"N":"1"}}`, `{"a":{"S":"x"}}`}, "a bigint"},
		{"mixed: as many of each", []string{`{"a":{"N":"1"}}`, `{"a":{"S":"x"}}`}, "a string"},
		{"sets", []string{`{"s":{"SS":["x"]},"n":{"NS":["1","2.5"]},"b":{"BS":["eA=="]}}`}, "b array<binary>; n array<decimal(18,1)>; s array<string>"},
		{"a list of one type and NULL", []string{`{"l":{"L":[{"N":"1"},{"NULL":true}]}}`}, "l array<bigint>"},
		{"a list of several types", []string{`{"l":{"L":[{"N":"1"},{"S":"x"}]}}`}, "l string of L"},
		{"only empty lists", []string{`{"l":{"L":[]}}`}, "l string of L"},
		{"a list of lists", []string{`{"l":{"L":[{"L":[{"N":"1"}]}]}}`}, "l array<array<bigint>>"},
		{"a list of maps", []string{`{"l":{"L":[{"M":{"a":{"N":"1"}}},{"M":{"b":{"S":"x"}}}]}}`}, "l array<struct<a:bigint,b:string>>"},
		{"a map with few names", []string{`{"m":{"M":{"a":{"N":"1"},"b":{"M":{"c":{"S":"x"}}}}}}`}, "m struct<a:bigint,b:struct<c:string>>"},
		{"only empty maps", []string{`{"m":{"M":{}}}`}, "m string of M"},
		{"a map with only NULL", []string{`{"m":{"M":{"a":{"NULL":true}}}}`}, "m string of M"},
		{"many names that all maps have", []string{wide(`{"N":"1"}`, 20)}, "a struct<" + strings.Join(repeated("k%03d:bigint", 20), ",") + ">"},
		{"many names, each in one map", strings.Split(strings.Join(repeated(`{"a":{"M":{"k%d":{"N":"1.5"}}}}`, 20), "\n"), "\n"), "a map<string,decimal(18,1)>"},
		{"more names than a struct has", []string{wide(`{"S":"x"}`, 257)}, "a map<string,string>"},
		{"more names than a tree keeps", []string{wide(`{"M":{"n":{"N":"1"}}}`, 600), wide(`{"M":{"n":{"N":"1.5"}}}`, 1)}, "a map<string,struct<n:decimal(18,1)>>"},
		{"many names with several types", []string{wide(`{"S":"x"}`, 600), wide(`{"N":"1"}`, 7)}, "a string of M"},
		{"many names with one type, and few with another", []string{wide(`{"S":"x"}`, 600), wide(`{"N":"1"}`, 6)}, "a map<string,string>"},
		{"32 levels", []string{`{"a":` + strings.Repeat(`{"M":{"s":`, 31) + `{"N":"1"}` + strings.Repeat(`}}`, 31) + `}`}, "a " + strings.Repeat("struct<s:", 31) + "bigint" + strings.Repeat(">", 31)},
		{"names that differ in case", []string{`2*{"id":{"S":"x"}}`, `{"ID":{"N":"1"},"Id":{"BOOL":true}}`}, `ID_2="ID" bigint; Id_3="Id" boolean; id string`},
		{"names that differ for some engines only", []string{`{"İ":{"S":"x"},"i̇":{"S":"x"},"s":{"S":"x"},"ſ":{"S":"x"},"ας":{"S":"x"},"ΑΣ":{"S":"x"}}`}, `i̇ string; s string; İ_2="İ" string; ſ_2="ſ" string; ΑΣ string; ας_2="ας" string`},
		{"a name that is taken", []string{`{"a":{"S":"x"},"A":{"S":"x"},"A_2":{"S":"x"}}`}, `A string; A_2 string; a_3="a" string`},
		{"the name of the rest", []string{`{"_rest":{"S":"x"}}`}, `_rest_2="_rest" string`},
		{"names with dots, spaces and commas", []string{`{"a.b":{"S":"x"},"a b,c":{"S":"x"}}`}, `a.b string; a_b_c="a b,c" string`},
		{"a name with control characters", []string{`{"a\u001f\u007fb":{"S":"x"}}`}, `a__b="a\x1f\x7fb" string`},
		{"a name with a backslash is no escape", []string{`3*{"a\\u0062":{"S":"x"}}`, `{"a\u0062":{"N":"1"}}`}, `a\u0062 string; ab bigint`},
		{"a name that is empty", []string{`{"m":{"M":{"":{"S":"x"}}}}`}, "m struct<_:string>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := columns(Decide(learn(t, test.items...), Options{})); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if got := columns(Decide(learn(t, `{"n":{"N":"1.5"},"i":{"N":"1"}}`), Options{Doubles: true})); got != "i bigint; n double" {
		t.Errorf("with doubles: got %s", got)
	}
}

func repeated(format string, times int) (out []string) {
	for i := range times {
		out = append(out, fmt.Sprintf(format, i))
	}
	return out
}
