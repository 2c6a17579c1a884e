package ddl

import (
	"maps"
	"strings"

	"dynamodb-to-s3/lambda/schema"
)

// json describes plain JSON, which the OpenX SerDe reads. It knows one name in JSON for each name in SQL, in all columns and at all levels. So of two
// structs whose fields have one name for different attributes, the later one is read as the text of its JSON.
//
// Its default is to ignore the case of names, but then it mixes up attributes such as total and Total, also as keys of a map. B is base64 in JSON, and
// not all versions of the SerDe decode it. So its columns are strings.
func (t *Table) json(c Content) {
	names := mapping{}
	for _, column := range c.Schema.Columns {
		names[strings.ToLower(column.Name)] = column.Attribute
	}
	t.Columns = nil
	for _, column := range c.Schema.Columns {
		w := writer{scalar: jsonScalar}
		inner := mapping{}
		fits := true
		w.field = func(f schema.Column) (string, bool) {
			name := names.fieldName(f)
			fits = fits && names.takes(name, f.Attribute) && inner.takes(name, f.Attribute) && fitsParameter(name, f.Attribute)
			inner[name] = f.Attribute
			return name, true
		}
		of := column
		text := w.text(column.Attribute, column.Type)
		if !fits || c.Rest[column.Attribute] > 0 {
			text, of.Type = "string", schema.Type{Name: schema.JSON, Kind: column.Kind}
		} else {
			maps.Copy(names, inner)
		}
		if name := strings.ToLower(column.Name); fitsParameter(name, column.Attribute) {
			t.Columns = append(t.Columns, Column{Name: name, Type: text, Comment: comment(of)})
		} else {
			t.Left = append(t.Left, column.Attribute)
		}
	}
	t.openX(names)
}

// jsonScalar returns the type of a value in plain JSON.
func jsonScalar(t schema.Type) string {
	if t.Name == schema.Binary {
		return "string"
	}
	return t.String()
}

// mapping has the name in JSON of each name in SQL.
type mapping map[string]string

// takes reports whether a name can stand for an attribute.
func (m mapping) takes(name, attribute string) bool {
	known, ok := m[name]
	return !ok || known == attribute
}

// fieldName returns the name of a field in SQL.
func (m mapping) fieldName(f schema.Column) string {
	return strings.Map(func(r rune) rune {
		if writable(string(r)) {
			return r
		}
		return '_'
	}, strings.ToLower(f.Name))
}

// longestParameter is how many bytes Glue allows in the name of a parameter.
const longestParameter = 255

// fitsParameter reports whether the SerDe can know that a name stands for an attribute.
func fitsParameter(name, attribute string) bool {
	return name == attribute || len(mappingKey+name) <= longestParameter
}

const mappingKey = "mapping."

// openX sets the storage for JSON.
func (t *Table) openX(names mapping) {
	t.Storage = Storage{InputFormat: textInput, OutputFormat: textOutput, SerDe: openX, SerDeParameters: map[string]string{"case.insensitive": "FALSE"}}
	for name, attribute := range names {
		if name != attribute && fitsParameter(name, attribute) {
			t.Storage.SerDeParameters[mappingKey+name] = attribute
		}
	}
	t.Parameters["classification"] = "json"
}

// valueType is a value in DynamoDB JSON: exactly one field is not null. Lists and maps are the text of their DynamoDB JSON, because a type in SQL
// has no recursion.
const valueType = "struct<s:string,n:string,b:string,bool:boolean,null:boolean,ss:array<string>,ns:array<string>,bs:array<string>,l:string,m:string>"

// itemType is an item in DynamoDB JSON, by the names of its attributes.
const itemType = "map<string," + valueType + ">"

// dynamoDBJSON describes DynamoDB JSON, which names the types itself. So its columns never change.
func (t *Table) dynamoDBJSON(c Content) {
	names := mapping{"s": "S", "n": "N", "b": "B", "bool": "BOOL", "null": "NULL", "ss": "SS", "ns": "NS", "bs": "BS", "l": "L", "m": "M"}
	add := func(name, attribute, comment string) {
		names[name] = attribute
		t.Columns = append(t.Columns, Column{Name: name, Type: itemType, Comment: comment})
	}
	if !c.Changes {
		add("item", "Item", "the attributes of the item")
		t.openX(names)
		return
	}
	add("metadata", "Metadata", "WriteTimestampMicros is the time of the last change")
	add("keys", "Keys", "the key of the item")
	add("newimage", "NewImage", "the item at the end of the window; null if it was deleted")
	add("oldimage", "OldImage", "the item at the start of the window; null if there was none")
	t.openX(names)
	t.Storage.InputFormat = symlinkInput
}

// SymlinkFile returns the content of the file that lists the files of a table of changes: one URI on each line. The file is the only one in the
// folder that is the location of the partition. Without files, it is empty: an empty line would be a file without a name.
func SymlinkFile(uris []string) []byte {
	var list strings.Builder
	for _, uri := range uris {
		list.WriteString(uri + "\n")
	}
	return []byte(list.String())
}
