package schema

import (
	"encoding/json"

	"dynamodb-to-s3/lambda/ddbjson"
)

// The bounds of a schema. Columns that a request pins have no other bound than mostLeaves.
const (
	// mostLeaves is how many leaves a schema has: columns, with each field of a struct as one. Redshift reads tables of 1,600 columns, and each leaf
	// needs memory when it is written.
	mostLeaves = 1500
	// mostBytes is how large a schema is as JSON.
	mostBytes = 1 << 20
	// mostOfType is how many bytes a type has as text. Glue allows 131,072.
	mostOfType = 128 << 10
)

// limited returns the columns that a schema has room for: those with the most values. They are in this order. An M or L that needs too many leaves
// becomes a string of DynamoDB JSON.
func limited(columns []candidate) []candidate {
	var kept []candidate
	leaves, bytes := 0, 0
	for _, c := range columns {
		if !c.pinned && !c.fits(mostLeaves-leaves, mostBytes-bytes) {
			if c.Kind == ddbjson.KindL || c.Kind == ddbjson.KindM {
				c.Type = Type{Name: JSON, Kind: c.Kind}
			}
			if !c.fits(mostLeaves-leaves, mostBytes-bytes) {
				continue
			}
		}
		kept = append(kept, c)
		leaves += c.leaves()
		bytes += c.size()
	}
	return kept
}

func (c *candidate) fits(leaves, bytes int) bool {
	return c.leaves() <= leaves && c.size() <= bytes && len(c.String()) <= mostOfType
}

// size is how large the column is as JSON, with the comma after it.
func (c *candidate) size() int {
	body, err := json.Marshal(c.Column)
	if err != nil {
		panic("internal error: a column has no JSON: " + err.Error()) // it has only texts, numbers and lists
	}
	return len(body) + 1
}

// leaves is how many columns a type needs in Parquet. A map needs one more, for the names.
func (t Type) leaves() int {
	switch t.Name {
	case Array:
		return t.Element.leaves()
	case Map:
		return 1 + t.Element.leaves()
	case Struct:
		n := 0
		for _, f := range t.Fields {
			n += f.leaves()
		}
		return n
	default:
		return 1
	}
}
