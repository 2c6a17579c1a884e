package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"dynamodb-to-s3/local/duckdb"
)

// A printer prints the answer to a query.
type printer interface {
	row(columns []duckdb.Column, row duckdb.Row) error
	end(columns []duckdb.Column) error
}

// cell returns a value as text: a text without quotes, nothing for NULL, and any other value as JSON.
func cell(value json.RawMessage) string {
	var text string
	switch {
	case string(value) == "null":
		return ""
	case value[0] == '"' && json.Unmarshal(value, &text) == nil:
		return text
	default:
		return string(value)
	}
}

// namesOf returns the names of columns.
func namesOf(columns []duckdb.Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}

// blockRows is how many rows are aligned together. So memory does not grow with the number of rows.
const blockRows = 1000

// table prints rows for people. It cuts long values.
type table struct {
	to   io.Writer
	rows [][]string
	more bool // a block has been printed
}

func (t *table) row(columns []duckdb.Column, row duckdb.Row) error {
	texts := make([]string, len(row))
	for i, value := range row {
		texts[i] = shorten(cell(value))
	}
	if t.rows = append(t.rows, texts); len(t.rows) < blockRows {
		return nil
	}
	return t.end(columns)
}

func (t *table) end(columns []duckdb.Column) error {
	if t.more && len(t.rows) == 0 || len(columns) == 0 {
		return nil
	}
	aligned := tabwriter.NewWriter(t.to, 0, 0, 2, ' ', 0)
	for _, texts := range append([][]string{namesOf(columns)}, t.rows...) {
		_, _ = fmt.Fprintln(aligned, strings.Join(texts, "\t")) // Flush returns the error
	}
	t.rows, t.more = nil, true
	return aligned.Flush()
}

// lines prints each row as a JSON object on a line.
type lines struct{ to io.Writer }

func (l lines) row(columns []duckdb.Column, row duckdb.Row) error {
	members := make([]string, len(row))
	for i, value := range row {
		name, err := json.Marshal(columns[i].Name)
		if err != nil {
			return err
		}
		members[i] = string(name) + ":" + string(value)
	}
	_, err := fmt.Fprintf(l.to, "{%s}\n", strings.Join(members, ","))
	return err
}

func (l lines) end([]duckdb.Column) error { return nil }

// values prints rows as CSV.
type values struct {
	to     *csv.Writer
	header bool
}

func (v *values) row(columns []duckdb.Column, row duckdb.Row) error {
	if !v.header {
		v.header = true
		if err := v.to.Write(namesOf(columns)); err != nil {
			return err
		}
	}
	texts := make([]string, len(row))
	for i, value := range row {
		texts[i] = cell(value)
	}
	return v.to.Write(texts)
}

func (v *values) end(columns []duckdb.Column) error {
	if !v.header && len(columns) > 0 {
		_ = v.to.Write(namesOf(columns)) // Error returns the error
	}
	v.to.Flush()
	return v.to.Error()
}
