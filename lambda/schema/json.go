package schema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
)

// treeJSON is a tree as it is stored. Attributes and fields are in the order of their names, so equal trees give equal bytes.
type treeJSON struct {
	Items      uint64     `json:"items"`
	Level      int        `json:"level,omitempty"`
	Full       bool       `json:"full,omitempty"`
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

// numbersJSON has how many numbers there are with each number of digits: {digits, count}.
type numbersJSON struct {
	Whole    [][2]uint64 `json:"whole"`
	Fraction [][2]uint64 `json:"fraction,omitempty"`
	Large    uint64      `json:"large,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (t *Tree) MarshalJSON() ([]byte, error) {
	out := treeJSON{Items: t.Items, Level: t.level, Full: t.full, Attributes: encodeFields(&t.attributes)}
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
	return &numbersJSON{Whole: pairs(n.whole[:]), Fraction: pairs(n.fraction[:]), Large: n.large}
}

func pairs(counts []uint64) (out [][2]uint64) {
	for digits, count := range counts {
		if count > 0 {
			out = append(out, [2]uint64{uint64(digits), count}) //nolint:gosec // an index
		}
	}
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
	*t = Tree{Items: in.Items, level: in.Level, full: in.Full}
	for _, a := range in.Attributes {
		n := &node{attribute: &attribute{}}
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
	n := &numbers{large: in.Large}
	return n, errors.Join(count("whole", n.whole[:], in.Whole), count("fraction", n.fraction[:], in.Fraction))
}

// count fills the counts in.
func count(name string, counts []uint64, pairs [][2]uint64) error {
	for _, pair := range pairs {
		if pair[0] >= uint64(len(counts)) {
			return fmt.Errorf("%s: %d digits do not fit", name, pair[0])
		}
		counts[pair[0]] = pair[1]
	}
	return nil
}
