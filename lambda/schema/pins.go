package schema

import (
	"fmt"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// Pins are the checked pins of a request, by the names of the attributes.
type Pins map[string]pin

type pin struct {
	name string
	of   *Type
}

// ParsePins checks the columns of a request. path is the field that has them. The problems name all pins that are not allowed.
func ParsePins(path string, columns map[string]request.Column) (Pins, problem.List) {
	pins := Pins{}
	var problems problem.List
	leaves := 0
	names := map[string]string{folded(RestColumn): ""}
	for _, attribute := range slices.Sorted(maps.Keys(columns)) {
		wanted, pin := columns[attribute], pin{}
		at := document.Join(path, attribute)
		refuse := func(field, got, want string) {
			problems = append(problems, problem.Problem{Path: at + field, Got: got, Want: want})
		}
		if wanted == (request.Column{}) {
			refuse("", "neither a name nor a type", "one of them, or no entry for this attribute")
		}
		if attribute == "" || len(attribute) > longestName {
			refuse("", fmt.Sprintf("a name of %d bytes", len(attribute)), fmt.Sprintf("an attribute whose name has 1 to %d bytes", longestName))
		}
		if pin.name = wanted.Name; pin.name != "" {
			other, used := names[folded(pin.name)]
			switch err := checkName(pin.name); {
			case err != nil:
				refuse(".name", problem.Quote(pin.name), err.Error())
			case used && other == "":
				refuse(".name", problem.Quote(pin.name), "another name, because the column of this name has what no other column can hold")
			case used:
				refuse(".name", problem.Quote(pin.name), fmt.Sprintf("another name, because %s has this one: query engines do not distinguish capital letters", other))
			}
			names[folded(pin.name)] = at
		}
		if wanted.Type != "" {
			of, err := ParseType(wanted.Type)
			if err != nil {
				refuse(".type", problem.Quote(wanted.Type), err.Error())
			}
			pin.of = &of
			if err == nil {
				leaves += of.leaves()
			}
		}
		pins[attribute] = pin
	}
	if leaves > mostLeaves {
		problems = append(problems, problem.Problem{Path: path, Got: fmt.Sprintf("types with %d columns and fields", leaves), Want: fmt.Sprintf("at most %d", mostLeaves)})
	}
	return pins, problems
}

// columns returns the columns whose types are pinned.
func (p Pins) columns(t *Tree) (columns []candidate) {
	for attribute, pin := range p {
		if pin.of == nil {
			continue
		}
		n := t.attributes.byName[attribute]
		of := pin.of.fit(n)
		values := uint64(0)
		if n != nil {
			values = n.kinds[of.Kind]
		}
		columns = append(columns, candidate{Column{Name: pin.name, Attribute: attribute, Type: of}, values, true})
	}
	return columns
}

// fit returns a written type with the kinds that most values have, as far as the type allows several: an array holds L or a set, and JSON holds M
// or L. n is what is known of the values, or nil.
func (t Type) fit(n *node) Type {
	if n == nil {
		n = new(node)
	}
	switch t.Name {
	case Array:
		for _, set := range [...]ddbjson.Kind{ddbjson.KindSS, ddbjson.KindNS, ddbjson.KindBS} {
			if set.Element() == t.Element.Kind && n.kinds[set] > n.kinds[t.Kind] {
				t.Kind = set
				return t
			}
		}
		t = array(t.Kind, t.Element.fit(n.element))
	case Map:
		of := t.Element.fit(n.anyField())
		t.Element = &of
	case Struct:
		t.Fields = slices.Clone(t.Fields)
		for i, f := range t.Fields {
			t.Fields[i].Type = f.fit(n.fields.byName[f.Attribute])
		}
	case JSON:
		if n.kinds[ddbjson.KindL] > n.kinds[ddbjson.KindM] {
			t.Kind = ddbjson.KindL
		}
	}
	return t
}
