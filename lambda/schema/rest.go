package schema

import "dynamodb-to-s3/lambda/ddbjson"

// Rest counts, by attribute, the values that the columns of the schema do not hold, those inside of maps and lists too: values of another type,
// numbers that do not fit the decimal, and values of attributes and fields that have no column. "" stands for the attributes whose names no column can
// have. NULL fits every column. Tables over records without the column _rest need these counts: a value that does not fit may end a query.
func (t *Tree) Rest(s Schema) map[string]int64 {
	columns := map[string]Type{}
	for _, c := range s.Columns {
		columns[c.Attribute] = c.Type
	}
	rest := map[string]int64{}
	for _, n := range t.attributes.list {
		name, count := n.name, uint64(0)
		if of, ok := columns[name]; ok {
			count = n.misfits(of)
		} else {
			count = n.present()
		}
		if n.nameless() {
			name = ""
		}
		if count > 0 {
			rest[name] += int64(count) //nolint:gosec // fewer than values in a table
		}
	}
	return rest
}

// present returns how many values are not NULL.
func (n *node) present() uint64 { return n.values() - n.kinds[ddbjson.KindNULL] }

// misfits returns how many values a column of this type does not hold.
func (n *node) misfits(of Type) uint64 {
	count := n.present() - n.kinds[of.Kind]
	switch {
	case n.kinds[of.Kind] == 0:
	case of.Name == Decimal:
		count += n.numbers.misfits(of.Scale)
	case of.Name == Array && of.Kind == ddbjson.KindNS && of.Element.Name == Decimal:
		count += n.set.misfits(of.Element.Scale)
	case of.Name == Array && of.Kind == ddbjson.KindL && n.element != nil:
		count += n.element.misfits(*of.Element)
	case of.Name == Map:
		count += n.anyField().misfits(*of.Element)
	case of.Name == Struct:
		fields := map[string]Type{}
		for _, f := range of.Fields {
			fields[f.Attribute] = f.Type
		}
		for _, field := range n.fields.list {
			if of, ok := fields[field.name]; ok {
				count += field.misfits(of)
			} else {
				count += field.present()
			}
		}
	}
	return count
}
