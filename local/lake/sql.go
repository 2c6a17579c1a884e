package lake

import (
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/duckdb"
)

// value is the type of an attribute in DynamoDB JSON, which says its own type. Lists and maps are text.
const value = `STRUCT(S VARCHAR, N VARCHAR, B VARCHAR, BOOL BOOLEAN, "NULL" BOOLEAN, SS VARCHAR[], NS VARCHAR[], BS VARCHAR[], L VARCHAR, M VARCHAR)`

// attributes is the type of an item, or of a key.
const attributes = "MAP(VARCHAR, " + value + ")"

// Current returns the query for the items that a table had at the end of the last window: the newest run, with the later changes applied to it.
// keys are the names of the attributes of the table's key. DuckDB and Athena run the same query.
//
// A change has the key and the item after the write. A deletion has no new image. The last write of a key decides, so it does not matter if some
// of the changes are already in the run.
func Current(base, changes string, since time.Time, keys []string) string {
	var own, changed, names []string
	for i, key := range keys {
		name := fmt.Sprintf("key_%d", i+1)
		names = append(names, name)
		own = append(own, fmt.Sprintf("item[%s] as %s", duckdb.Text(key), name))
		changed = append(changed, fmt.Sprintf("keys[%s]", duckdb.Text(key)))
	}
	return fmt.Sprintf(`select item
from (
  select item, row_number() over (partition by %s order by written desc) as place
  from (
    select %s, item, 0 as written
    from %s
    union all
    select %s, newimage, cast(metadata['WriteTimestampMicros'].n as bigint)
    from %s
    where window_to > %s
  )
)
where place = 1 and item is not null`,
		strings.Join(names, ", "), strings.Join(own, ", "), base, strings.Join(changed, ", "), changes, moment(since))
}

// moment returns a moment as the columns have it.
func moment(at time.Time) string { return duckdb.Text(at.UTC().Format(TimeForm)) }

// list returns paths as SQL writes a list.
func list(paths []string) string {
	texts := make([]string, len(paths))
	for i, path := range paths {
		texts[i] = duckdb.Text(path)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// readJSON returns a query's words for the records of files with these columns, in DuckDB's form: {name: 'TYPE'}.
func readJSON(paths []string, columns string) string {
	return "read_json(" + list(paths) + ", format = 'newline_delimited', hive_partitioning = false, columns = " + columns + ")"
}

// rows returns the query for the records of a run. columns are those of JSON.
func rows(s Stored, paths []string, columns string) string {
	switch {
	case s.Format == request.FormatDynamoDBJSON && len(paths) == 0:
		return "select null::" + attributes + " as item where false"
	case len(paths) == 0:
		return "select null::varchar as _rest where false"
	case s.Format == request.FormatParquet:
		return "select * from read_parquet(" + list(paths) + ", hive_partitioning = false)"
	case s.Format == request.FormatJSON:
		return "select * from " + readJSON(paths, columns)
	default:
		return "select Item as item from " + readJSON(paths, "{Item: "+duckdb.Text(attributes)+"}")
	}
}

// historic returns the query for the records of a run in the history.
func historic(r Run, query string) string {
	return fmt.Sprintf("select *, %s as run_time, %s as run_id from (%s)", moment(r.Time), duckdb.Text(r.ID), query)
}

// changed returns the query for the changes of a window.
func changed(w Window, paths []string) string {
	from := "(select null::" + attributes + " as Metadata, null::" + attributes + " as Keys, null::" + attributes + " as NewImage, null::" + attributes + " as OldImage where false)"
	if len(paths) > 0 {
		from = readJSON(paths, fmt.Sprintf("{Metadata: %[1]s, Keys: %[1]s, NewImage: %[1]s, OldImage: %[1]s}", duckdb.Text(attributes)))
	}
	return fmt.Sprintf("select Metadata as metadata, Keys as keys, NewImage as newimage, OldImage as oldimage, %s as window_from, %s as window_to from %s",
		moment(w.From), moment(w.To), from)
}
