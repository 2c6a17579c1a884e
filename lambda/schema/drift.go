package schema

import (
	"cmp"
	"encoding/json"
	"slices"
)

// The bounds of a Drift, because it stands in the result of a run.
const (
	mostChanges     = 100
	mostChangeBytes = 32 * 1024 // of all changes, as JSON
	mostTypeBytes   = 200       // of From and To
)

// Drift is how a schema differs from the last one.
type Drift struct {
	// Changes are the first changes, in the order of their columns.
	Changes []Change `json:"changes,omitempty"`
	// More is how many changes are not among them.
	More int `json:"more,omitempty"`
}

// Change is one difference. Column is a path: the fields of a struct, the element of an array and the value of a map follow a point, as in
// Parquet: lines.element.sku. Attribute is the attribute of the items in which the column has its values.
type Change struct {
	Column    string     `json:"column"`
	Attribute string     `json:"attribute"`
	Kind      ChangeKind `json:"change"`
	From      string     `json:"from,omitempty"`
	To        string     `json:"to,omitempty"`
}

// ChangeKind says what has changed.
type ChangeKind string

// The changes. From and To are types, or the names of a column that is Renamed. A column is Widened if its decimals have more digits, in
// total or after the point, or if its whole numbers have become decimals. A struct has no change of its own if its fields have changed.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Renamed ChangeKind = "renamed"
	Widened ChangeKind = "widened"
	Changed ChangeKind = "changed"
)

// Compare finds what has changed between two schemas of the same table. Columns are the same if they have the same attribute.
func Compare(last, now Schema) Drift {
	var c comparison
	c.columns("", "", last.Columns, now.Columns)
	slices.SortStableFunc(c.changes, func(a, b Change) int { return cmp.Compare(a.Column, b.Column) })
	size := 0
	for i, change := range c.changes {
		body, err := json.Marshal(change)
		if size += len(body); err != nil || i == mostChanges || size > mostChangeBytes {
			return Drift{Changes: c.changes[:i:i], More: len(c.changes) - i}
		}
	}
	return Drift{Changes: c.changes}
}

type comparison struct{ changes []Change }

func (c *comparison) add(path, attribute string, kind ChangeKind, from, to string) {
	c.changes = append(c.changes, Change{Column: path, Attribute: attribute, Kind: kind, From: shortened(from), To: shortened(to)})
}

func shortened(text string) string {
	if len(text) <= mostTypeBytes {
		return text
	}
	return cut(text, mostTypeBytes) + "…"
}

// columns compares the columns of a table, or the fields of a struct. path and attribute are those of the struct.
func (c *comparison) columns(path, attribute string, last, now []Column) {
	old := map[string]Column{}
	for _, column := range last {
		old[column.Attribute] = column
	}
	for _, column := range now {
		path, attribute := join(path, column.Name), cmp.Or(attribute, column.Attribute)
		before, known := old[column.Attribute]
		delete(old, column.Attribute)
		switch {
		case !known:
			c.add(path, attribute, Added, "", column.String())
			continue
		case before.Name != column.Name:
			c.add(path, attribute, Renamed, before.Name, column.Name)
		}
		c.types(path, attribute, before.Type, column.Type)
	}
	for _, column := range last {
		if _, gone := old[column.Attribute]; gone {
			c.add(join(path, column.Name), cmp.Or(attribute, column.Attribute), Removed, column.String(), "")
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// types compares the types of one column, or of a part of it.
func (c *comparison) types(path, attribute string, last, now Type) {
	same := last.Name == now.Name && last.Kind == now.Kind
	switch {
	case same && now.Name == Struct:
		c.columns(path, attribute, last.Fields, now.Fields)
	case same && now.Name == Array:
		c.types(path+".element", attribute, *last.Element, *now.Element)
	case same && now.Name == Map:
		c.types(path+".value", attribute, *last.Element, *now.Element)
	case same && last.Precision == now.Precision && last.Scale == now.Scale:
	case now.Name == Decimal && (last.Name == Integer || last.Name == Decimal && last.Precision <= now.Precision && last.Scale <= now.Scale):
		c.add(path, attribute, Widened, last.String(), now.String())
	default:
		from, to := last.String(), now.String()
		if from == to { // sets and lists, or JSON and text
			from, to = from+of(last), to+of(now)
		}
		c.add(path, attribute, Changed, from, to)
	}
}

// of says what a type holds.
func of(t Type) string {
	if t.Name == JSON {
		return " (DynamoDB JSON of " + t.Kind.String() + ")"
	}
	return " (" + t.Kind.String() + ")"
}
