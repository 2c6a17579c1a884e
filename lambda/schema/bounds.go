package schema

import (
	"cmp"
	"slices"
)

// The bounds of a tree.
const (
	// mostAttributes is how many attributes a tree has. Of more, it keeps the keptAttributes that have the most values.
	mostAttributes = 4000
	keptAttributes = 2000
	// mostNodes is how many nodes a tree has.
	mostNodes = 20_000
)

// mostBelow is how many nodes an attribute may have, by the tree's level. An attribute with more becomes opaque. A tree with more than
// mostNodes goes to the next level.
var mostBelow = [...]int{512, 128, 32, 8, 1}

// weigh adds an attribute's new nodes to the tree's, and applies the bounds.
func (t *Tree) weigh(n *node, known int) {
	if n.nodes == known {
		return
	}
	most := mostBelow[t.level]
	t.nodes += min(n.nodes, most) - min(known, most)
	if n.nodes > most {
		n.close(most)
	}
	t.settle()
}

// settle moves the tree to the first level that has few enough nodes.
func (t *Tree) settle() {
	for t.nodes > mostNodes && t.level < len(mostBelow)-1 {
		t.lift(t.level + 1)
	}
}

// lift moves the tree to a level.
func (t *Tree) lift(level int) {
	t.level, t.nodes = level, 0
	for _, n := range t.attributes.list {
		t.nodes += min(n.nodes, mostBelow[level])
		if n.nodes > mostBelow[level] {
			n.close(mostBelow[level])
		}
	}
}

// close makes an attribute opaque.
func (n *node) close(most int) {
	if !n.opaque {
		n.opaque, n.nodes, n.memberNodes = true, mostBelow[0]+1, 1
		for _, field := range n.fields.list {
			n.member.merge(field, &n.memberNodes)
		}
		n.fields = fields{}
		if n.element != nil {
			n.element.flatten()
		}
	}
	n.bound(most)
}

// bound makes the member of an opaque attribute flat if it has too many nodes.
func (n *node) bound(most int) {
	if n.memberNodes > most {
		n.member.flatten()
		n.memberNodes = mostBelow[0] + 1
	}
}

// flatten removes what is below a node.
func (n *node) flatten() { n.fields, n.element = fields{}, nil }

// drop drops the attributes with the fewest values, if there are too many. From then on, the tree takes no new ones: it would not know all of their
// values.
func (t *Tree) drop() {
	kept := t.attributes.list
	if len(kept) <= mostAttributes {
		return
	}
	slices.SortFunc(kept, func(a, b *node) int { return cmp.Or(-cmp.Compare(a.values(), b.values()), cmp.Compare(a.name, b.name)) })
	t.keep(func(at int, _ *node) bool { return at < keptAttributes })
}

// keep keeps some of the attributes, and drops the others.
func (t *Tree) keep(is func(at int, n *node) bool) {
	all := t.attributes.list
	t.attributes, t.full = fields{}, true
	for at, n := range all {
		n.after = nil
		if is(at, n) {
			t.attributes.put(n)
		}
	}
	t.lift(t.level)
}

// values is how many values a node has.
func (n *node) values() (count uint64) {
	for _, of := range n.kinds {
		count += of
	}
	return count
}
