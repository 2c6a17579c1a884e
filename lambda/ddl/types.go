package ddl

import (
	"strings"
	"unicode"

	"dynamodb-to-s3/lambda/schema"
)

// writer writes types of a schema as Hive reads them. The formats differ in their scalars and in the names of fields.
type writer struct {
	// field returns the name of a struct's field, and whether the engines find its values.
	field func(schema.Column) (string, bool)
	// scalar returns the text of a type that has no parts; nil for that of the schema. "" says that the engines cannot read it.
	scalar func(schema.Type) string
	left   []string
}

// text returns a type as text, or "" if nothing of it can be read. Then left has its path.
func (w *writer) text(path string, t schema.Type) string {
	of := ""
	switch t.Name {
	case schema.Array, schema.Map:
		if of = w.text(path, *t.Element); of == "" {
			return ""
		}
		if t.Name == schema.Map {
			return "map<string," + of + ">"
		}
		return "array<" + of + ">"
	case schema.Struct:
		var fields []string
		for _, f := range t.Fields {
			name, ok := w.field(f)
			if !ok {
				w.left = append(w.left, path+"."+f.Attribute)
			} else if of := w.text(path+"."+f.Attribute, f.Type); of != "" {
				fields = append(fields, name+":"+of)
			}
		}
		if len(fields) == 0 {
			return ""
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	default:
		if of = t.String(); w.scalar != nil {
			of = w.scalar(t)
		}
	}
	if of == "" {
		w.left = append(w.left, path)
	}
	return of
}

// writable reports whether Hive reads a field's name in the text of a type. Its tokens are letters, digits and these characters.
func writable(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' && r != '$'
	}) < 0
}
