package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// ask returns the rows that DuckDB gives, each with spaces between its values.
func ask(t *testing.T, query string) (rows []string) {
	t.Helper()
	db, err := duckdb.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, found, err := db.All(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range found {
		rows = append(rows, strings.Join(row, " "))
	}
	return rows
}

// One item of the table alone has a fraction, another type, a new attribute and a number of 38 digits. A reader that guesses types from a
// sample rounds the fraction or fails.
func TestTheTrapOfSamples(t *testing.T) {
	t.Parallel()
	bucket, table := testservers.Bucket(t), "trap"
	var lines bytes.Buffer
	const items = 3000
	for i := range items - 1 {
		fmt.Fprintf(&lines, `{"id":"order-%04d","amount":%d,"code":"A%d","big":%d,"customer":{"points":%d},"lines":[{"quantity":%d},{"quantity":1}]}`+"\n",
			i, i%100, i%10, i, i%7, i%5)
	}
	lines.WriteString(`{"id":"order-2999","amount":0.5,"code":17,"big":12345678901234567890123456789012345678,"customer":{"points":0.25},"lines":[{"quantity":0.125},"gift"],"note":"new"}` + "\n")
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET", "segments": 4, "fileSizeBytes": 16384}`, table, bucket)
	o := runProgram(t, "--load", file(t, "trap.jsonl", lines.Bytes()), "--key", "id", "--input", requestFile(t, request), "--verify")
	if o.code != 0 {
		t.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
	if diff := cmp.Diff(map[string]int64{"code": 1, "lines": 1}, o.result.Schema.Rest); diff != "" {
		t.Errorf("in _rest (-want +got):\n%s", diff)
	}
	shown := strings.Join(strings.Fields(o.stderr), " ")
	for _, want := range []string{
		"converting trap: 100 %, 3,000 of 3,000 items, ", "schema, learned from all 3,000 items: s3://" + bucket + "/", " COLUMN TYPE ITEMS IN _rest ATTRIBUTE amount decimal(18,1) amount ",
		" code string 1 code ", " lines array<struct<quantity:decimal(18,3)>> 1 lines ", " hold exactly the 3,000 items of the table: ",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, o.stderr)
		}
	}
	folder := download(t, bucket, o.result.Root)
	files := duckdb.File(folder + "/data/*.parquet")
	whole := items - 1
	var amount, big, points, quantity int
	for i := range whole {
		amount, big, points, quantity = amount+i%100, big+i, points+i%7, quantity+i%5+1
	}
	for query, want := range map[string]string{
		"select count(*), count(distinct id), count(note) from ":  "3000 3000 1",
		"select sum(amount) from ":                                fmt.Sprintf("%d.5", amount),
		"select sum(big) from ":                                   fmt.Sprintf("1234567890123456789012345678%010d", 9012345678+big),
		"select sum(customer.points) from ":                       fmt.Sprintf("%d.25", points),
		"select sum(list_sum([x.quantity for x in lines])) from ": fmt.Sprintf("%d.125", quantity),
		`select count(code), count(_rest), max(_rest like '%"code":{"N":"17"}%' and _rest like '%{"S":"gift"}%') from `: fmt.Sprint(whole) + " 1 true",
	} {
		if got := ask(t, query+files); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", query, got, want)
		}
	}
	o.result.Bucket, o.result.Root = filepath.Base(folder), "."
	var answer strings.Builder
	if err := (&services{s3Folder: filepath.Dir(folder)}).showParquet(t.Context(), testservers.S3(), o.result, &answer); err != nil ||
		!strings.Contains(answer.String(), fmt.Sprintf("/data/*.parquet'\nanswer: 3000, %d.5, 1234567890123456789012345678%010d\n", amount, 9012345678+big)) {
		t.Errorf("%v:\n%s", err, &answer)
	}
	types := []string{
		"amount DECIMAL(18,1)", "big DECIMAL(38,0)", "code VARCHAR", "customer STRUCT(points DECIMAL(18,2))", "id VARCHAR",
		"lines STRUCT(quantity DECIMAL(18,3))[]", "note VARCHAR", "_rest VARCHAR",
	}
	if diff := cmp.Diff(types, ask(t, "select column_name, column_type from (describe select * from "+files+")")); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// Each run is verified: its rows give the items of the table.
