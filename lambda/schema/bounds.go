package schema

import (
	"cmp"
	"slices"
)

// The bounds of a tree. With all of them, the result is the same in whatever order the items come.
const (
	// mostAttributes is how many attributes a tree keeps. Of more, it keeps those whose names have the smallest hashes.
	mostAttributes = 2000
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

// drop drops the attributes with the greatest hashes, if there are too many. Then the tree looks into no map and no list any more: otherwise its
// level would depend on what it has dropped.
func (t *Tree) drop() {
	kept := t.attributes.list
	if len(kept) <= mostAttributes && t.last == 0 {
		return
	}
	slices.SortFunc(kept, func(a, b *node) int { return cmp.Compare(a.hash, b.hash) })
	kept = kept[:min(len(kept), mostAttributes)]
	if last := kept[len(kept)-1].hash; len(kept) == mostAttributes && (t.last == 0 || last < t.last) {
		t.last = last
	}
	kept = slices.DeleteFunc(kept, func(n *node) bool { return n.hash > t.last })
	t.attributes = fields{}
	for _, n := range kept {
		n.after = nil
		t.attributes.put(n)
	}
	t.lift(len(mostBelow) - 1)
}
