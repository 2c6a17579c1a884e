package schema

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// pinned decides with pins that must be right.
func pinned(t *testing.T, tree *Tree, pins map[string]request.Column) Schema {
	t.Helper()
	parsed, problems := ParsePins("columns", pins)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	s := Decide(tree, Options{Pins: parsed})
	if again := Decide(tree, Options{Pins: parsed}); !reflect.DeepEqual(s, again) {
		t.Errorf("first %s, then %s", columns(s), columns(again))
	}
	return s
}

func TestPins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		pins  map[string]request.Column
		items []string
		want  string
	}{
		{"a name", map[string]request.Column{"orderId": {Name: "order_id"}}, []string{`{"orderId":{"N":"1"}}`}, `order_id="orderId" bigint`},
		{"a name alone makes no column of an attribute that no item has", map[string]request.Column{"orderId": {Name: "order_id"}}, nil, ""},
		{"a type", map[string]request.Column{"total": {Type: "decimal(38,2)"}}, []string{`{"total":{"N":"1"}}`}, "total decimal(38,2)"},
		{"a decimal of 64 bits, also if numbers do not fit it", map[string]request.Column{"total": {Type: "decimal(18,2)"}}, []string{`{"total":{"N":"1E20"}}`}, "total decimal(18,2)"},
		{"a type of an attribute that no item has", map[string]request.Column{"total": {Type: "double"}}, []string{`{}`}, "total double"},
		{"a type that no value has", map[string]request.Column{"a": {Type: "boolean"}}, []string{`{"a":{"S":"x"}}`}, "a boolean"},
		{"a pinned name that a learned column would have", map[string]request.Column{"x": {Name: "A", Type: "string"}}, []string{`9*{"a":{"S":"x"}}`}, `A="x" string; a_2="a" string`},
		{"a pinned name that a numbered column would have", map[string]request.Column{"x": {Name: "A_2", Type: "string"}}, []string{`2*{"a":{"S":"x"}}`, `{"A":{"S":"x"}}`}, `A_2="x" string; A_3="A" string; a string`},
		{"two names are exchanged", map[string]request.Column{"a": {Name: "b"}, "b": {Name: "a"}}, []string{`{"a":{"S":"x"},"b":{"N":"1"}}`}, `a="b" bigint; b="a" string`},
		{"an attribute with the name of the rest", map[string]request.Column{"_rest": {Type: "string"}}, nil, `_rest_2="_rest" string`},
		{"an attribute whose name a column cannot have", map[string]request.Column{"a b": {Type: "string"}}, nil, `a_b="a b" string`},
		{
			"attributes with long names",
			map[string]request.Column{strings.Repeat("ä", 127): {Type: "string"}, strings.Repeat("Ä", 127): {Type: "string"}},
			nil,
			strings.Repeat("Ä", 127) + " string; " + strings.Repeat("ä", 126) + `_2="` + strings.Repeat("ä", 127) + `" string`,
		},
		{"a nested type", map[string]request.Column{"m": {Type: "struct<b:array<string>,a:json>"}}, []string{`{"m":{"M":{"a":{"N":"1"}}}}`}, "m struct<b:array<string>,a:string>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := columns(pinned(t, learn(t, test.items...), test.pins)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Pinned columns have as many leaves as a schema, and no other bound.
func TestPinnedColumnsStay(t *testing.T) {
	t.Parallel()
	pin := func(names string, fields int) map[string]request.Column {
		return map[string]request.Column{"m": {Type: "struct<" + strings.Join(repeated(names+"%04d:string", fields), ",") + ">"}}
	}
	for name, pins := range map[string]map[string]request.Column{"as many leaves as there can be": pin("f", mostLeaves), "a long type": pin(strings.Repeat("f", 250), 1000)} {
		s := pinned(t, learn(t, `{"m":{"M":{}},"a":{"S":"x"}}`), pins)
		if m := s.Columns[len(s.Columns)-1]; m.Name != "m" || m.Type.Name != Struct {
			t.Errorf("%s: got %.100s", name, columns(s))
		}
	}
}

// Of pinned types without pinned names, the attribute with the most values keeps its name.
func TestPinnedTypesAreNamedLikeOthers(t *testing.T) {
	t.Parallel()
	pins := map[string]request.Column{"a": {Type: "string"}, "A": {Type: "string"}}
	for item, want := range map[string]string{`{"a":{"S":"x"}}`: `A_2="A" string; a string`, `{"A":{"S":"x"}}`: `A string; a_2="a" string`} {
		if got := columns(pinned(t, learn(t, item), pins)); got != want {
			t.Errorf("%s: got %s, want %s", item, got, want)
		}
	}
}

// What a pinned type holds in one table does not change the pin.
func TestPinsAreReadOnly(t *testing.T) {
	t.Parallel()
	pins, problems := ParsePins("columns", map[string]request.Column{"a": {Type: "struct<b:json>"}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ item, want string }{{`{"a":{"M":{"b":{"L":[]}}}}`, "L"}, {`{}`, "M"}} {
		if got := Decide(learn(t, test.item), Options{Pins: pins}).Columns[0].Fields[0].Kind.String(); got != test.want {
			t.Errorf("%s: got JSON of %s, want %s", test.item, got, test.want)
		}
	}
}

// A pinned array holds the kind of set or list that most values are. json holds M or L.
func TestPinnedTypesHoldWhatMostValuesAre(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ of, item, want string }{
		{"array<string>", `{}`, "L"},
		{"array<string>", `{"SS":["x"]}`, "SS"},
		{"array<string>", `{"L":[{"S":"x"}]}`, "L"},
		{"array<string>", `{"NS":["1"]}`, "L"},
		{"array<double>", `{"NS":["1"]}`, "NS"},
		{"array<decimal(38,1)>", `{"NS":["1"]}`, "NS"},
		{"array<binary>", `{"BS":["eA=="]}`, "BS"},
		{"json", `{"M":{}}`, "M"},
		{"json", `{"S":"x"}`, "M"},
		{"json", `{"L":[]}`, "L"},
	} {
		for _, place := range []struct{ of, item string }{
			{"*", `{"a":*}`},
			{"struct<b:*>", `{"a":{"M":{"b":*}}}`},
			{"map<string,*>", `{"a":{"M":{"b":*}}}`},
			{"array<*>", `{"a":{"L":[*]}}`},
		} {
			item := strings.Replace(place.item, "*", test.item, 1)
			if test.item == `{}` {
				item = `{}`
			}
			got := pinned(t, learn(t, item), map[string]request.Column{"a": {Type: strings.Replace(place.of, "*", test.of, 1)}}).Columns[0].Type
			if place.of == "struct<b:*>" {
				got = got.Fields[0].Type
			} else if place.of != "*" {
				got = *got.Element
			}
			if got.Kind.String() != test.want || got.Element != nil && got.Element.Kind != got.Kind.Element() && got.Kind.Element() != 0 {
				t.Errorf("%s of %s with %s: got %s of %s, want %s", test.of, place.of, item, got, got.Kind, test.want)
			}
		}
	}
}

func TestPinsThatAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 256)
	pins := map[string]request.Column{
		"":     {Name: "empty"},
		"a":    {},
		"b":    {Name: "order id"},
		"c":    {Name: "_REST"},
		"d":    {Name: "order_id"},
		"e f":  {Name: "Order_ID", Type: "int"},
		"fine": {Name: "fine", Type: "string"},
		"g":    {Name: "a\nb"},
		"h":    {Name: strings.Repeat("x", 256)},
		"i":    {Name: "\xff"},
		"j":    {Type: "struct<" + strings.TrimSuffix(strings.Join(repeated("a%d:string", 1501), ","), ",") + ">"},
		long:   {Type: "string"},
	}
	names := `want 1 to 255 bytes without control characters, spaces and any of ,;{}()=<>:` + "`"
	want := []string{
		`columns."": got a name of 0 bytes, want an attribute whose name has 1 to 255 bytes`,
		`columns.a: got neither a name nor a type, want one of them, or no entry for this attribute`,
		`columns.b.name: got "order id", ` + names,
		`columns.c.name: got "_REST", want another name, because the column of this name has what no other column can hold`,
		`columns."e f".name: got "Order_ID", want another name, because columns.d has this one: query engines do not distinguish capital letters`,
		`columns."e f".type: got "int", want ` + types + ` at position 1`,
		`columns.g.name: got "a\nb", ` + names,
		`columns.h.name: got ` + problem.Quote(pins["h"].Name) + `, ` + names,
		`columns.i.name: got "\xff", ` + names,
		`columns.` + strconv.Quote(long[:100]) + `…: got a name of 256 bytes, want an attribute whose name has 1 to 255 bytes`,
		`columns: got types with 1503 columns and fields, want at most 1500`,
	}
	_, problems := ParsePins("columns", pins)
	for i, p := range problems {
		if i >= len(want) || p.String() != want[i] {
			t.Errorf("got %s", p)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("got %d problems, want %d", len(problems), len(want))
	}
}

// A schema is the same after it was stored, and its digest tells it from others.
func TestSchemasAreStored(t *testing.T) {
	t.Parallel()
	digests := map[string]string{}
	for _, s := range []Schema{
		{},
		Decide(new(Tree), Options{}),
		Decide(learn(t, `{"a":{"S":"x"}}`), Options{}),
		Decide(learn(t, `{"a":{"N":"1"}}`), Options{}),
		Decide(learn(t, `{"a":{"N":"1.5"}}`), Options{}),
		Decide(learn(t, `{"a":{"N":"1.5"}}`, `{"a":{"N":"1E25"}}`), Options{}),
		Decide(learn(t, `{"a":{"SS":["x"]}}`), Options{}),
		Decide(learn(t, `{"a":{"L":[{"S":"x"}]}}`), Options{}),
		Decide(learn(t, `{"<&>":{"M":{"b\u0000\u2028":{"L":[{"NS":["1"]}]},"":{"L":[]}}}}`), Options{}),
	} {
		body, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var stored Schema
		if err := json.Unmarshal(body, &stored); err != nil || !reflect.DeepEqual(stored, s) || stored.Digest() != s.Digest() {
			t.Errorf("%s: got %+v, %v", body, stored, err)
		}
		if other, taken := digests[s.Digest()]; taken {
			t.Errorf("%s and %s have the same digest", body, other)
		}
		digests[s.Digest()] = string(body)
	}
	body, err := json.Marshal(Decide(learn(t, `{"a b":{"NS":["1.5"]}}`), Options{}))
	if want := `{"columns":[{"name":"a_b","attribute":"a b","type":"array","kind":"NS","element":{"type":"decimal","kind":"N","precision":18,"scale":1}}]}`; err != nil || string(body) != want {
		t.Errorf("got %s, %v, want %s", body, err, want)
	}
}

// A stored schema that is damaged is refused.
func TestDamagedSchemasAreRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `[]`, `{"columns":{}}`, `{"columns":[{}]}`, `{"columns":[{"name":"a","attribute":"a"}]}`, `{"columns":[{"name":"","attribute":"a","type":"string","kind":"S"}]}`,
		`{"columns":[{"name":"a","type":"string"}]}`, `{"columns":[{"name":"a","type":"string","kind":"N"}]}`, `{"columns":[{"name":"a","type":"string","kind":"X"}]}`,
		`{"columns":[{"name":"a","type":"text","kind":"S"}]}`, `{"columns":[{"name":"a","type":"binary","kind":"S"}]}`, `{"columns":[{"name":"a","type":"boolean","kind":"NULL"}]}`,
		`{"columns":[{"name":"a","type":"bigint","kind":"S"}]}`, `{"columns":[{"name":"a","type":"double","kind":"S"}]}`, `{"columns":[{"name":"a","type":"json","kind":"S"}]}`,
		`{"columns":[{"name":"a","type":"decimal","kind":"N","precision":38,"scale":39}]}`, `{"columns":[{"name":"a","type":"decimal","kind":"N","precision":38,"scale":-1}]}`,
		`{"columns":[{"name":"a","type":"decimal","kind":"S","precision":38,"scale":1}]}`, `{"columns":[{"name":"a","type":"decimal","kind":"N","precision":18,"scale":19}]}`,
		`{"columns":[{"name":"a","type":"decimal","kind":"N","precision":19,"scale":1}]}`, `{"columns":[{"name":"a","type":"decimal","kind":"N","scale":1}]}`,
		`{"columns":[{"name":"a","type":"array","kind":"L"}]}`, `{"columns":[{"name":"a","type":"map","kind":"M"}]}`, `{"columns":[{"name":"a","type":"struct","kind":"M"}]}`,
		`{"columns":[{"name":"a","type":"array","kind":"M","element":{"type":"string","kind":"S"}}]}`, `{"columns":[{"name":"a","type":"array","kind":"NS","element":{"type":"string","kind":"S"}}]}`,
		`{"columns":[{"name":"a","type":"array","kind":"L","element":{"type":"array","kind":"L"}}]}`, `{"columns":[{"name":"a","type":"map","kind":"L","element":{"type":"string","kind":"S"}}]}`,
		`{"columns":[{"name":"a","type":"struct","kind":"L","fields":[{"name":"b","type":"string","kind":"S"}]}]}`, `{"columns":[{"name":"a","type":"struct","kind":"M","fields":[{"name":"b"}]}]}`,
	} {
		if err := json.Unmarshal([]byte(body), new(Schema)); err == nil {
			t.Errorf("%s is accepted", body)
		}
	}
}
