package ddl

import (
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/schema"
)

const ionSerDe = "com.amazon.ionhiveserde.IonHiveSerDe"

// ion describes Ion, as native exports write it: {Item:{…}}. A path says where the values of a column are.
//
// The SerDe finds fields of structs by their names in lower case, so it must ignore the case of names, also in paths. It would mix up attributes and
// fields whose names differ only in case, so these are left out, and fields whose names cannot stand in a type. Numbers are decimals in these files,
// and the SerDe refuses a decimal for a bigint. It refuses every other type than the column's, too. So attributes with several types are left out.
func (t *Table) ion(c Content) {
	t.Storage = Storage{
		InputFormat: "com.amazon.ionhiveserde.formats.IonInputFormat", OutputFormat: "com.amazon.ionhiveserde.formats.IonOutputFormat",
		SerDe: ionSerDe, SerDeParameters: map[string]string{"ion.path_extractor.case_sensitive": "false"},
	}
	t.Parameters["classification"] = "ion"
	w := writer{scalar: ionScalar, field: func(f schema.Column) (string, bool) {
		name := strings.ToLower(f.Name)
		return name, name == strings.ToLower(f.Attribute) && writable(name)
	}}
	names := map[string]int{}
	for _, column := range c.Schema.Columns {
		names[strings.ToLower(column.Attribute)]++
	}
	for attribute := range c.Rest {
		if !slices.ContainsFunc(c.Schema.Columns, func(of schema.Column) bool { return of.Attribute == attribute }) {
			names[strings.ToLower(attribute)]++ // it has no column
		}
	}
	for _, column := range c.Schema.Columns {
		key := ionPath(strings.ToLower(column.Name))
		if c.Rest[column.Attribute] > 0 || names[strings.ToLower(column.Attribute)] > 1 || len(key) > longestParameter {
			w.left = append(w.left, column.Attribute)
			continue
		}
		column.Type = withoutCase(column.Type)
		known := len(t.Columns)
		if t.add(&w, column); len(t.Columns) > known {
			t.Storage.SerDeParameters[key] = "(Item " + ionField(column.Attribute) + ")"
		}
	}
	t.Left = w.left
}

// ionPath returns the parameter with the path of a column.
func ionPath(column string) string { return "ion." + column + ".path_extractor" }

// nowhere is a path without values: a record has only Item at its top.
const nowhere = "(none)"

// PartitionStorage returns how the files are read as a partition of a table with the merged columns. In Ion, a column that these files do not have
// needs a path all the same: its name would be the path, and values that the column cannot hold may be there.
func (t Table) PartitionStorage(merged []Column) Storage {
	s := t.Storage
	if s.SerDe != ionSerDe {
		return s
	}
	s.SerDeParameters = maps.Clone(s.SerDeParameters)
	for _, column := range merged {
		if key := ionPath(column.Name); s.SerDeParameters[key] == "" {
			s.SerDeParameters[key] = nowhere
		}
	}
	return s
}

// ionScalar returns the type of a value in Ion.
func ionScalar(t schema.Type) string {
	switch t.Name {
	case schema.JSON:
		return ""
	case schema.Integer:
		return "decimal(38,0)"
	case schema.Decimal: // 64 bits gain nothing in Ion
		t.Precision = schema.Precision
	}
	return t.String()
}

// ionField returns the name of a field as a step of a path: a symbol of Ion with quotes. A * alone would stand for all fields.
func ionField(name string) string {
	quoted := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\0`).Replace(name) + "'"
	if name == "*" {
		return "$ion_extractor_field::" + quoted
	}
	return quoted
}

// withoutCase returns a type without the fields whose names differ from a neighbour's only in case: the SerDe would mix them up.
func withoutCase(t schema.Type) schema.Type {
	if t.Element != nil {
		of := withoutCase(*t.Element)
		t.Element = &of
	}
	count := map[string]int{}
	for _, f := range t.Fields {
		count[strings.ToLower(f.Attribute)]++
	}
	fields := make([]schema.Column, 0, len(t.Fields))
	for _, f := range t.Fields {
		if f.Type = withoutCase(f.Type); count[strings.ToLower(f.Attribute)] > 1 {
			f.Name = "" // no name stands for it
		}
		fields = append(fields, f)
	}
	if t.Fields != nil {
		t.Fields = fields
	}
	return t
}
