package parquetitem_test

import (
	"strings"
	"testing"
)

// A column has all of an attribute that it can hold, also if the attribute is in _rest. Otherwise sums over the column are wrong.
func TestCellsAgreeWithRest(t *testing.T) {
	t.Parallel()
	db := open(t)
	scalar := func(typ, kind string) string {
		return `{"name":"x","attribute":"x","type":"` + typ + `","kind":"` + kind + `","precision":38,"scale":2}`
	}
	of := func(typ, kind, element string) string {
		return `{"name":"x","attribute":"x","type":"` + typ + `","kind":"` + kind + `","element":` + element + `}`
	}
	short := `{"name":"x","attribute":"x","type":"decimal","kind":"N","precision":18,"scale":2}`
	integer, text := `{"type":"bigint","kind":"N"}`, `{"type":"string","kind":"S"}`
	structure := `{"name":"x","attribute":"x","type":"struct","kind":"M","fields":[{"name":"a","attribute":"a","type":"bigint","kind":"N"},{"name":"b","attribute":"b","type":"string","kind":"S"}]}`
	const differs, both = "the cell is not what its column can hold", "it holds the whole attribute, which is in _rest too"
	for _, c := range []struct{ name, column, cell, rest, want string }{
		{"another kind", scalar("string", "S"), "null::varchar", `{"N":"1"}`, ""},
		{"another kind, and a value", scalar("string", "S"), "'1'", `{"N":"1"}`, differs},
		{"NULL", scalar("string", "S"), "null::varchar", `{"NULL":true}`, ""},
		{"NULL, and a value", scalar("string", "S"), "''", `{"NULL":true}`, differs},
		{"a text that fits", scalar("string", "S"), "null::varchar", `{"S":"1"}`, differs},
		{"a text in both", scalar("string", "S"), "'1'", `{"S":"1"}`, both},
		{"a fraction in a bigint", scalar("bigint", "N"), "null::bigint", `{"N":"0.5"}`, ""},
		{"a fraction in a bigint, rounded", scalar("bigint", "N"), "0::bigint", `{"N":"0.5"}`, differs},
		{"the last bigint", scalar("bigint", "N"), "null::bigint", `{"N":"9223372036854775807"}`, differs},
		{"a number beyond bigint", scalar("bigint", "N"), "null::bigint", `{"N":"9223372036854775808"}`, ""},
		{"36 digits before the point", scalar("decimal", "N"), "null::decimal(38,2)", `{"N":"999999999999999999999999999999999999"}`, differs},
		{"37 digits before the point", scalar("decimal", "N"), "null::decimal(38,2)", `{"N":"-1000000000000000000000000000000000000"}`, ""},
		{"two digits after the point", scalar("decimal", "N"), "null::decimal(38,2)", `{"N":"0.01"}`, differs},
		{"three digits after the point", scalar("decimal", "N"), "null::decimal(38,2)", `{"N":"0.001"}`, ""},
		{"16 digits before the point", short, "null::decimal(18,2)", `{"N":"-9999999999999999.99"}`, differs},
		{"17 digits before the point", short, "null::decimal(18,2)", `{"N":"10000000000000000"}`, ""},
		{"16 digits before the point in both", short, "9999999999999999.99::decimal(18,2)", `{"N":"9999999999999999.99"}`, both},
		{"a double", scalar("double", "N"), "null::double", `{"N":"0.001"}`, differs},
		{"a double in both", scalar("double", "N"), "0.1::double", `{"N":"0.10000000000000000000001"}`, both},
		{"a list with another kind", of("array", "L", integer), "[1::bigint, null, null]", `{"L":[{"N":"1"},{"S":"2"},{"NULL":true}]}`, ""},
		{"a list that is not there", of("array", "L", integer), "null::bigint[]", `{"L":[{"N":"1"},{"S":"2"}]}`, differs},
		{"a list without an element", of("array", "L", integer), "[1::bigint]", `{"L":[{"N":"1"},{"S":"2"}]}`, differs},
		{"a list without a number", of("array", "L", integer), "[null::bigint, null]", `{"L":[{"N":"1"},{"S":"2"}]}`, differs},
		{"a list in both", of("array", "L", integer), "[1::bigint, null]", `{"L":[{"N":"1"},{"NULL":true}]}`, both},
		{"a list in place of a set", of("array", "SS", text), "null::varchar[]", `{"L":[{"S":"a"}]}`, ""},
		{"a set with a fraction", of("array", "NS", integer), "[1::bigint, null]", `{"NS":["1","0.5"]}`, ""},
		{"a set without a number", of("array", "NS", integer), "[null::bigint, null]", `{"NS":["1","0.5"]}`, differs},
		{"a set of texts in both", of("array", "SS", text), "['a']", `{"SS":["a"]}`, both},
		{"a set of binaries in both", of("array", "BS", `{"type":"binary","kind":"B"}`), `['\x00'::blob]`, `{"BS":["AA=="]}`, both},
		{"a map with another kind", of("map", "M", integer), "map {'a': 1::bigint, 'b': null, 'c': null}", `{"M":{"a":{"N":"1"},"b":{"S":""},"c":{"NULL":true}}}`, ""},
		{"a map without a key", of("map", "M", integer), "map {'a': 1::bigint}", `{"M":{"a":{"N":"1"},"b":{"S":""}}}`, differs},
		{"a map with another key", of("map", "M", integer), "map {'a': 1::bigint, 'c': null}", `{"M":{"a":{"N":"1"},"b":{"S":""}}}`, differs},
		{"a map in both", of("map", "M", integer), "map {'a': 1::bigint}", `{"M":{"a":{"N":"1"}}}`, both},
		{"a struct with another kind", structure, "{'a': 1::bigint, 'b': null::varchar}", `{"M":{"a":{"N":"1"},"b":{"N":"1"}}}`, ""},
		{"a struct with another attribute", structure, "{'a': null::bigint, 'b': 'x'}", `{"M":{"b":{"S":"x"},"c":{"S":"x"}}}`, ""},
		{"a struct with NULL", structure, "{'a': null::bigint, 'b': 'x'}", `{"M":{"a":{"NULL":true},"b":{"S":"x"}}}`, ""},
		{"a struct without a number", structure, "{'a': null::bigint, 'b': null::varchar}", `{"M":{"a":{"N":"1"},"b":{"N":"1"}}}`, differs},
		{"a struct with a number of nobody", structure, "{'a': 1::bigint, 'b': 'x'}", `{"M":{"b":{"S":"x"},"c":{"S":"x"}}}`, differs},
		{"a struct that is not there", structure, "null::struct(a bigint, b varchar)", `{"M":{"a":{"N":"1"},"b":{"N":"1"}}}`, differs},
		{"a struct in both", structure, "{'a': 1::bigint, 'b': null::varchar}", `{"M":{"a":{"N":"1"}}}`, both},
		{"DynamoDB JSON in both", scalar("json", "L"), `'{"L":[{"N":"1"}]}'`, `{"L":[{"N":"1"}]}`, both},
		{"other DynamoDB JSON", scalar("json", "L"), `'{"L":[{"N":"2"}]}'`, `{"L":[{"N":"1"}]}`, differs},
	} {
		_, err := rebuild(t, db, c.column, "select "+c.cell+` as x, '{"x":`+c.rest+`}' as "_rest"`)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), `column "x": `) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