func TestRunsInParquetAreVerified(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields, flag string
		says         []string
	}{
		"export":    {`"export": {}`, "--local-exports", []string{"learning the types of orders", ": 100 %, 300 of 300 items, ", "1 object holds exactly the 300 items of the table", "FULL export of the table as it was at "}},
		"doubles":   {`"numbers": "DOUBLE", "compression": "SNAPPY"`, "", []string{"total double total", "1 object holds exactly the 300 items"}},
		"pins":      {`"columns": {"total": {"name": "sum", "type": "decimal(38,2)"}, "lines": {"type": "json"}}, "compression": "GZIP"`, "", []string{"sum decimal(38,2) 300 total", "lines string lines", "1 object holds exactly the 300 items"}},
		"transform": {`"transform": "{orderId} + .lines[]", "compression": "NONE"`, "", []string{"the run has read the whole table, 300 items. The 1 object holds "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, bucket := testservers.Orders(t, 300), testservers.Bucket(t)
			args := []string{"--verify", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET", %s}`, table, bucket, test.fields))}
			if test.flag != "" {
				args = append(args, test.flag)
			}
			o := runProgram(t, args...)
			shown := strings.Join(strings.Fields(o.stderr), " ")
			for _, want := range test.says {
				if o.code != 0 || !strings.Contains(shown, want) {
					t.Errorf("exit %d, %+v: no %q in\n%s", o.code, o.failed, want, o.stderr)
				}
			}
		})
	}
}

func TestQueryOfASchema(t *testing.T) {
	t.Parallel()
	integer := schema.Type{Name: schema.Integer, Kind: ddbjson.KindN}
	structure := func(of schema.Type) schema.Type {
		return schema.Type{Name: schema.Struct, Fields: []schema.Column{{Name: "n", Attribute: "n", Type: of}}}
	}
	list := func(of schema.Type) schema.Type { return schema.Type{Name: schema.Array, Element: &of} }
	column := func(name string, of schema.Type) schema.Column {
		return schema.Column{Name: name, Attribute: name, Type: of}
	}
	for _, test := range []struct {
		columns []schema.Column
		want    string
	}{
		{nil, "select count(*)"},
		{[]schema.Column{column("s", schema.Type{Name: schema.String})}, "select count(*)"},
		{[]schema.Column{column(`a"b`, integer), column("left", integer), column("c", integer), column("d", integer)}, `select count(*), sum("a""b"), sum("c")`},
		{[]schema.Column{column("l", list(integer)), column("m", structure(structure(integer)))}, `select count(*), sum("m"."n"."n"), sum(list_sum("l"))`},
		{[]schema.Column{column("l", list(structure(integer)))}, `select count(*), sum(list_sum([x."n" for x in "l"]))`},
	} {
		got := queryOf(schema.Schema{Columns: test.columns}, run.LearnedSchema{Rest: map[string]int64{"left": 1}}, "'it''s/*.parquet'")
		if want := test.want + " from 'it''s/*.parquet'"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSchemaIsShown(t *testing.T) {
	t.Parallel()
	text := schema.Type{Name: schema.String, Kind: ddbjson.KindS}
	decided := schema.Schema{Columns: []schema.Column{
		{Name: "a_b", Attribute: "a\nb", Type: text},
		{Name: "n", Attribute: "n", Type: schema.Type{Name: schema.Struct, Fields: []schema.Column{{Name: strings.Repeat("x", 80), Type: text}}}},
	}}
	learned := run.LearnedSchema{Rest: map[string]int64{"n": 1200, "m": 3, "": 7}, Last: "run-1", Drift: json.RawMessage(
		`{"changes":[{"column":"a_b","change":"added","to":"string"},{"column":"n","change":"changed","from":"string","to":"bigint"},{"column":"o","change":"removed","from":"string"}],"more":2}`)}
	want := `schema, learned from all 1 item: s3://b/_schema.json
  COLUMN  TYPE                                                                    ITEMS IN _rest  ATTRIBUTE
  a_b     string                                                                                  a b
  n       struct<` + strings.Repeat("x", 62) + `…  1,200           n
  _rest   string                                                                  7               other attributes
  _rest   string                                                                  3               m
changes since the run run-1: 5
  added a_b: string
  changed n: string -> bigint
  removed o: string
`
	if diff := cmp.Diff(want, describeSchema(decided, learned, "1 item", "s3://b/_schema.json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range mostShownColumns {
		decided.Columns = append(decided.Columns, schema.Column{Name: "c", Attribute: "c", Type: text})
	}
	if shown := describeSchema(decided, run.LearnedSchema{}, "1 item", ""); strings.Count(shown, "\n") != mostShownColumns+3 || !strings.HasSuffix(shown, "\n  and 2 more lines\n") {
		t.Errorf("got\n%s", shown)
	}
}

// The records of a transform are not the items of the table.
func TestSchemaSaysFromWhatItWasLearned(t *testing.T) {
	t.Parallel()
	for want, result := range map[string]run.Result{"1 item": {Items: 1, Records: 1}, "3 records": {Items: 1, Records: 3}} {
		if got := learnedFrom(result, result.Records); got != want {
			t.Errorf("%d items, %d records: got %q", result.Items, result.Records, got)
		}
	}
}
