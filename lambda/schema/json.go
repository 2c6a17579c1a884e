package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
)

// treeJSON is a tree as it is stored. Attributes and fields are in the order of their names, so equal trees give equal bytes.
type treeJSON struct {
	Items      uint64     `json:"items"`
	Values     uint64     `json:"values"`
	Level      int        `json:"level,omitempty"`
	Last       uint64     `json:"last,omitempty,string"`
	Attributes []nodeJSON `json:"attributes"`
}

type nodeJSON struct {
	Name    string                  `json:"name"`
	Kinds   map[ddbjson.Kind]uint64 `json:"kinds"`
	Numbers *numbersJSON            `json:"numbers,omitempty"`
	Set     *numbersJSON            `json:"set,omitempty"`
	Fields  []nodeJSON              `json:"fields,omitempty"`
	Element *nodeJSON               `json:"element,omitempty"`
	Opaque  bool                    `json:"opaque,omitempty"`
	Member  *nodeJSON               `json:"member,omitempty"`
	Flat    bool                    `json:"flat,omitempty"` // the member
}

// numbersJSON has how many numbers there are with each number of digits: {digits, count} and {digits before, digits after the point, count}.
type numbersJSON struct {
	Integers [][2]uint64 `json:"integers,omitempty"`
	Others   [][3]uint64 `json:"others,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (t *Tree) MarshalJSON() ([]byte, error) {
	out := treeJSON{Items: t.Items, Values: t.Values, Level: t.level, Last: t.last, Attributes: encodeFields(&t.attributes)}
	return json.Marshal(out)
}

func encodeFields(f *fields) []nodeJSON {
	out := make([]nodeJSON, 0, len(f.list))
	for _, n := range f.list {
		out = append(out, *n.encode())
	}
	slices.SortFunc(out, func(a, b nodeJSON) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (n *node) encode() *nodeJSON {
	out := &nodeJSON{Name: n.name, Kinds: map[ddbjson.Kind]uint64{}, Numbers: n.numbers.encode(), Set: n.set.encode(), Fields: encodeFields(&n.fields)}
	for kind, count := range n.kinds {
		if count > 0 {
			out.Kinds[ddbjson.Kind(kind)] = count //nolint:gosec // there are few kinds
		}
	}
	if n.element != nil {
		out.Element = n.element.encode()
	}
	if n.attribute != nil && n.opaque {
		out.Opaque, out.Member, out.Flat = true, n.member.encode(), n.memberNodes > mostBelow[0]
	}
	return out
}

func (n *numbers) encode() *numbersJSON {
	if n == nil {
		return nil
	}
	out := &numbersJSON{}
	for digits, count := range n.ints {
		if count > 0 {
			out.Integers = append(out.Integers, [2]uint64{uint64(digits), count}) //nolint:gosec // an index
		}
	}
	for s, count := range n.others {
		out.Others = append(out.Others, [3]uint64{uint64(s.whole), uint64(s.fraction), count})
	}
	slices.SortFunc(out.Others, func(a, b [3]uint64) int { return slices.Compare(a[:], b[:]) })
	return out
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Tree) UnmarshalJSON(body []byte) error {
	var in treeJSON
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	if in.Level < 0 || in.Level >= len(mostBelow) {
		return fmt.Errorf("level: got %d, want 0 to %d", in.Level, len(mostBelow)-1)
	}
	*t = Tree{Items: in.Items, Values: in.Values, level: in.Level, last: in.Last}
	for _, a := range in.Attributes {
		n := &node{attribute: &attribute{hash: hashOf(a.Name)}}
		if err := n.decode(a); err != nil {
			return fmt.Errorf("attributes: %w", err)
		}
		n.nodes = n.count()
		if n.opaque {
			n.nodes = mostBelow[0] + 1
		}
		t.attributes.put(n)
	}
	t.lift(t.level)
	return nil
}

func (n *node) decode(in nodeJSON) (err error) {
	n.name = in.Name
	for kind, count := range in.Kinds {
		n.kinds[kind] = count
	}
	if n.numbers, err = in.Numbers.decode(); err != nil {
		return err
	}
	if n.set, err = in.Set.decode(); err != nil {
		return err
	}
	if (n.kinds[ddbjson.KindN] == 0) != (n.numbers == nil) || (n.kinds[ddbjson.KindNS] == 0) != (n.set == nil) || in.Opaque != (in.Member != nil) {
		return fmt.Errorf("%q: something is missing", in.Name)
	}
	for _, field := range in.Fields {
		child := new(node)
		if err := child.decode(field); err != nil {
			return err
		}
		n.fields.put(child)
	}
	if in.Element != nil {
		n.element = new(node)
		if err := n.element.decode(*in.Element); err != nil {
			return err
		}
	}
	if in.Opaque {
		if n.attribute == nil {
			return fmt.Errorf("%q: only an attribute can be opaque", in.Name)
		}
		n.opaque = true
		if err := n.member.decode(*in.Member); err != nil {
			return err
		}
		n.memberNodes = n.member.count()
		if in.Flat {
			n.memberNodes = mostBelow[0] + 1
		}
	}
	return nil
}

func (in *numbersJSON) decode() (*numbers, error) {
	if in == nil {
		return nil, nil //nolint:nilnil // no numbers is no failure
	}
	n := new(numbers)
	for _, entry := range in.Integers {
		if entry[0] > int64Digits {
			return nil, fmt.Errorf("integers: %d digits do not fit", entry[0])
		}
		n.ints[entry[0]] = entry[1]
	}
	for _, entry := range in.Others {
		if entry[0] > Precision+1 || entry[1] > Precision {
			return nil, fmt.Errorf("others: %d and %d digits do not fit", entry[0], entry[1])
		}
		if n.others == nil {
			n.others = map[shape]uint64{}
		}
		n.others[shape{whole: uint8(entry[0]), fraction: uint8(entry[1])}] = entry[2]
	}
	return n, nil
}
