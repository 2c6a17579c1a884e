// Package ddl owns what a run is as a table in SQL: columns, SerDe, partitions and the text of statements. It calls no AWS service. It may import
// request, schema and lazyregexp.
//
// Start with [Of]. It returns the [Table] for the data of one run, without a name and a location. The caller fills these in, and can then print
// [Table.Create] or give the fields to Glue. [Merge], [Align] and [Table.PartitionStorage] make a table with a
// partition for each run. [DuckDB] returns a query.
package ddl

import (
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// Table is a table, as Athena, Glue and Hive describe it.
type Table struct {
	Database, Name string
	// Columns are those in the files. Partitions are the partition keys. Names are in lower case, and no two are equal.
	Columns, Partitions []Column
	Storage             Storage
	Parameters          map[string]string
	// Left has the attributes that have no column, and the fields of structs that have none, as paths: customer.first-name.
	Left []string
}

// Column is a column or a partition key. Type is a type as Hive writes it: array<struct<sku:string,qty:bigint>>.
type Column struct{ Name, Type, Comment string }

// Storage says how the files of a table or a partition are read.
type Storage struct {
	InputFormat, OutputFormat, SerDe string
	SerDeParameters                  map[string]string
	// Location is the URI of the folder, with a slash at its end.
	Location   string
	Compressed bool
}

// Content says what the files of a run hold.
type Content struct {
	Format      request.Format
	Compression request.Compression
	// Schema has the columns; nil for DYNAMODB_JSON, which names its types itself.
	Schema *schema.Schema
	// Rest counts, by attribute, the values that do not fit the column's type: those that a run in PARQUET keeps in _rest. A run in JSON or ION has no
	// such column. So in JSON, the column of the attribute is the text of the value. In ION, it is left out.
	Rest map[string]int64
	// Changes says that the records are the changes of an incremental export.
	Changes bool
}

// Formats and SerDes.
const (
	textInput    = "org.apache.hadoop.mapred.TextInputFormat"
	symlinkInput = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
	textOutput   = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	openX        = "org.openx.data.jsonserde.JsonSerDe"
)

// Of returns the table of a run. A table of changes reads a list of files, see [SymlinkFile]. The error says why there is no table.
func Of(c Content) (Table, error) {
	if c.Schema == nil && c.Format != request.FormatDynamoDBJSON {
		return Table{}, fmt.Errorf("describe the table: the columns of %s data are not known", c.Format)
	}
	t := Table{Parameters: map[string]string{"EXTERNAL": "TRUE"}}
	switch c.Format {
	case request.FormatParquet:
		t.parquet(c)
	case request.FormatJSON:
		t.json(c)
	case request.FormatION:
		t.ion(c)
	case request.FormatDynamoDBJSON:
		t.dynamoDBJSON(c)
	default:
		return Table{}, fmt.Errorf("describe the table: there is no SerDe for the format %q", c.Format)
	}
	t.Storage.Compressed = c.Compression != request.CompressionNone
	if len(t.Columns) == 0 {
		return Table{}, fmt.Errorf("describe the table: no attribute has a column")
	}
	return t, nil
}

// parquet describes Parquet files. Engines find the columns and the fields of structs by their names.
func (t *Table) parquet(c Content) {
	const of = "org.apache.hadoop.hive.ql.io.parquet."
	t.Storage = Storage{InputFormat: of + "MapredParquetInputFormat", OutputFormat: of + "MapredParquetOutputFormat", SerDe: of + "serde.ParquetHiveSerDe"}
	t.Storage.SerDeParameters = map[string]string{"serialization.format": "1"}
	t.Parameters["classification"] = "parquet"
	w := writer{field: func(f schema.Column) (string, bool) { return strings.ToLower(f.Name), writable(f.Name) }}
	for _, column := range c.Schema.Columns {
		t.add(&w, column)
	}
	t.Columns = append(t.Columns, Column{Name: schema.RestColumn, Type: "string", Comment: "DynamoDB JSON of the attributes that do not fit their columns"})
	t.Left = w.left
}

// add adds a column, if its type can be written.
func (t *Table) add(w *writer, of schema.Column) {
	if text := w.text(of.Attribute, of.Type); text != "" {
		t.Columns = append(t.Columns, Column{Name: strings.ToLower(of.Name), Type: text, Comment: comment(of)})
	}
}

// longestComment is how many characters Glue allows in a comment.
const longestComment = 255

// comment says what the name and the type of a column do not say. It has one line, as Glue asks for.
func comment(of schema.Column) string {
	var words []string
	if strings.ToLower(of.Name) != of.Attribute {
		words = append(words, "attribute "+oneLine(of.Attribute))
	}
	if of.Type.Name == schema.JSON {
		words = append(words, "JSON of "+of.Kind.String())
	}
	text := []rune(strings.Join(words, ", "))
	return string(text[:min(len(text), longestComment)])
}
