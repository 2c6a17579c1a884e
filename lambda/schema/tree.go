// Package schema learns which columns the items of a table need. A [Tree] counts, for each attribute, the types of its values and the sizes of
// its numbers. It learns from every item and takes no samples. Trees of different segments are merged, in any order, with the same result.
// [Decide] makes a [Schema] of the merged tree.
//
// It imports ddbjson, request, document, problem and the standard library.
package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"dynamodb-to-s3/lambda/ddbjson"
)

// Tree is what is known of the items. The zero value knows no item.
type Tree struct {
	// Items counts the items.
	Items      uint64
	attributes fields
	level      int
	full       bool // there were too many attributes: it takes no new ones
	nodes      int  // of all attributes, as far as mostBelow allows

	cursor ddbjson.Cursor
}

// node is what is known of the values in one place.
type node struct {
	name    string
	kinds   [ddbjson.Kinds]uint64 // how many values have each kind
	numbers *numbers              // of N
	set     *numbers              // of the elements of NS
	fields  fields                // of M
	element *node                 // of L

	*attribute

	// after is the field that has followed this one in its map. start is how a value began in an item, with the field's name, and startKind is
	// the kind of that value.
	after     *node
	start     []byte
	startKind ddbjson.Kind
}

// attribute is what else is known of an attribute of the items.
type attribute struct {
	nodes int // the attribute, and all below it
	// opaque says that it had too many nodes. Then it has no fields, and its element is flat. In place of the fields, member stands for the
	// values of all names in its maps, and is flat if it had too many nodes itself.
	opaque      bool
	member      node
	memberNodes int
}

// fields are the fields of a map, in the order in which they were found.
type fields struct {
	list   []*node
	byName map[string]*node
	first  *node // the field that comes first in most maps
	name   []byte
}

// enter enters the map at the cursor, and reads its first name and kind as next does.
func (f *fields) enter(c *ddbjson.Cursor) (n *node, raw []byte, kind ddbjson.Kind, more bool) {
	if !c.Enter() {
		return nil, nil, ddbjson.KindNone, false
	}
	n, raw, kind = f.read(c, &f.first)
	return n, raw, kind, true
}

// next moves to the next field, and reads its name and kind. It returns the field, or nil if there is no such field. Then, raw is the name as it was
// sent. before is the field before it in the same map, or nil. Maps have their fields in the same order most of the time, so next expects the
// field that came next before, with a value of the same kind.
func (f *fields) next(c *ddbjson.Cursor, before *node) (n *node, raw []byte, kind ddbjson.Kind, more bool) {
	expected := &f.first
	if before != nil {
		expected = &before.after
		if n = *expected; n != nil && c.ExpectNext(n.start) {
			return n, nil, n.startKind, true
		}
	}
	if !c.Next() {
		return nil, nil, ddbjson.KindNone, false
	}
	n, raw, kind = f.read(c, expected)
	return n, raw, kind, true
}

// read reads a name and a kind. expected is the field that is expected.
func (f *fields) read(c *ddbjson.Cursor, expected **node) (n *node, raw []byte, kind ddbjson.Kind) {
	if n = *expected; n != nil && c.Expect(n.start) {
		return n, nil, n.startKind
	}
	raw, kind = c.Attribute()
	n = f.find(expected, raw)
	if n != nil && len(raw) <= longestName {
		n.start, n.startKind = ddbjson.AppendStart(n.start[:0], raw, kind), kind
	}
	return n, raw, kind
}

// mostAbsent is how many fields next skips if they are absent.
const mostAbsent = 8

// find finds a field by its name, or returns nil.
func (f *fields) find(expected **node, raw []byte) *node {
	n := *expected
	for range mostAbsent {
		if n == nil || bytes.IndexByte(raw, '\\') >= 0 {
			break
		}
		if n.name == string(raw) {
			return n
		}
		n = n.after
	}
	if n = f.byName[string(f.text(raw))]; n != nil {
		*expected = n
	}
	return n
}

// text returns the name of a field, until the next call: without its escapes, or the key of a name that no column can have.
func (f *fields) text(raw []byte) []byte {
	ok := true
	if f.name, ok = ddbjson.AppendText(f.name[:0], raw); !ok || len(f.name) > longestName {
		sum := sha256.Sum256(f.name)
		f.name = hex.AppendEncode(append(f.name[:0], dots...), sum[:])
	}
	return f.name
}

// dots begin the key that a tree has in place of a name that is too long for a column, or no text. A key is longer than a name.
var dots = strings.Repeat(".", longestName+1-2*sha256.Size)

