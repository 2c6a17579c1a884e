package parquetitem_test

import (
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/verify/parquetitem"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// rebuild returns the items of the rows that a query gives.
func rebuild(t *testing.T, db *duckdb.DB, columns, sql string) (items []map[string]types.AttributeValue, err error) {
	t.Helper()
	schema, err := parquetitem.Parse([]byte(`{"version": 1, "columns": [` + columns + `]}`))
	if err != nil {
		return nil, err
	}
	found, err := db.Query(t.Context(), sql+" limit 0", nil)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := schema.Reader(found)
	if err != nil {
		return nil, err
	}
	var rows []duckdb.Row
	if _, err = db.Query(t.Context(), sql, func(row duckdb.Row) error { rows = append(rows, slices.Clone(row)); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		item, err := reader.Item(row)
		if err != nil {
			return nil, err // an error in Query would end DuckDB
		}
		items = append(items, item)
	}
	return items, nil
}

func open(t *testing.T) *duckdb.DB {
	t.Helper()
	db, err := duckdb.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// values lets cmp compare the SDK's types.
var values = cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{}, types.AttributeValueMemberBOOL{},
	types.AttributeValueMemberNULL{}, types.AttributeValueMemberM{}, types.AttributeValueMemberL{}, types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{},
	types.AttributeValueMemberBS{})

// none is the column _rest of an item that needs none.
const none = `null::varchar as "_rest"`

func TestItemsAreRebuilt(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, c := range []struct{ name, columns, row, item string }{
		{
			"scalars", `{"name":"s","attribute":"s","type":"string","kind":"S"}, {"name":"b","attribute":"b","type":"binary","kind":"B"},
			{"name":"t","attribute":"t","type":"boolean","kind":"BOOL"}, {"name":"i","attribute":"i","type":"bigint","kind":"N"},
			{"name":"d","attribute":"d","type":"decimal","kind":"N","precision":38,"scale":2}, {"name":"e","attribute":"e","type":"decimal","kind":"N","precision":18,"scale":3},
			{"name":"f","attribute":"f","type":"double","kind":"N"}`,
			`'x' as s, '\x00'::blob as b, false as t, 9007199254740993 as i, 1.5::decimal(38,2) as d, -2.5::decimal(18,3) as e, 0.1::double as f, ` + none,
			`{"s":{"S":"x"},"b":{"B":"AA=="},"t":{"BOOL":false},"i":{"N":"9007199254740993"},"d":{"N":"1.50"},"e":{"N":"-2.500"},"f":{"N":"0.1"}}`,
		},
		{
			"null is an attribute that is not there", `{"name":"s","attribute":"s","type":"string","kind":"S"}, {"name":"u","attribute":"u","type":"string","kind":"S"}`,
			`'' as s, null::varchar as u, ` + none, `{"s":{"S":""}}`,
		},
		{
			"a name that the column cannot have", `{"name":"a_b","attribute":"a b","type":"string","kind":"S"}, {"name":"A_B_2","attribute":"A=B","type":"string","kind":"S"}`,
			`'1' as a_b, '2' as "A_B_2", ` + none, `{"a b":{"S":"1"},"A=B":{"S":"2"}}`,
		},
		{
			"sets", `{"name":"ss","attribute":"ss","type":"array","kind":"SS","element":{"type":"string","kind":"S"}},
			{"name":"ns","attribute":"ns","type":"array","kind":"NS","element":{"type":"bigint","kind":"N"}},
			{"name":"bs","attribute":"bs","type":"array","kind":"BS","element":{"type":"binary","kind":"B"}}`,
			`['b','a'] as ss, [2::bigint, 1] as ns, ['\xFF'::blob] as bs, ` + none, `{"ss":{"SS":["b","a"]},"ns":{"NS":["2","1"]},"bs":{"BS":["/w=="]}}`,
		},
		{
			"NULL in a list", `{"name":"l","attribute":"l","type":"array","kind":"L","element":{"type":"string","kind":"S"}}`,
			`['a', null] as l, ` + none, `{"l":{"L":[{"S":"a"},{"NULL":true}]}}`,
		},
		{
			"an empty list and an empty map", `{"name":"l","attribute":"l","type":"array","kind":"L","element":{"type":"string","kind":"S"}},
			{"name":"m","attribute":"m","type":"map","kind":"M","element":{"type":"string","kind":"S"}}`,
			`[]::varchar[] as l, map {}::map(varchar, varchar) as m, ` + none, `{"l":{"L":[]},"m":{"M":{}}}`,
		},
		{
			"NULL in a map", `{"name":"m","attribute":"m","type":"map","kind":"M","element":{"type":"array","kind":"L","element":{"type":"bigint","kind":"N"}}}`,
			`map {'': [1::bigint, null], 'k': null} as m, ` + none, `{"m":{"M":{"":{"L":[{"N":"1"},{"NULL":true}]},"k":{"NULL":true}}}}`,
		},
		{
			"a struct with a field that is not there", `{"name":"m","attribute":"m","type":"struct","kind":"M","fields":[{"name":"__proto__","attribute":"__proto__","type":"string","kind":"S"},
			{"name":"x_y","attribute":"x y","type":"struct","kind":"M","fields":[{"name":"n","attribute":"n","type":"bigint","kind":"N"}]}]}`,
			`{'__proto__': null::varchar, 'x_y': {'n': 1::bigint}} as m, ` + none, `{"m":{"M":{"x y":{"M":{"n":{"N":"1"}}}}}}`,
		},
		{
			"an empty struct", `{"name":"m","attribute":"m","type":"struct","kind":"M","fields":[{"name":"a","attribute":"a","type":"string","kind":"S"}]}`,
			`{'a': null::varchar} as m, ` + none, `{"m":{"M":{}}}`,
		},
		{
			"DynamoDB JSON", `{"name":"l","attribute":"l","type":"json","kind":"L"}, {"name":"m","attribute":"m","type":"json","kind":"M"}`,
			`'{"L":[{"N":"1"},{"S":"a"}]}' as l, '{"M":{"M":{"NULL":true}}}' as m, ` + none, `{"l":{"L":[{"N":"1"},{"S":"a"}]},"m":{"M":{"M":{"NULL":true}}}}`,
		},
		{
			"_rest replaces the attribute", `{"name":"s","attribute":"s","type":"struct","kind":"M","fields":[{"name":"a","attribute":"a","type":"bigint","kind":"N"},
			{"name":"b","attribute":"b","type":"bigint","kind":"N"}]}, {"name":"t","attribute":"t","type":"array","kind":"NS","element":{"type":"bigint","kind":"N"}}`,
			`{'a': 1::bigint, 'b': null::bigint} as s, [1::bigint, null] as t, '{"s":{"M":{"a":{"N":"1"},"b":{"S":"x"}}},"t":{"NS":["1","0.5"]},"u":{"NULL":true}}' as "_rest"`,
			`{"s":{"M":{"a":{"N":"1"},"b":{"S":"x"}}},"t":{"NS":["1","0.5"]},"u":{"NULL":true}}`,
		},
	} {
		got, err := rebuild(t, db, c.columns, "select "+c.row)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: got %v, %v", c.name, got, err)
			continue
		}
		want, err := attributevalue.UnmarshalMapJSON([]byte(c.item))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got[0], values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	t.Parallel()
	db := open(t)
	const s, ss = `{"name":"s","attribute":"s","type":"string","kind":"S"}`, `{"name":"s","attribute":"s","type":"array","kind":"SS","element":{"type":"string","kind":"S"}}`
	const j = `{"name":"s","attribute":"s","type":"json","kind":"L"}`
	for _, c := range []struct{ name, columns, row, want string }{
		{"another type", s, "1 as s, " + none, `the column "s" is INTEGER, its schema says VARCHAR`},
		{"another scale", `{"name":"s","attribute":"s","type":"decimal","kind":"N","precision":38,"scale":3}`, "1::decimal(38,2) as s, " + none, `is DECIMAL(38,2), its schema says DECIMAL(38,3)`},
		{"another precision", `{"name":"s","attribute":"s","type":"decimal","kind":"N","precision":18,"scale":2}`, "1::decimal(38,2) as s, " + none, `is DECIMAL(38,2), its schema says DECIMAL(18,2)`},
		{"another field", `{"name":"s","attribute":"s","type":"struct","kind":"M","fields":[` + s + `]}`, "{'S': ''} as s, " + none, `is STRUCT("S" VARCHAR), its schema says STRUCT("s" VARCHAR)`},
		{"a missing column", s, none, `there is no column "s"`},
		{"a missing _rest", s, "'' as s", `there is no column "_rest"`},
		{"another column", s, "'' as s, 1 as t, " + none, `the column "t" is not in the schema`},
		{"another case", s, `'' as "S", ` + none, `the column "S" is not in the schema`},
		{"two columns of an attribute", s + `, {"name":"t","attribute":"s","type":"string","kind":"S"}`, none, `attribute "s" has two columns`},
		{"an empty _rest", s, `'' as s, '{}' as "_rest"`, `column "_rest": it has no attribute`},
		{"a malformed _rest", s, `'' as s, '{"a":' as "_rest"`, `column "_rest": `},
		{"a null in a set", ss, "['a', null] as s, " + none, `column "s": there is a null where none can be`},
		{"a value of another kind", j, `'{"M":{}}' as s, ` + none, `column "s": it holds a value that is no L`},
		{"a kind that does not exist", `{"name":"s","attribute":"s","type":"string","kind":"X"}`, `'' as s, ` + none, `the schema has a string of kind "X"`},
	} {
		_, err := rebuild(t, db, c.columns, "select "+c.row)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := parquetitem.Parse([]byte(`{"version": 2, "columns": []}`)); err == nil || !strings.Contains(err.Error(), "it has version 2, want 1") {
		t.Errorf("another version: got %v", err)
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	const d = `"type":"double","kind":"N"`
	schema, err := parquetitem.Parse([]byte(`{"version": 1, "columns": [{"name":"d","attribute":"d",` + d + `}, {"name":"i","attribute":"i","type":"bigint","kind":"N"},
		{"name":"l","attribute":"l","type":"array","kind":"L","element":{` + d + `}}, {"name":"ns","attribute":"ns","type":"array","kind":"NS","element":{` + d + `}},
		{"name":"m","attribute":"m","type":"map","kind":"M","element":{` + d + `}}, {"name":"s","attribute":"s","type":"struct","kind":"M","fields":[{"name":"x","attribute":"x",` + d + `}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const long, short = "0.12345678901234567890123", "0.12345678901234568"
	text := `{"d":{"N":"#"},"i":{"N":"%"},"l":{"L":[{"N":"#"},{"S":"%"}]},"ns":{"NS":["#"]},"m":{"M":{"k":{"N":"#"}}},"s":{"M":{"x":{"N":"#"},"y":{"N":"%"}}},"o":{"N":"%"}}`
	items := make([]map[string]types.AttributeValue, 2)
	for i, number := range []string{long, short} {
		if items[i], err = attributevalue.UnmarshalMapJSON([]byte(strings.NewReplacer("#", number, "%", long).Replace(text))); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(items[1], schema.Round(items[0]), values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
