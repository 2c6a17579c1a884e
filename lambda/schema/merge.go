package schema

// Merge adds what another tree knows. The other tree must not be used any more. If a tree does not know all values of an attribute, because it had too
// many attributes, the merged tree does not have this attribute.
func (t *Tree) Merge(o *Tree) {
	t.Items += o.Items
	t.lift(max(t.level, o.level))
	for _, n := range o.attributes.list {
		if own := t.attributes.byName[n.name]; own != nil {
			own.mergeAttribute(n, mostBelow[t.level])
		} else if !t.full {
			n.after = nil
			t.attributes.put(n)
		}
	}
	if o.full {
		t.keep(func(_ int, n *node) bool { return o.attributes.byName[n.name] != nil })
	}
	t.drop()
	t.lift(t.level)
	t.settle()
}

// mergeAttribute adds what another tree knows of the same attribute.
func (n *node) mergeAttribute(o *node, most int) {
	if !n.opaque && !o.opaque {
		n.merge(o, &n.nodes)
		return
	}
	n.close(most)
	o.close(most)
	n.mergeFlat(o)
	switch {
	case o.element == nil:
	case n.element == nil:
		n.element = o.element
	default:
		n.element.mergeFlat(o.element)
	}
	if max(n.memberNodes, o.memberNodes) > most {
		n.memberNodes = mostBelow[0] + 1
		n.member.flatten()
		n.member.mergeFlat(&o.member)
		return
	}
	n.member.merge(&o.member, &n.memberNodes) // Merge bounds it
}

// merge adds what another tree knows of the same place, and the number of new nodes to count.
func (n *node) merge(o *node, count *int) {
	n.mergeFlat(o)
	for _, field := range o.fields.list {
		if own := n.fields.byName[field.name]; own != nil {
			own.merge(field, count)
			continue
		}
		field.after = nil
		n.fields.put(field)
		*count += field.count()
	}
	switch {
	case o.element == nil:
	case n.element == nil:
		n.element = o.element
		*count += o.element.count()
	default:
		n.element.merge(o.element, count)
	}
}

// mergeFlat adds the kinds and the numbers.
func (n *node) mergeFlat(o *node) {
	for kind, count := range o.kinds {
		n.kinds[kind] += count
	}
	n.numbers, n.set = merged(n.numbers, o.numbers), merged(n.set, o.set)
}

func merged(a, b *numbers) *numbers {
	switch {
	case b == nil:
		return a
	case a == nil:
		return b
	}
	a.merge(b)
	return a
}

// count returns the number of nodes of a part of the tree.
func (n *node) count() int {
	count := 1
	for _, field := range n.fields.list {
		count += field.count()
	}
	if n.element != nil {
		count += n.element.count()
	}
	return count
}

// clone returns a copy that shares nothing with the node.
func (n *node) clone() *node {
	out := &node{name: n.name, kinds: n.kinds, numbers: n.numbers.clone(), set: n.set.clone()}
	for _, field := range n.fields.list {
		out.fields.put(field.clone())
	}
	if n.element != nil {
		out.element = n.element.clone()
	}
	return out
}
