package ddl

import (
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// DuckDB returns a query that reads a run, to paste into DuckDB. uris are files, or one folder with a slash at its end. Without uris, the query
// has the columns and no rows. For Ion, which DuckDB cannot read, it returns a comment that says so.
func DuckDB(c Content, uris ...string) string {
	if len(uris) == 0 {
		return noRows(c)
	}
	extension := "json"
	if c.Format == request.FormatParquet {
		extension = "parquet"
	}
	var files []string
	for _, uri := range uris {
		if strings.HasSuffix(uri, "/") {
			uri += "*." + extension + suffix[c.Compression]
			if c.Format == request.FormatParquet {
				uri = strings.TrimSuffix(uri, suffix[c.Compression])
			}
		}
		files = append(files, duckText(uri))
	}
	from := strings.Join(files, ", ")
	if len(files) != 1 {
		from = "[" + from + "]"
	}
	switch c.Format {
	case request.FormatParquet:
		return fmt.Sprintf("SELECT * FROM read_parquet(%s%s)\n", from, ownColumns)
	case request.FormatION:
		return "-- DuckDB cannot read Ion. Use Athena, or run with another format.\n"
	case request.FormatDynamoDBJSON:
		names := []string{"Item"}
		if c.Changes {
			names = []string{"Metadata", "Keys", "NewImage", "OldImage"}
		}
		var columns []string
		for _, name := range names {
			columns = append(columns, duckText(name)+": "+duckText(duckItem))
		}
		return fmt.Sprintf("SELECT * FROM read_json(%s%s, format = 'newline_delimited', columns = {%s})\n", from, ownColumns, strings.Join(columns, ", "))
	default:
		return duckJSON(c, from)
	}
}

// noRows returns a query with the columns of a run without files.
func noRows(c Content) string {
	columns := []string{"NULL::VARCHAR AS _rest"}
	switch {
	case c.Format == request.FormatDynamoDBJSON && c.Changes:
		columns = nil
		for _, name := range []string{"Metadata", "Keys", "NewImage", "OldImage"} {
			columns = append(columns, "NULL::"+duckItem+" AS "+name)
		}
	case c.Format == request.FormatDynamoDBJSON:
		columns = []string{"NULL::" + duckItem + " AS Item"}
	case c.Format == request.FormatJSON && c.Schema != nil && len(c.Schema.Columns) > 0:
		columns = nil
		for _, column := range c.Schema.Columns {
			columns = append(columns, "NULL::"+duckType(column.Type)+" AS "+duckName(column.Name))
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " WHERE false\n"
}

// suffix is what a compression adds to the name of a file.
var suffix = map[request.Compression]string{request.CompressionGZIP: ".gz", request.CompressionZSTD: ".zst"}

// ownColumns says that a folder with a name such as dt=2026-11-27 adds no column.
const ownColumns = ", hive_partitioning = false"

// duckItem is an item in DynamoDB JSON.
const duckItem = `MAP(VARCHAR, STRUCT(S VARCHAR, N VARCHAR, B VARCHAR, BOOL BOOLEAN, "NULL" BOOLEAN, SS VARCHAR[], NS VARCHAR[], BS VARCHAR[], L JSON, M JSON))`

// duckJSON returns the query for plain JSON. DuckDB finds columns by the names in JSON and ignores the case. So of attributes such as total and
// Total, DuckDB reads only one.
func duckJSON(c Content, from string) string {
	if c.Schema == nil {
		return fmt.Sprintf("SELECT * FROM read_json(%s%s, format = 'newline_delimited')\n", from, ownColumns)
	}
	var columns, names []string
	for _, column := range c.Schema.Columns {
		of := duckType(column.Type)
		if c.Rest[column.Attribute] > 0 {
			of = "JSON"
		}
		columns = append(columns, duckText(column.Attribute)+": "+duckText(of))
		name := duckName(column.Attribute)
		if column.Name != column.Attribute {
			name += " AS " + duckName(column.Name)
		}
		names = append(names, name)
	}
	return fmt.Sprintf("SELECT %s FROM read_json(%s%s, format = 'newline_delimited', columns = {%s})\n", strings.Join(names, ", "), from, ownColumns, strings.Join(columns, ", "))
}

// duckType returns a type of plain JSON as DuckDB writes it. DuckDB reads a number with a fraction as a double before it makes a decimal of it. So 15
// digits are right, which is more than a sum of doubles keeps.
func duckType(t schema.Type) string {
	switch t.Name {
	case schema.Array:
		return duckType(*t.Element) + "[]"
	case schema.Map:
		return "MAP(VARCHAR, " + duckType(*t.Element) + ")"
	case schema.Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, duckName(f.Attribute)+" "+duckType(f.Type))
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	case schema.JSON:
		return "JSON"
	case schema.String, schema.Binary:
		return "VARCHAR"
	default:
		return strings.ToUpper(t.String())
	}
}

func duckName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func duckText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
