// Package parquetitem rebuilds items from the rows of Parquet files, which DuckDB has read, and from the schema of their run. It shares no
// code with the engine that decides schemas and writes rows.
//
// It imports local/duckdb and the SDK's types and decoder.
package parquetitem

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/local/duckdb"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// restColumn has what the other columns cannot hold: the DynamoDB JSON of attributes, by name.
const restColumn = "_rest"

// A Schema has the columns of a run.
type Schema struct{ columns []column }

// column is a column, or a field of a struct. Several columns may have the same name in DynamoDB, apart from upper and lower case.
type column struct {
	Name      string
	Attribute string
	typed
}

// typed is the type of a column or of a part of it. Kind is the type that its values have in DynamoDB.
type typed struct {
	Type      string
	Kind      string
	Precision int
	Scale     int
	Fields    []column
	Element   *typed
}

// Parse reads the object _schema.json of a run.
func Parse(body []byte) (Schema, error) {
	var object struct {
		Version int
		Columns []column
	}
	if err := json.Unmarshal(body, &object); err != nil {
		return Schema{}, fmt.Errorf("read the schema: %w", err)
	}
	if object.Version != 1 {
		return Schema{}, fmt.Errorf("read the schema: it has version %d, want 1", object.Version)
	}
	if err := unique(object.Columns); err != nil {
		return Schema{}, fmt.Errorf("read the schema: %w", err)
	}
	return Schema{columns: object.Columns}, nil
}

// unique returns an error if two columns, or two fields of a struct, have the same attribute.
func unique(columns []column) error {
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.Attribute] {
			return fmt.Errorf("attribute %q has two columns", c.Attribute)
		}
		seen[c.Attribute] = true
		if err := unique(c.Fields); err != nil {
			return fmt.Errorf("%q: %w", c.Name, err)
		}
	}
	return nil
}

// A Reader rebuilds the items of one file.
type Reader struct {
	columns []*column // of the row's values; nil for _rest
}

// Reader returns the reader of a file with these columns. The error names a column that is missing, that is not in the schema, or that has
// another type.
func (s Schema) Reader(columns []duckdb.Column) (Reader, error) {
	want := map[string]*column{restColumn: nil}
	for i := range s.columns {
		want[s.columns[i].Name] = &s.columns[i]
	}
	var r Reader
	for _, found := range columns {
		c, known := want[found.Name]
		if !known {
			return Reader{}, fmt.Errorf("the column %q is not in the schema, or is there twice", found.Name)
		}
		delete(want, found.Name)
		typ := "VARCHAR"
		if c != nil {
			typ = c.duckDB()
		}
		if found.Type != typ {
			return Reader{}, fmt.Errorf("the column %q is %s, its schema says %s", found.Name, found.Type, typ)
		}
		r.columns = append(r.columns, c)
	}
	if len(want) > 0 {
		return Reader{}, fmt.Errorf("there is no column %q", slices.Min(slices.Collect(maps.Keys(want))))
	}
	return r, nil
}

// duckDB returns the type as DuckDB writes it.
func (t typed) duckDB() string {
	switch t.Type {
	case "string", "json":
		return "VARCHAR"
	case "binary":
		return "BLOB"
	case "decimal":
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case "array":
		return t.Element.duckDB() + "[]"
	case "map":
		return "MAP(VARCHAR, " + t.Element.duckDB() + ")"
	case "struct":
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, duckdb.Name(f.Name)+" "+f.duckDB())
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	default:
		return strings.ToUpper(t.Type)
	}
}

// Item rebuilds an item from its row. A number has the digits of the file, such as 1.50 for 1.5. An attribute in the column _rest is whole:
// it replaces what the attribute's own column holds of it. That must be all that the column can hold.
func (r Reader) Item(row duckdb.Row) (map[string]types.AttributeValue, error) {
	item, err := rest(row[slices.Index(r.columns, nil)])
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", restColumn, err)
	}
	for i, c := range r.columns {
		if c == nil {
			continue
		}
		value, err := c.cell(row[i], item[c.Attribute])
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		if value != nil {
			item[c.Attribute] = value
		}
	}
	return item, nil
}

// cell returns the attribute in a cell, or nil if the item has none. rest is the attribute in _rest, or nil.
func (c *column) cell(cell json.RawMessage, rest types.AttributeValue) (types.AttributeValue, error) {
	if rest == nil {
		return c.value(cell)
	}
	whole, err := c.agree(cell, rest)
	if err == nil && whole {
		err = errors.New("it holds the whole attribute, which is in _rest too")
	}
	return rest, err
}

// rest returns the attributes in a cell of the column _rest.
func rest(cell json.RawMessage) (map[string]types.AttributeValue, error) {
	value, err := text(cell)
	if err != nil || value == nil {
		return map[string]types.AttributeValue{}, err
	}
	attributes, err := attributevalue.UnmarshalMapJSON([]byte(*value))
	if err == nil && len(attributes) == 0 {
		err = errors.New("it has no attribute, and should be null")
	}
	return attributes, err
}
