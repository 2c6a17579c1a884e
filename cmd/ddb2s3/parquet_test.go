package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// parquetFiles copies the Parquet files of a run to a folder of this computer, and returns DuckDB's words for them.
func parquetFiles(t *testing.T, result run.Result) string {
	t.Helper()
	folder := t.TempDir()
	for i, key := range testservers.Keys(t, result.Bucket, run.Layout{Root: result.Root}.DataPrefix()) {
		object, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &result.Bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(object.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprint(i)+".parquet"), body, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return duckdb.File(folder + "/*.parquet")
}

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
	lines.WriteString(`{"id":"order-2999","amount":0.5,"code":17,"big":12345678901234567890123456789012345678,"customer":{"points":0.25},"lines":[{"quantity":0.125}],"note":"new"}` + "\n")
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET", "segments": 4, "fileSizeBytes": 16384}`, table, bucket)
	o := runProgram(t, "--load", file(t, "trap.jsonl", lines.Bytes()), "--key", "id", "--input", requestFile(t, request), "--verify")
	if o.code != 0 {
		t.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
	if diff := cmp.Diff(map[string]int64{"code": 1}, o.result.Schema.Rest); diff != "" {
		t.Errorf("in _rest (-want +got):\n%s", diff)
	}
	shown := strings.Join(strings.Fields(o.stderr), " ")
	for _, want := range []string{
		"schema, learned from all 3,000 items: s3://" + bucket + "/", " COLUMN TYPE ITEMS IN _rest ATTRIBUTE amount decimal(38,1) amount ",
		" code string 1 code ", " lines array<struct<quantity:decimal(38,3)>> lines ", " hold exactly the 3,000 items of the table: ",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, o.stderr)
		}
	}
	files := parquetFiles(t, o.result)
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
		"select count(code), max(_rest) from ":                    fmt.Sprint(whole) + ` {"code":{"N":"17"}}`,
	} {
		if got := ask(t, query+files); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", query, got, want)
		}
	}
	types := []string{
		"amount DECIMAL(38,1)", "big DECIMAL(38,0)", "code VARCHAR", "customer STRUCT(points DECIMAL(38,2))", "id VARCHAR",
		"lines STRUCT(quantity DECIMAL(38,3))[]", "note VARCHAR", "_rest VARCHAR",
	}
	if diff := cmp.Diff(types, ask(t, "select column_name, column_type from (describe select * from "+files+")")); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
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
		got := queryOf(schema.Schema{Columns: test.columns}, run.LearnedSchema{Rest: map[string]int64{"left": 1}}, "it's/*.parquet")
		if want := test.want + " from 'it''s/*.parquet'"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
