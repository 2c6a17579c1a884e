package ddbjson

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is an attribute type of DynamoDB.
type Kind uint8

// The attribute types. KindNone is the kind after an error.
const (
	KindNone Kind = iota
	KindS
	KindN
	KindB
	KindBOOL
	KindNULL
	KindM
	KindL
	KindSS
	KindNS
	KindBS
)

// Kinds is how many kinds there are, with KindNone.
const Kinds = int(KindBS) + 1

var kindNames = [Kinds]string{"", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// String returns the name of the type, as DynamoDB has it.
func (k Kind) String() string { return kindNames[k] }

// MarshalText returns the name of the type.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name of a type.
func (k *Kind) UnmarshalText(name []byte) error {
	at := slices.Index(kindNames[1:], string(name))
	if at < 0 {
		return fmt.Errorf("type of DynamoDB: got %.20q, want one of %s", name, strings.Join(kindNames[1:], ", "))
	}
	*k = Kind(at + 1) //nolint:gosec // there are few kinds
	return nil
}

// Element returns the kind of a set's elements, and KindNone for what is not a set.
func (k Kind) Element() Kind {
	switch k {
	case KindSS:
		return KindS
	case KindNS:
		return KindN
	case KindBS:
		return KindB
	default:
		return KindNone
	}
}

// kindOf returns the kind with the name that typeOf returns.
func kindOf(name uint32) Kind {
	switch name {
	case typeS:
		return KindS
	case typeN:
		return KindN
	case typeB:
		return KindB
	case typeBOOL:
		return KindBOOL
	case typeNULL:
		return KindNULL
	case typeM:
		return KindM
	case typeL:
		return KindL
	case typeSS:
		return KindSS
	case typeNS:
		return KindNS
	case typeBS:
		return KindBS
	default:
		return KindNone
	}
}

// Cursor walks through one item of a parsed [Page], value by value. It allocates nothing. After an error, every method returns at once, the
// loops over [Cursor.Enter] and [Cursor.More] end, and Err returns the error.
//
//	for more := c.Enter(); more; more = c.More() {
//		name, kind := c.Attribute()
//		… one of Text, Bool, Null and Skip, or a loop over the elements of an M, L or set
//		c.Leave()
//	}
//
// The elements of an L are read with [Cursor.Element] in place of Attribute. Those of a set have no Element and no Leave: they are texts.
type Cursor struct {
	b       []byte
	i       int
	depth   int
	closers [MaxDepth + 1]byte
	err     *MalformedError
}

// Reset moves the cursor to the beginning of an item.
func (c *Cursor) Reset(item []byte) {
	c.b, c.depth, c.err = item, 0, nil
	c.i, _ = next(item, 0)
}

// Err returns the error that has stopped the cursor, or nil.
func (c *Cursor) Err() error {
	if c.err == nil {
		return nil
	}
	c.err.Op = "read item"
	return c.err
}

func (c *Cursor) fail(err *MalformedError) {
	if c.err == nil {
		c.err = err
	}
}

// Offset returns where the cursor is. After Attribute or Element, b[from:to] of two offsets around Skip is the content of the value.
func (c *Cursor) Offset() int { return c.i }

// Enter enters the item, or the M, L or set at the cursor. It reports whether there is a first element.
func (c *Cursor) Enter() bool {
	if c.err != nil {
		return false
	}
	bracket := at(c.b, c.i)
	if bracket != '{' && bracket != '[' {
		c.fail(malformed(c.b, c.i, wantObject))
		return false
	}
	if c.depth > MaxDepth {
		c.fail(malformed(c.b, c.i, wantShallower))
		return false
	}
	closer := bracket + 2 // see skipNamed
	var first byte
	if c.i, first = next(c.b, c.i+1); first == closer {
		c.i++
		return false
	}
	c.closers[c.depth] = closer
	c.depth++
	return true
}

// More moves to the next element and returns true. After the last element, it leaves the M, L or set and returns false.
func (c *Cursor) More() bool {
	if c.err != nil {
		return false
	}
	i, found := next(c.b, c.i)
	switch closer := c.closers[c.depth-1]; {
	case found == ',':
		c.i, _ = next(c.b, i+1)
		return true
	case found == closer:
		c.i, c.depth = i+1, c.depth-1
	case closer == '}':
		c.fail(malformed(c.b, i, wantCommaOrBrace))
	default:
		c.fail(malformed(c.b, i, wantCommaOrBracket))
	}
	return false
}

// Attribute reads the name of an attribute and the type of its value, and stands at the content then. The name is as it was sent: see
// [AppendText].
func (c *Cursor) Attribute() (name []byte, kind Kind) {
	if c.err != nil {
		return nil, KindNone
	}
	name, value, err := member(c.b, c.i)
	if err != nil {
		c.fail(err)
		return nil, KindNone
	}
	c.i = value
	return name, c.Element()
}

// Element reads the type of a value, and stands at its content then.
func (c *Cursor) Element() Kind {
	if c.err != nil {
		return KindNone
	}
	name, tag, content, err := typeOf(c.b, c.i, c.depth)
	if err != nil {
		c.fail(err)
		return KindNone
	}
	kind := kindOf(name)
	if kind == KindNone {
		c.fail(malformed(c.b, tag, wantType))
		return KindNone
	}
	c.i = content
	return kind
}

// Leave passes the end of a value, after its content.
func (c *Cursor) Leave() {
	if c.err != nil {
		return
	}
	i, found := next(c.b, c.i)
	if found != '}' {
		c.fail(malformed(c.b, i, "the end of the attribute value"))
		return
	}
	c.i = i + 1
}

// Text reads the content of an S, N or B, or an element of a set. It returns the bytes as they were sent: see [AppendText].
func (c *Cursor) Text() []byte {
	if c.err != nil {
		return nil
	}
	if at(c.b, c.i) != '"' {
		c.fail(malformed(c.b, c.i, "a string"))
		return nil
	}
	end, err := skipString(c.b, c.i)
	if err != nil {
		c.fail(err)
		return nil
	}
	text := c.b[c.i+1 : end-1]
	c.i = end
	return text
}

// Bool reads the content of a BOOL.
func (c *Cursor) Bool() bool {
	for _, word := range [...]string{"true", "false"} {
		if c.err == nil && hasWord(c.b, c.i, word) {
			c.i += len(word)
			return word == "true"
		}
	}
	c.fail(malformed(c.b, c.i, "true or false"))
	return false
}

// Skip passes the content of any value.
func (c *Cursor) Skip() {
	if c.err != nil {
		return
	}
	end, err := skipValue(c.b, c.i)
	if err != nil {
		c.fail(err)
		return
	}
	c.i = end
}

// AppendText appends the characters of a name or a text that a [Cursor] has returned. It reports whether they are text: half a surrogate pair,
// which JSON allows and DynamoDB never sends, is not. It becomes the three bytes that UTF-8 would have for it.
func AppendText(dst, raw []byte) (text []byte, ok bool) {
	return unescapeText(dst, raw)
}