// nameless reports whether a node has a key in place of a name.
func (n *node) nameless() bool { return len(n.name) > longestName }

// put adds a field.
func (f *fields) put(n *node) *node {
	if f.byName == nil {
		f.byName = map[string]*node{}
	}
	f.list, f.byName[n.name] = append(f.list, n), n
	return n
}

// Add adds an item of a parsed page. It fails only if the item is malformed. Then the tree is useless.
func (t *Tree) Add(item []byte) error {
	c := &t.cursor
	c.Reset(item)
	t.Items++
	var before *node
	for n, raw, kind, more := t.attributes.enter(c); more; n, raw, kind, more = t.attributes.next(c, before) {
		if n == nil {
			n = t.newAttribute(t.attributes.text(raw))
		}
		switch {
		case n == nil:
			c.Skip()
			continue
		case n.opaque:
			n.addOpaque(c, kind, mostBelow[t.level])
		case kind == ddbjson.KindM || kind == ddbjson.KindL:
			known := n.nodes
			n.add(c, kind, &n.nodes)
			t.weigh(n, known)
		default:
			n.addFlat(c, kind)
		}
		before = n
	}
	return c.Err()
}

// newAttribute adds an attribute. It returns nil if the tree does not keep the name.
func (t *Tree) newAttribute(name []byte) *node {
	if t.full {
		return nil
	}
	n := &node{name: string(name), attribute: &attribute{nodes: 1}}
	t.attributes.put(n)
	t.weigh(n, 0)
	t.drop()
	return t.attributes.byName[n.name]
}

// add adds the value at the cursor to a node and all below it, and the number of new nodes to count.
func (n *node) add(c *ddbjson.Cursor, kind ddbjson.Kind, count *int) {
	switch kind {
	case ddbjson.KindM:
		n.kinds[kind]++
		for field, raw, kind, more := n.fields.enter(c); more; field, raw, kind, more = n.fields.next(c, field) {
			if field == nil {
				field = n.fields.put(&node{name: string(n.fields.text(raw))})
				*count++
			}
			field.add(c, kind, count)
		}
	case ddbjson.KindL:
		n.kinds[kind]++
		for more := c.Enter(); more; more = c.Next() {
			if n.element == nil {
				n.element = new(node)
				*count++
			}
			n.element.add(c, n.element.kind(c), count)
		}
	default:
		n.addFlat(c, kind)
	}
}

// kind reads the kind of an element.
func (n *node) kind(c *ddbjson.Cursor) ddbjson.Kind {
	if !c.Expect(n.start) {
		n.startKind = c.Element()
		n.start = ddbjson.AppendStart(n.start[:0], nil, n.startKind)
	}
	return n.startKind
}

// addFlat adds the value at the cursor without what is in it, if it is a map or a list.
func (n *node) addFlat(c *ddbjson.Cursor, kind ddbjson.Kind) {
	n.kinds[kind]++
	switch kind {
	case ddbjson.KindN:
		if n.numbers == nil {
			n.numbers = new(numbers)
		}
		n.numbers.add(shapeOf(c.ParsedText()))
	case ddbjson.KindNS:
		if n.set == nil {
			n.set = new(numbers)
		}
		for more := c.Enter(); more; more = c.More() {
			n.set.add(shapeOf(c.ParsedText()))
		}
	case ddbjson.KindS, ddbjson.KindB:
		c.ParsedText()
	case ddbjson.KindSS, ddbjson.KindBS:
		for more := c.Enter(); more; more = c.More() {
			c.ParsedText()
		}
	default:
		c.Skip()
	}
}

// addOpaque adds the value at the cursor to an opaque attribute. most is how many nodes its member may have.
func (n *node) addOpaque(c *ddbjson.Cursor, kind ddbjson.Kind, most int) {
	switch kind {
	case ddbjson.KindM:
		n.kinds[kind]++
		for more := c.Enter(); more; more = c.More() {
			_, kind := c.Attribute()
			if n.memberNodes > most {
				n.member.addFlat(c, kind)
			} else {
				n.member.add(c, kind, &n.memberNodes)
			}
			c.Leave()
		}
		n.bound(most)
	case ddbjson.KindL:
		n.kinds[kind]++
		for more := c.Enter(); more; more = c.More() {
			if n.element == nil {
				n.element = new(node)
			}
			n.element.addFlat(c, c.Element())
			c.Leave()
		}
	default:
		n.addFlat(c, kind)
	}
}
