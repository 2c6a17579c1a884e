package ddl

import (
	"strings"

	"dynamodb-to-s3/lambda/schema"
)

// ion describes Ion, as native exports write it: {Item:{…}}. A path says where the values of a column are, and distinguishes upper and lower case.
// Fields of structs have no paths: the SerDe finds them by their names, and ignores the case. Fields with other names are left out.
//
// Numbers are decimals in these files, and the SerDe refuses a decimal for a bigint. It also refuses any other type than the column's. So attributes
// with several types are left out.
func (t *Table) ion(c Content) {
	t.Storage = Storage{
		InputFormat: "com.amazon.ionhiveserde.formats.IonInputFormat", OutputFormat: "com.amazon.ionhiveserde.formats.IonOutputFormat",
		SerDe: "com.amazon.ionhiveserde.IonHiveSerDe", SerDeParameters: map[string]string{"ion.path_extractor.case_sensitive": "true"},
	}
	t.Parameters["classification"] = "ion"
	w := writer{scalar: ionScalar, field: func(f schema.Column) (string, bool) {
		name := strings.ToLower(f.Name)
		return name, name == strings.ToLower(f.Attribute) && writable(name)
	}}
	for _, column := range c.Schema.Columns {
		name := strings.ToLower(column.Name)
		key := "ion." + name + ".path_extractor"
		if c.Rest[column.Attribute] > 0 || len(key) > longestParameter {
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

// ionScalar returns the type of a value in Ion.
func ionScalar(t schema.Type) string {
	switch t.Name {
	case schema.JSON:
		return ""
	case schema.Integer:
		return "decimal(38,0)"
	default:
		return t.String()
	}
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
