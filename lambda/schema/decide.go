package schema

import "dynamodb-to-s3/lambda/ddbjson"

// When the names of a map become the fields of a struct.
const (
	// fewNames is how many names a struct always has room for.
	fewNames = 16
	// mostNames is how many names it has at most.
	mostNames = 256
	// steady is the share of the maps that have a name, on average of all names, if a map with more than fewNames becomes a struct.
	steady = 0.1
)

// fewOthers says how rare other types are among the elements of an L or the values of a map, if they have one type all the same: one of so many. So one
// item does not change the type of a column that a million items have.
const fewOthers = 100

// Options are what a request says about the columns.
type Options struct {
	// Doubles makes each number that is not in a bigint column a double, which loses digits, in place of a decimal.
	Doubles bool
	// Pins are the columns that the request gives.
	Pins Pins
}

// Decide makes the columns of a table. It depends on the tree alone, so a step that is repeated decides the same.
//
//	S, B, BOOL      string, binary, boolean
//	N               bigint if all numbers fit; otherwise decimal(18, s) if one scale holds all of them; otherwise decimal(38, s) with the scale that
//	                holds most of them; of several such scales, the smallest
//	SS, NS, BS      an array
//	L               an array if 99 of 100 elements have one type, NULL aside; otherwise a string of DynamoDB JSON
//	M               a struct if there are few names or most maps have them; otherwise a map if 99 of 100 values have one type; otherwise a string of DynamoDB JSON
//
// If an attribute has values of several types, its column has the type of most values. Of types with equally many, the first one in this list
// wins. Attributes with only NULL have no column, and neither have those whose names are longer than 255 bytes. An attribute whose type is pinned has
// a column of this type, also if no item has the attribute.
//
// Arrays and maps are nested to 8 levels. What is deeper is a string of DynamoDB JSON.
//
// A schema has at most 1,500 leaves, which are columns and fields of structs, and a megabyte of JSON. The attributes that have the most values come
// first. If there is no room for all fields of an M or an L, its column is a string of DynamoDB JSON. If there is no room at all, it has no column.
func Decide(t *Tree, o Options) Schema {
	d := decision{Options: o}
	columns := o.Pins.columns(t)
	for _, n := range t.attributes.list {
		pin := o.Pins[n.name]
		if kind, count := n.mostCommon(); kind != ddbjson.KindNone && pin.of == nil && !n.nameless() {
			columns = append(columns, candidate{Column{Name: pin.name, Attribute: n.name, Type: d.typeOf(n, kind)}, count, false})
		}
	}
	return Schema{Columns: sorted(limited(named(columns, RestColumn)))}
}

// mostNested is how many arrays and maps are nested. DuckDB 1.5.6 takes twice as long for each level to read a column, and 20 minutes for 31 levels.
// Structs cost nothing.
const mostNested = 8

type decision struct {
	Options
	nested int // how many arrays and maps the value is in
}

// fields returns the fields of a struct.
func (d decision) fields(of []*node) []Column {
	var fields []candidate
	for _, n := range of {
		if kind, count := n.mostCommon(); kind != ddbjson.KindNone && !n.nameless() {
			fields = append(fields, candidate{Column{Attribute: n.name, Type: d.typeOf(n, kind)}, count, false})
		}
	}
	return sorted(named(fields))
}

// preferred are the kinds that can have a column. Of two with as many values, the first one wins.
var preferred = [...]ddbjson.Kind{
	ddbjson.KindS, ddbjson.KindB, ddbjson.KindBOOL, ddbjson.KindN, ddbjson.KindSS, ddbjson.KindNS, ddbjson.KindBS, ddbjson.KindL, ddbjson.KindM,
}

// mostCommon returns the kind that most values have, and how many have it.
func (n *node) mostCommon() (kind ddbjson.Kind, count uint64) {
	for _, k := range preferred {
		if n.kinds[k] > count {
			kind, count = k, n.kinds[k]
		}
	}
	return kind, count
}

// nearlyAll returns the kind that nearly all values have, NULL aside, or KindNone.
func (n *node) nearlyAll() ddbjson.Kind {
	kind, count := n.mostCommon()
	values := n.values() - n.kinds[ddbjson.KindNULL]
	if (values-count)*fewOthers > values {
		return ddbjson.KindNone
	}
	return kind
}

// typeOf returns the type of the values of a kind.
func (d decision) typeOf(n *node, kind ddbjson.Kind) Type {
	switch kind {
	case ddbjson.KindS:
		return Type{Name: String, Kind: kind}
	case ddbjson.KindB:
		return Type{Name: Binary, Kind: kind}
	case ddbjson.KindBOOL:
		return Type{Name: Boolean, Kind: kind}
	case ddbjson.KindN:
		return d.number(n.numbers)
	case ddbjson.KindNS:
		return array(kind, d.number(n.set))
	case ddbjson.KindSS, ddbjson.KindBS:
		return array(kind, d.typeOf(nil, kind.Element()))
	case ddbjson.KindL:
		return d.list(n)
	default:
		return d.mapped(n)
	}
}

func array(kind ddbjson.Kind, of Type) Type { return Type{Name: Array, Kind: kind, Element: &of} }

func (d decision) number(n *numbers) Type {
	switch {
	case n.integers():
		return Type{Name: Integer, Kind: ddbjson.KindN}
	case d.Doubles:
		return Type{Name: Double, Kind: ddbjson.KindN}
	default:
		return n.decimal()
	}
}

// list returns the type of an L.
func (d decision) list(n *node) Type {
	if d.nested++; n.element != nil && d.nested <= mostNested {
		if kind := n.element.nearlyAll(); kind != ddbjson.KindNone && n.element.known(kind) {
			return array(ddbjson.KindL, d.typeOf(n.element, kind))
		}
	}
	return Type{Name: JSON, Kind: ddbjson.KindL}
}

// known reports whether the tree knows enough of values of this kind to give them a type: what is below an opaque attribute is not known.
func (n *node) known(kind ddbjson.Kind) bool {
	switch kind {
	case ddbjson.KindM:
		return len(n.fields.list) > 0
	case ddbjson.KindL:
		return n.element != nil
	default:
		return true
	}
}

// mapped returns the type of an M.
func (d decision) mapped(n *node) Type {
	names, values := len(n.fields.list), uint64(0)
	for _, field := range n.fields.list {
		values += field.values()
	}
	mean := float64(values) / float64(max(1, n.kinds[ddbjson.KindM])) / float64(max(1, names))
	if 0 < names && (names <= fewNames || names <= mostNames && mean >= steady) {
		if fields := d.fields(n.fields.list); len(fields) > 0 {
			return Type{Name: Struct, Kind: ddbjson.KindM, Fields: fields}
		}
	}
	member := n.anyField()
	if d.nested++; d.nested > mostNested {
		return Type{Name: JSON, Kind: ddbjson.KindM}
	}
	if kind := member.nearlyAll(); kind != ddbjson.KindNone && member.known(kind) {
		of := d.typeOf(member, kind)
		return Type{Name: Map, Kind: ddbjson.KindM, Element: &of}
	}
	return Type{Name: JSON, Kind: ddbjson.KindM}
}

// anyField returns a node for the values of all fields of a map, whatever their names are.
func (n *node) anyField() *node {
	if n.attribute != nil && n.opaque {
		return &n.member
	}
	all, count := new(node), 0
	for _, field := range n.fields.list {
		all.merge(field.clone(), &count)
	}
	return all
}
