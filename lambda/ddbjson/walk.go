package ddbjson

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A writer makes the record of one item in one pass over its bytes. It writes JSON or Ion. Both have the same brackets, commas and
// words. They differ in names, strings, numbers, blobs and sets.
//
// It is made for speed. It calls nothing through a function value or an interface, so a writer stays on the stack. The offsets for
// reading and writing travel in registers. It reads DynamoDB's own form, which has no white space, eight bytes at a time. Other
// input takes slower code with the same result.
type writer struct {
	b   []byte // the item
	d   []byte // its record, with room for all of it and for eight bytes more
	ion bool
}

// appendRecord appends before, the item and after to dst, in Ion or in JSON. If it fails, it returns dst unchanged.
func appendRecord(dst, item []byte, ion bool, before, after string) ([]byte, error) {
	// One byte of JSON becomes one byte of JSON at most, or two of Ion ('→\', ""→{{}}, {"SS":[]},→$dynamodb_SS::[],). The rest of
	// the room is for before, after and the ends.
	room := len(item) + 64
	if ion {
		room += len(item)
	}
	n := len(dst)
	d := slices.Grow(dst, room)
	w := writer{b: item, d: d[:cap(d)], ion: ion}
	n += copy(w.d[n:], before)
	n, err := w.item(n)
	if err != nil {
		err.Op = "encode item"
		return dst, err
	}
	return append(w.d[:n], after...), nil
}

// item writes the item from d[n] on, checks that nothing follows it, and returns the offset after it.
func (w *writer) item(n int) (int, *MalformedError) {
	i, _ := next(w.b, 0)
	i, n, err := w.object(i, n, 1)
	if err != nil {
		return 0, err
	}
	if i, _ = next(w.b, i); i < len(w.b) {
		return 0, malformed(w.b, i, "the end of the item")
	}
	return n, nil
}

// The methods below write what must start at b[i] from d[n] on, and return the offsets after both. depth is its level, see
// MaxDepth.

// object writes a map of attributes, or the item.
func (w *writer) object(i, n, depth int) (int, int, *MalformedError) {
	b, d := w.b, w.d
	if err := opens(b, i, depth, '{', wantObject); err != nil {
		return 0, 0, err
	}
	d[n] = '{'
	i, c := next(b, i+1)
	for n++; c != '}'; n++ {
		var err *MalformedError
		if i, n, err = w.name(i, n); err != nil {
			return 0, 0, err
		}
		if i, n, err = w.attribute(i, n, depth+1); err != nil {
			return 0, 0, err
		}
		i, c = next(b, i)
		if c == '}' {
			break
		}
		if c != ',' {
			return 0, 0, malformed(b, i, wantCommaOrBrace)
		}
		d[n] = ','
		i, _ = next(b, i+1)
	}
	d[n] = '}'
	return i + 1, n + 1, nil
}

// name writes the name of an attribute and its colon, and returns the offset of the attribute's value. anyName writes names with an
// escape or white space.
func (w *writer) name(i, n int) (int, int, *MalformedError) {
	b, d := w.b, w.d
	start := n
	if !w.ion {
		d[n] = '"'
		n++
	}
	first := n
	for j := i + 1; j+9 < len(b) && n+10 < len(d) && b[i] == '"'; j, n = j+8, n+8 {
		word := binary.LittleEndian.Uint64(b[j:])
		binary.LittleEndian.PutUint64(d[n:], word)
		m := stops(word)
		if m == 0 {
			continue
		}
		size := bits.TrailingZeros64(m) >> 3
		j, n = j+size, n+size
		if b[j] != '"' || b[j+1] != ':' {
			break
		}
		if !w.ion {
			d[n] = '"'
			n++
		} else if !isIdentifier(d[first:n]) {
			var err *MalformedError
			if n, err = w.symbol(i, start, j+1); err != nil {
				return 0, 0, err
			}
		}
		d[n] = ':'
		value, _ := next(b, j+2)
		return value, n + 1, nil
	}
	return w.anyName(i, start)
}

// anyName is like name, for what DynamoDB sends seldom or never.
func (w *writer) anyName(i, n int) (int, int, *MalformedError) {
	b := w.b
	if at(b, i) != '"' {
		return 0, 0, malformed(b, i, wantName)
	}
	end, after, err := w.text(i, n)
	if err == nil && w.ion {
		after, err = w.symbol(i, n, end)
	}
	if err != nil {
		return 0, 0, err
	}
	colon, c := next(b, end)
	if c != ':' {
		return 0, 0, malformed(b, colon, wantColon)
	}
	w.d[after] = ':'
	value, _ := next(b, colon+1)
	return value, after + 1, nil
}

// attribute writes the content of an attribute value, such as {"S":"x"}.
func (w *writer) attribute(i, n, depth int) (int, int, *MalformedError) {
	b := w.b
	kind, tag, i, err := typeOf(b, i, depth)
	if err != nil {
		return 0, 0, err
	}
	switch kind {
	case typeS:
		i, n, err = w.text(i, n)
	case typeN:
		i, n, err = w.number(i, n)
	case typeB:
		i, n, err = w.binary(i, n)
	case typeBOOL:
		i, n, err = w.boolean(i, n)
	case typeNULL:
		i, n, err = w.null(i, n)
	case typeM:
		i, n, err = w.object(i, n, depth+1)
	case typeL:
		i, n, err = w.array(i, n, depth+1, typeL)
	case typeSS:
		i, n, err = w.array(i, w.annotate(n, "$dynamodb_SS::"), depth+1, typeS)
	case typeNS:
		i, n, err = w.array(i, w.annotate(n, "$dynamodb_NS::"), depth+1, typeN)
	case typeBS:
		i, n, err = w.array(i, w.annotate(n, "$dynamodb_BS::"), depth+1, typeB)
	default:
		return 0, 0, malformed(b, tag, wantType)
	}
	if err != nil {
		return 0, 0, err
	}
	i, c := next(b, i)
	if c != '}' {
		return 0, 0, malformed(b, i, "the end of the attribute value")
	}
	return i + 1, n, nil
}

// array writes an array of attribute values (typeL), or of the content of typeS, typeN or typeB.
func (w *writer) array(i, n, depth int, element uint32) (int, int, *MalformedError) {
	b, d := w.b, w.d
	if err := opens(b, i, depth, '[', "an array"); err != nil {
		return 0, 0, err
	}
	d[n] = '['
	i, c := next(b, i+1)
	for n++; c != ']'; n++ {
		var err *MalformedError
		switch element {
		case typeL:
			i, n, err = w.attribute(i, n, depth+1)
		case typeS:
			i, n, err = w.text(i, n)
		case typeN:
			i, n, err = w.number(i, n)
		default:
			i, n, err = w.binary(i, n)
		}
		if err != nil {
			return 0, 0, err
		}
		i, c = next(b, i)
		if c == ']' {
			break
		}
		if c != ',' {
			return 0, 0, malformed(b, i, wantCommaOrBracket)
		}
		d[n] = ','
		i, _ = next(b, i+1)
	}
	d[n] = ']'
	return i + 1, n + 1, nil
}

// annotate writes in Ion that a list was a set, because Ion has no sets.
func (w *writer) annotate(n int, annotation string) int {
	if w.ion {
		n += copy(w.d[n:], annotation)
	}
	return n
}

// opens returns an error unless b[i] is bracket and another level is allowed.
func opens(b []byte, i, depth int, bracket byte, want string) *MalformedError {
	if at(b, i) != bracket {
		return malformed(b, i, want)
	}
	if depth > MaxDepth {
		return malformed(b, i, wantShallower)
	}
	return nil
}
