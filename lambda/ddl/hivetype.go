package ddl

import (
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// hiveType is a type as Hive writes it.
type hiveType struct {
	// name is array, map, struct, or a scalar with its arguments: decimal(38,2).
	name string
	// parts are the element of an array, the key and the value of a map, and the fields of a struct.
	parts []hiveType
	// names are those of a struct's fields.
	names []string
}

// deepestType is how deep a type may be nested. DynamoDB nests values up to 32 levels.
const deepestType = 64

var scalar = lazyregexp.New(`^[a-z]+(\([0-9]+(,[0-9]+)?\))?$`)

// parseType reads the text of a type. Words of types and names of fields become lower case.
func parseType(text string) (hiveType, error) {
	p := typeParser{text: text}
	t, err := p.parse(1)
	if err == nil && p.i < len(p.text) {
		err = errors.New("want the end")
	}
	if err != nil {
		return hiveType{}, fmt.Errorf("read type at byte %d: %w", p.i+1, err)
	}
	return t, nil
}

type typeParser struct {
	text string
	i    int
}

// until returns the text up to one of some bytes, or up to the end.
func (p *typeParser) until(ends string) string {
	rest := p.text[p.i:]
	n := strings.IndexAny(rest, ends)
	if n < 0 {
		n = len(rest)
	}
	p.i += n
	return rest[:n]
}

// pass passes one byte.
func (p *typeParser) pass(c byte) error {
	if p.i == len(p.text) || p.text[p.i] != c {
		return fmt.Errorf("want %c", c)
	}
	p.i++
	return nil
}

func (p *typeParser) parse(depth int) (t hiveType, err error) {
	if depth > deepestType {
		return t, errors.New("it is nested too deeply")
	}
	t.name = strings.ToLower(strings.Trim(p.until("<>(,:"), " "))
	switch t.name {
	case "array", "map":
		return p.parts(t, depth)
	case "struct":
		return p.fields(t, depth)
	}
	if p.i < len(p.text) && p.text[p.i] == '(' {
		t.name += strings.ReplaceAll(p.until(")"), " ", "")
		if err := p.pass(')'); err != nil {
			return t, err
		}
		t.name += ")"
	}
	if !scalar().MatchString(t.name) {
		return t, errors.New("want a type")
	}
	return t, nil
}

func (p *typeParser) parts(t hiveType, depth int) (hiveType, error) {
	separators := "<>"
	if t.name == "map" {
		separators = "<,>"
	}
	for i := range len(separators) - 1 {
		if err := p.pass(separators[i]); err != nil {
			return t, err
		}
		part, err := p.parse(depth + 1)
		if err != nil {
			return t, err
		}
		t.parts = append(t.parts, part)
	}
	return t, p.pass('>')
}

func (p *typeParser) fields(t hiveType, depth int) (hiveType, error) {
	if err := p.pass('<'); err != nil {
		return t, err
	}
	for {
		name := strings.ToLower(p.until("<>(),:`"))
		if name == "" {
			return t, errors.New("want the name of a field")
		}
		if err := p.pass(':'); err != nil {
			return t, err
		}
		part, err := p.parse(depth + 1)
		if err != nil {
			return t, err
		}
		t.names, t.parts = append(t.names, name), append(t.parts, part)
		if p.pass(',') != nil {
			return t, p.pass('>')
		}
	}
}

// String returns the type as Glue stores it.
func (t hiveType) String() string { return t.write(func(name string) string { return name }) }

// write returns the type as text, with the names of fields as quote returns them.
func (t hiveType) write(quote func(string) string) string {
	if t.parts == nil {
		return t.name
	}
	var parts []string
	for i, part := range t.parts {
		text := part.write(quote)
		if t.names != nil {
			text = quote(t.names[i]) + ":" + text
		}
		parts = append(parts, text)
	}
	return t.name + "<" + strings.Join(parts, ",") + ">"
}
