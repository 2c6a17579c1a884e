package lake

import (
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/duckdb"
)

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
func moment(at time.Time) string { return duckdb.Text(run.PartitionTime(at)) }

// rows returns the query for the records of files. The names of its columns are those in Athena.
func rows(of ddl.Content, paths []string) string {
	query := "(" + strings.TrimSpace(ddl.DuckDB(of, paths...)) + ")"
	switch {
	case of.Format != request.FormatDynamoDBJSON:
		return "select * from " + query
	case of.Changes:
		return "select Metadata as metadata, Keys as keys, NewImage as newimage, OldImage as oldimage from " + query
	default:
		return "select Item as item from " + query
	}
}

// historic returns the query for the records of a run in the history.
func historic(r Run, query string) string {
	return fmt.Sprintf("select *, %s as %s, %s as %s from (%s)", moment(r.Time), ddl.RunTime, duckdb.Text(r.ID), ddl.RunID, query)
}

// changed returns the query for the changes of a window.
func changed(w Window, paths []string) string {
	return fmt.Sprintf("select *, %s as %s, %s as %s from (%s)", moment(w.From), ddl.WindowFrom, moment(w.To), ddl.WindowTo,
		rows(ddl.Content{Format: w.Format, Changes: true}, paths))
}
