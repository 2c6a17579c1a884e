package ddl

import (
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// Merge returns the columns of a table that has partitions with the columns table, and gets one with the columns run, of the same format. New columns and new fields of
// structs come last, because Athena compares the columns of partitions by their positions. A column that only the table has stays.
//
// changed names what is new, as paths with types. If the columns cannot be merged, ok is false, and changed names what differs.
func Merge(format request.Format, table, run []Column) (merged []Column, changed []string, ok bool) {
	m := merger{parquet: format == request.FormatParquet}
	merged = slices.Clone(table)
	for _, column := range run {
		at := slices.IndexFunc(merged, func(c Column) bool { return strings.EqualFold(c.Name, column.Name) })
		if at < 0 {
			merged = append(merged, column)
			m.changed = append(m.changed, column.Name+" "+column.Type)
			continue
		}
		merged[at].Type = m.text(column.Name, merged[at].Type, column.Type)
	}
	if m.differs != nil {
		return nil, m.differs, false
	}
	return merged, m.changed, true
}

// merger collects what differs.
type merger struct {
	parquet          bool
	changed, differs []string
}

// text merges types as text.
func (m *merger) text(path, table, run string) string {
	a, err := parseType(table)
	if err != nil {
		m.differ(path, table, run)
		return table
	}
	b, err := parseType(run)
	if err != nil {
		m.differ(path, table, run)
		return table
	}
	return m.merge(path, a, b).String()
}

func (m *merger) differ(path, table, run string) {
	m.differs = append(m.differs, path+" "+table+" and "+run)
}

func (m *merger) merge(path string, table, run hiveType) hiveType {
	if table.name != run.name {
		of := m.union(table.name, run.name)
		switch of {
		case table.name:
		case "":
			m.differ(path, table.String(), run.String())
			return table
		default:
			m.changed = append(m.changed, path+" "+of)
		}
		return hiveType{name: of}
	}
	out := hiveType{name: table.name, names: slices.Clone(table.names), parts: slices.Clone(table.parts)}
	if table.name != "struct" {
		for i := range out.parts {
			out.parts[i] = m.merge(path+"."+[]string{"element", "value"}[min(i, 1)], table.parts[i], run.parts[i])
		}
		return out
	}
	for i, name := range run.names {
		at := slices.Index(out.names, name)
		if at < 0 {
			out.names, out.parts = append(out.names, name), append(out.parts, run.parts[i])
			m.changed = append(m.changed, path+"."+name+" "+run.parts[i].String())
			continue
		}
		out.parts[at] = m.merge(path+"."+name, out.parts[at], run.parts[i])
	}
	return out
}

// wholeDigits is how many digits before the point a decimal needs so that Spark reads a bigint as this decimal.
const wholeDigits = 20

// union returns the decimal with which engines read the numbers of two types, or "". It has as many digits before the point and after it as each of
// the two. Trino reads a partition with its own type and makes the table's type of its numbers. Spark reads each file with the type of the table, and
// refuses a type that has fewer digits before or after the point than the file.
//
// In Parquet, a column of whole numbers gets no fractions. Trino 483 compares a filter such as n > 5 with the statistics of the file. It takes those of
// a bigint for those of the table's decimal: a 7 for 0.07 if the type has two digits after the point. So it leaves out rows.
func (m *merger) union(a, b string) string {
	wholeA, scaleA, okA := digits(a)
	wholeB, scaleB, okB := digits(b)
	whole, scale := max(wholeA, wholeB), max(scaleA, scaleB)
	integers := scaleA == 0 && wholeA >= wholeDigits || scaleB == 0 && wholeB >= wholeDigits // a decimal of them may be that of earlier runs
	misread := m.parquet && scale > 0 && integers
	if !okA || !okB || whole+scale > schema.Precision || misread {
		return ""
	}
	return fmt.Sprintf("decimal(%d,%d)", whole+scale, scale)
}

// digits returns how many digits a type of numbers has before and after the point.
func digits(of string) (whole, scale int, ok bool) {
	if of == string(schema.Integer) {
		return wholeDigits, 0, true
	}
	var precision int
	n, err := fmt.Sscanf(of, "decimal(%d,%d)", &precision, &scale)
	return precision - scale, scale, n == 2 && err == nil
}

// Align returns the columns of a run's partition in a table with the merged columns. They have the positions of the table's columns, because Athena
// compares the columns of partitions by their positions, and the run's own numbers. What the run does not have, it has as the table. Only the last
// fields of a struct may be missing.
func Align(merged, run []Column) []Column {
	out := slices.Clone(merged)
	for i, column := range out {
		at := slices.IndexFunc(run, func(c Column) bool { return strings.EqualFold(c.Name, column.Name) })
		if at < 0 {
			continue
		}
		a, errA := parseType(column.Type)
		b, errB := parseType(run[at].Type)
		if errA == nil && errB == nil {
			out[i].Type = align(a, b).String()
		}
	}
	return out
}

func align(table, run hiveType) hiveType {
	if table.name != run.name {
		return run
	}
	out := hiveType{name: table.name, names: table.names, parts: slices.Clone(table.parts)}
	known := 0
	for i := range out.parts {
		if table.name != "struct" {
			out.parts[i] = align(table.parts[i], run.parts[i])
		} else if at := slices.Index(run.names, table.names[i]); at >= 0 {
			out.parts[i], known = align(table.parts[i], run.parts[at]), i+1
		}
	}
	if table.name == "struct" {
		out.names, out.parts = out.names[:known], out.parts[:known]
	}
	return out
}
