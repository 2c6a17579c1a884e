package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/ddbjson"
)

// RestColumn is the column of what no other column can hold.
const RestColumn = "_rest"

// Schema has the columns of a table, in the order of their names.
type Schema struct {
	Columns []Column `json:"columns"`
}

// Digest returns the SHA-256 checksum of the schema as JSON, in hexadecimal digits. It is the same after the schema was stored.
func (s Schema) Digest() string {
	body, err := json.Marshal(s)
	if err != nil {
		panic("internal error: a schema has no JSON: " + err.Error()) // it has only texts, numbers and lists
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Column is a column, or a field of a struct.
type Column struct {
	Name string `json:"name"`
	// Attribute is the name in DynamoDB.
	Attribute string `json:"attribute"`
	Type
}

// Type is the type of a column or of a part of it. It holds the values of one type of DynamoDB.
type Type struct {
	Name TypeName     `json:"type"`
	Kind ddbjson.Kind `json:"kind"`
	// Precision and Scale are of Decimal: how many digits it has, which is Precision or ShortPrecision, and how many of them are after the point.
	Precision int      `json:"precision,omitempty"`
	Scale     int      `json:"scale,omitempty"`
	Fields    []Column `json:"fields,omitempty"`  // of Struct
	Element   *Type    `json:"element,omitempty"` // of Array, and of the values of Map
}

// TypeName is the name of a type.
type TypeName string

// The types. JSON is a string of DynamoDB JSON.
const (
	String  TypeName = "string"
	Binary  TypeName = "binary"
	Boolean TypeName = "boolean"
	Integer TypeName = "bigint"
	Decimal TypeName = "decimal"
	Double  TypeName = "double"
	Array   TypeName = "array"
	Struct  TypeName = "struct"
	Map     TypeName = "map"
	JSON    TypeName = "json"
)

// String returns the type as Athena, Glue and Spark write it.
func (t Type) String() string {
	switch t.Name {
	case JSON:
		return string(String)
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Array:
		return "array<" + t.Element.String() + ">"
	case Map:
		return "map<string," + t.Element.String() + ">"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+":"+f.String())
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	default:
		return string(t.Name)
	}
}
