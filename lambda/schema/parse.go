package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/ddbjson"
)

// deepest is how deep types are nested: as deep as DynamoDB nests values.
const deepest = 32

// types says what a person can write.
const types = "string, binary, boolean, bigint, double, decimal(18,SCALE), decimal(38,SCALE), array<TYPE>, map<string,TYPE>, struct<NAME:TYPE,…> or json"

// scalars are the types that are one word.
var scalars = map[string]Type{
	"string":  {Name: String, Kind: ddbjson.KindS},
	"binary":  {Name: Binary, Kind: ddbjson.KindB},
	"boolean": {Name: Boolean, Kind: ddbjson.KindBOOL},
	"bigint":  {Name: Integer, Kind: ddbjson.KindN},
	"double":  {Name: Double, Kind: ddbjson.KindN},
	"json":    {Name: JSON, Kind: ddbjson.KindM},
}

// ParseType reads a type as [Type.String] writes it, and json for a string of DynamoDB JSON. Words of types can have capital letters, and there can
// be spaces around them. The names of a struct's fields are those of the attributes; a name has no character that [Decide] would replace.
//
// An array holds an L, and json holds an M: Decide knows better from the items. The error has the position in bytes, from 1, and what is allowed.
func ParseType(text string) (Type, error) {
	p := parser{text: text}
	t := p.parse(1)
	if p.err == nil && p.peek() != 0 {
		p.want("the end of the type")
	}
	if p.err != nil {
		return Type{}, p.err
	}
	return t, nil
}

// parser reads a type. After an error, it reads nothing.
type parser struct {
	text string
	i    int
	err  error
}

func (p *parser) want(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s at position %d", what, p.i+1)
	}
}

// peek passes spaces, and returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	for p.i < len(p.text) && p.text[p.i] == ' ' {
		p.i++
	}
	if p.i == len(p.text) {
		return 0
	}
	return p.text[p.i]
}

// pass passes one of several bytes, and returns it.
func (p *parser) pass(anyOf string) byte {
	c := p.peek()
	if p.err != nil {
		return 0
	}
	if c == 0 || strings.IndexByte(anyOf, c) < 0 {
		p.want(strings.Join(strings.Split(anyOf, ""), " or "))
		return 0
	}
	p.i++
	return c
}

// word reads up to a byte that ends a word.
func (p *parser) word() string {
	p.peek()
	from := p.i
	if n := strings.IndexAny(p.text[from:], "<>(),: "); n >= 0 {
		p.i = from + n
	} else {
		p.i = len(p.text)
	}
	return p.text[from:p.i]
}

func (p *parser) parse(depth int) Type {
	p.peek()
	from := p.i
	word := strings.ToLower(p.word())
	if t, ok := scalars[word]; ok {
		return t
	}
	if depth >= deepest {
		p.i = from
		p.want(fmt.Sprintf("string, binary, boolean, bigint, double, decimal(18,SCALE), decimal(38,SCALE) or json, because %d levels are the most that DynamoDB has,", deepest))
		return Type{}
	}
	switch word {
	case "decimal":
		return p.decimal()
	case "array":
		p.pass("<")
		element := p.element(depth)
		p.pass(">")
		return Type{Name: Array, Kind: ddbjson.KindL, Element: element}
	case "map":
		p.pass("<")
		p.peek()
		at := p.i
		if p.err == nil && strings.ToLower(p.word()) != "string" {
			p.i = at
			p.want("string, because the names in a map are text,")
		}
		p.pass(",")
		element := p.element(depth)
		p.pass(">")
		return Type{Name: Map, Kind: ddbjson.KindM, Element: element}
	case "struct":
		return p.structure(depth)
	default:
		p.i = from
		p.want(types)
		return Type{}
	}
}

func (p *parser) element(depth int) *Type {
	if p.err != nil {
		return nil
	}
	t := p.parse(depth + 1)
	return &t
}

func (p *parser) decimal() Type {
	from := p.i
	p.pass("(")
	precision, errPrecision := strconv.Atoi(p.word())
	p.pass(",")
	scale, errScale := strconv.Atoi(p.word())
	p.pass(")")
	t := Type{Name: Decimal, Kind: ddbjson.KindN, Precision: precision, Scale: scale}
	if p.err != nil || errPrecision != nil || errScale != nil || t.check() != nil {
		p.err, p.i = nil, from
		p.want("(18,0) to (18,18) for numbers of up to 18 digits, which fit 64 bits, or (38,0) to (38,38) for all numbers of DynamoDB,")
	}
	return t
}

func (p *parser) structure(depth int) Type {
	t := Type{Name: Struct, Kind: ddbjson.KindM}
	used := map[string]bool{}
	p.pass("<")
	for p.err == nil {
		p.peek()
		from := p.i
		name := p.word()
		if err := checkName(name); err != nil {
			p.i = from
			p.want("a field's name: " + err.Error() + ",")
		}
		if used[folded(name)] {
			p.i = from
			p.want("a name that differs from all others, also in lower case,")
		}
		used[folded(name)] = true
		p.pass(":")
		if of := p.element(depth); of != nil {
			t.Fields = append(t.Fields, Column{Name: name, Attribute: name, Type: *of})
		}
		if p.pass(",>") == '>' {
			break
		}
	}
	return t
}

// checkName returns an error if a column cannot have this name. The error says which names are allowed.
func checkName(name string) error {
	if name == "" || len(name) > longestName || strings.Map(allowed, name) != name {
		return errors.New(names)
	}
	return nil
}
