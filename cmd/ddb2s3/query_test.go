package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// query runs the verb query.
func query(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, said bytes.Buffer
	cmd := program(t.Context(), t, append([]string{"query"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return out.String(), said.String(), code
}

// asked returns the answer to a query, as CSV without its header.
func asked(t *testing.T, from, sql string) string {
	t.Helper()
	stdout, stderr, code := query(t, "--from", from, "--csv", sql)
	if code != 0 {
		t.Fatalf("%s: exit %d: %s", sql, code, stderr)
	}
	_, rows, _ := strings.Cut(stdout, "\n")
	return strings.TrimSuffix(rows, "\n")
}

// committed runs a request, which must succeed.
func committed(t *testing.T, dynamoDB, text string) outcome {
	t.Helper()
	o := runProgramAt(t, dynamoDB, "--input", requestFile(t, text))
	if o.code != 0 {
		t.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
	return o
}

// The newest run of the whole table is the table, in each format that DuckDB reads. A run of a part of the table is in no table.
func TestQueryReadsTheNewestWholeRun(t *testing.T) {
	table, bucket := testservers.Orders(t, 300), testservers.Bucket(t)
	request := func(fields string) string {
		return fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake/dt=1/{table}", "segments": 2, "fileSizeBytes": 16384, %s}`, table, bucket, fields)
	}
	name := strings.ReplaceAll(table, "-", "_")
	var runs []string
	var files int64 // in JSON
	for _, test := range []struct{ fields, sql, want string }{
		{`"format": "DYNAMODB_JSON"`, "select count(*), count(distinct item['orderId'].s), count(distinct item['total'].n) > 250 from " + name, "300,300,true"},
		{`"format": "DYNAMODB_JSON", "compression": "ZSTD"`, "select count(distinct item['orderId']), count(distinct run_id) from " + name + "_history", "300,2"},
		{`"format": "JSON"`, "select count(distinct orderId), count(distinct total) > 250, typeof(any_value(placedAt)) from " + name, "300,true,VARCHAR"},
		{`"format": "JSON", "compression": "NONE"`, "select count(distinct orderId), count(*) from " + name + "_history_2", "300,600"},
		{`"format": "PARQUET"`, "select count(distinct orderId), sum(total) > 0, typeof(sum(total)) like 'DECIMAL(38,%' from " + name, "300,true,true"},
	} {
		o := committed(t, "", request(test.fields))
		runs = append(runs, o.result.RunID)
		if strings.Contains(test.fields, `"JSON"`) {
			files += o.result.Objects
		}
		for _, part := range []string{
			`"scan": {"FilterExpression": "attribute_exists(nothing)"}`, `"scan": {"ProjectionExpression": "orderId"}`, `"scan": {"Segment": 0, "TotalSegments": 2}`,
			`"transform": "{orderId}"`,
		} {
			if test.fields == `"format": "JSON"` {
				committed(t, "", strings.Replace(request(test.fields+", "+part), `"segments": 2, `, "", 1))
			}
		}
		folder := download(t, bucket, "lake")
		if got := asked(t, folder, test.sql); got != test.want {
			t.Errorf("%s: %s: got %q, want %q", test.fields, test.sql, got, test.want)
		}
	}
	folder := download(t, bucket, "lake")
	stdout, _, _ := query(t, "--from", folder, "--list", "--json")
	var listed []string
	for line := range strings.Lines(stdout) {
		var one struct{ Table, RunID, Format string }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		listed = append(listed, one.RunID)
	}
	if diff := cmp.Diff(runs, listed); diff != "" {
		t.Errorf("the runs (-want +got):\n%s", diff)
	}
	if stdout, _, _ := query(t, "--from", folder, "--list"); !strings.Contains(stdout, "the tables here are "+name+", "+name+"_history, "+name+"_history_2, "+name+"_history_3\n") {
		t.Errorf("the list:\n%s", stdout)
	}
	// The same in S3. Only the files of the query's tables are downloaded, and nothing stays.
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, from := range []string{"s3://" + bucket, "s3://" + bucket + "/lake/", "s3://" + bucket + "/lake/dt=1/" + table + "/AWSDynamoDB/" + runs[0] + "/data"} {
		stdout, stderr, code := query(t, "--from", from, "--csv", "select count(distinct orderId), count(*) from "+name+"_history_2")
		if code != 0 || stdout != "count(DISTINCT orderId),count_star()\n300,600\n" {
			t.Errorf("%s: exit %d: %s %s", from, code, stdout, stderr)
		}
		if !strings.HasPrefix(stderr, fmt.Sprintf("downloading %d files, ", files)) || !strings.Contains(stderr, fmt.Sprintf("downloading: 100 %%, %[1]d of %[1]d files, ", files)) {
			t.Errorf("%s says %s", from, stderr)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	// The folder of a run means all runs beside it.
	if got := asked(t, folder+"/dt=1/"+table+"/AWSDynamoDB/"+runs[0], "select count(*) from "+name); got != "300" {
		t.Errorf("from the folder of a run: %s", got)
	}
}

// A table without items is a table with columns.
func TestQueryOfAnEmptyTable(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 0), testservers.Bucket(t)
	name := strings.ReplaceAll(table, "-", "_")
	for format, sql := range map[string]string{
		"DYNAMODB_JSON": "select count(item['total'].n) from ", "JSON": "select count(*) from ", "PARQUET": "select count(_rest) from ",
	} {
		committed(t, "", fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": %q, "format": %q}`, table, bucket, format, format))
		if got := asked(t, download(t, bucket, format), sql+name); got != "0" {
			t.Errorf("%s: got %s", format, got)
		}
	}
}

// The newest full export with the later changes gives the table as it is.
func TestQueryAppliesTheChanges(t *testing.T) {
	t.Parallel()
	server := testservers.StartExports(t, exports.Options{})
	client := dynamodb.NewFromConfig(server.AWS())
	table, bucket := testservers.Orders(t, 400), testservers.Bucket(t)
	request := fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{table}", "export": {"from": "last", "checkIntervalSeconds": 1}}`, table, bucket)
	committed(t, server.URL, request)
	committed(t, server.URL, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "{table}", "format": "PARQUET"}`, table, bucket))
	for round := range 2 {
		if err := sampletable.Change(t.Context(), client, table, uint64(round), 400, func(int) {}); err != nil {
			t.Fatal(err)
		}
		server.Advance(time.Hour)
		o := committed(t, server.URL, request)
		if len(o.result.Exports) != 1 || o.result.Exports[0].ExportType != "INCREMENTAL" {
			t.Fatalf("got %+v", o.result.Exports)
		}
		says(t, o, `"select window_from, window_to, count(*), count(newimage) from `+strings.ReplaceAll(table, "-", "_")+`_changes group by all"`)
	}
	name, folder := strings.ReplaceAll(table, "-", "_"), download(t, bucket, table)
	if got := asked(t, folder, "select count(*), count(newimage) < count(*), count(distinct window_from) from "+name+"_changes"); !strings.HasSuffix(got, ",true,2") {
		t.Errorf("the changes: %s", got)
	}
	stdout, stderr, code := query(t, "--from", folder, "--json", "select item from "+name+"_current")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var got []map[string]types.AttributeValue
	for line := range strings.Lines(stdout) {
		got = append(got, itemOf(t, line))
	}
	items := itemsOf(t, table, "orderId")
	if !reflect.DeepEqual(ordered(got, "orderId"), items) {
		t.Errorf("%d items differ from the %d of the table", len(got), len(items))
	}
	var want, rows []string
	for _, item := range items {
		status, _ := item["status"].(*types.AttributeValueMemberS)
		want = append(want, item["orderId"].(*types.AttributeValueMemberS).Value+","+status.Value)
	}
	for row := range strings.SplitSeq(asked(t, folder, joinOfThePage(t, name)), "\n") {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("the join of docs/athena.md (-want +got):\n%s", diff)
	}
}

// joinOfThePage returns the query of docs/athena.md that joins runs in Parquet with changes. DuckDB has another word for a value of a map that may be
// missing. A time before the run does no harm.
func joinOfThePage(t *testing.T, table string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/athena.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sql, found := strings.Cut(string(page), "```sql\nwith last_change")
	sql, _, closed := strings.Cut(sql, ";\n```")
	if !found || !closed {
		t.Fatal("docs/athena.md has no join")
	}
	return strings.NewReplacer("element_at(newimage, 'status')", "newimage['status']", "from orders", "from "+table, "2026-11-27", "1970-01-01").Replace("with last_change" + sql)
}

// itemOf decodes a row with an item.
func itemOf(t *testing.T, line string) map[string]types.AttributeValue {
	t.Helper()
	var row struct{ Item map[string]map[string]any }
	if err := json.Unmarshal([]byte(line), &row); err != nil {
		t.Fatal(err)
	}
	for _, value := range row.Item {
		for kind, of := range value {
			switch text, isText := of.(string); {
			case of == nil:
				delete(value, kind)
			case isText && (kind == "L" || kind == "M"):
				value[kind] = json.RawMessage(text)
			}
		}
	}
	text, err := json.Marshal(row.Item)
	if err != nil {
		t.Fatal(err)
	}
	item, err := attributevalue.UnmarshalMapJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return item
}
