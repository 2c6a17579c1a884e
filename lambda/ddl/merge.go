package ddl

import (
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/schema"
)

// Merge returns the columns of a table that has a partition with the columns table, and gets one with the columns run. New columns and new fields of
// structs come last, because Athena compares the columns of partitions by their positions. A column that only the table has stays.
//
// changed names what is new, as paths with types. If the columns cannot be merged, ok is false, and changed names what differs.
func Merge(table, run []Column) (merged []Column, changed []string, ok bool) {
	m := merger{}
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
type merger struct{ changed, differs []string }

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
		if widens(table.name, run.name) {
			m.changed = append(m.changed, path+" "+run.name)
			return run
		}
		if !widens(run.name, table.name) {
			m.differ(path, table.String(), run.String())
		}
		return table
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

// mostScale is the largest scale of a decimal(38,s) with which Spark reads a bigint: it must have 20 digits before the point.
const mostScale = schema.Precision - 20

// widens reports whether engines read numbers of one type from old partitions if the table has another one. Trino also reads decimals whose scale
// grows, but Spark reads each file with the type of the table, and refuses that.
func widens(from, to string) bool {
	var scale int
	n, err := fmt.Sscanf(to, fmt.Sprintf("decimal(%d,%%d)", schema.Precision), &scale)
	return from == string(schema.Integer) && n == 1 && err == nil && scale <= mostScale
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
