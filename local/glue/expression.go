package glue

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// A predicate reports whether the values of a partition match an expression.
type predicate func(values []string) bool

// tokens of an expression: names, quoted names, numbers, texts and operators.
var tokens = regexp.MustCompile(`\s*(?:([A-Za-z_][A-Za-z0-9_]*)|` + "`([^`]+)`" + `|"([^"]+)"|(-?[0-9]+(?:\.[0-9]+)?)|'((?:[^']|'')*)'|(<>|!=|<=|>=|[=<>(),]))`)

type token struct {
	kind tokenKind
	text string // without quotes
}

type tokenKind int

const (
	word tokenKind = iota
	quotedName
	numeral
	text
	operator
)

// parseExpression parses an expression of GetPartitions: comparisons, IN, BETWEEN, AND, OR, NOT and parentheses, on keys that are texts
// or numbers. It refuses what else Glue knows, such as LIKE.
// https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
func parseExpression(expression string, keys []types.Column) (predicate, error) {
	if strings.TrimSpace(expression) == "" {
		return func([]string) bool { return true }, nil
	}
	p := parser{keys: keys}
	for rest := expression; strings.TrimSpace(rest) != ""; {
		found := tokens.FindStringSubmatchIndex(rest)
		if found == nil || found[0] != 0 {
			return nil, fmt.Errorf("got %.40q, want a key, a value or an operator", strings.TrimSpace(rest))
		}
		p.rest = append(p.rest, tokenAt(rest, found))
		rest = rest[found[1]:]
	}
	matches, err := p.either()
	if err == nil && len(p.rest) > 0 {
		err = fmt.Errorf("got %.40q, want the end of the expression", p.rest[0].text)
	}
	return matches, err
}

func tokenAt(expression string, found []int) token {
	for group, kind := range []tokenKind{word, quotedName, quotedName, numeral, text, operator} {
		if from, to := found[2*group+2], found[2*group+3]; from >= 0 {
			return token{kind, strings.ReplaceAll(expression[from:to], "''", "'")}
		}
	}
	panic("internal error: a token without a kind")
}

type parser struct {
	keys []types.Column
	rest []token
}

// take removes the next token if it is the operator or the word.
func (p *parser) take(want string) bool {
	if len(p.rest) == 0 || p.rest[0].kind != word && p.rest[0].kind != operator || !strings.EqualFold(p.rest[0].text, want) {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) must(want string) error {
	if !p.take(want) {
		return fmt.Errorf("want %s", want)
	}
	return nil
}

func (p *parser) either() (predicate, error) {
	left, err := p.both()
	for err == nil && p.take("OR") {
		var right predicate
		first := left
		right, err = p.both()
		left = func(values []string) bool { return first(values) || right(values) }
	}
	return left, err
}

func (p *parser) both() (predicate, error) {
	left, err := p.not()
	for err == nil && p.take("AND") {
		var right predicate
		first := left
		right, err = p.not()
		left = func(values []string) bool { return first(values) && right(values) }
	}
	return left, err
}

func (p *parser) not() (predicate, error) {
	if p.take("NOT") {
		inner, err := p.not()
		return func(values []string) bool { return !inner(values) }, err
	}
	if p.take("(") {
		inner, err := p.either()
		return inner, errors.Join(err, p.must(")"))
	}
	return p.comparison()
}

// comparison parses a key with what it is compared with.
func (p *parser) comparison() (predicate, error) {
	if len(p.rest) < 2 || p.rest[0].kind != word && p.rest[0].kind != quotedName {
		return nil, errors.New("want a key and an operator")
	}
	name := p.rest[0].text
	at := slices.IndexFunc(p.keys, func(key types.Column) bool { return strings.EqualFold(aws.ToString(key.Name), name) })
	if at < 0 {
		return nil, fmt.Errorf("%s is not a partition key", name)
	}
	p.rest = p.rest[1:]
	order, err := orderOf(aws.ToString(p.keys[at].Type))
	if err != nil {
		return nil, err
	}
	negated := p.take("NOT")
	var is predicate
	switch {
	case p.take("IN"):
		is, err = p.in(at, order)
	case p.take("BETWEEN"):
		is, err = p.between(at, order)
	case negated:
		return nil, errors.New("NOT: want IN or BETWEEN after it")
	default:
		is, err = p.compared(at, order)
	}
	return func(values []string) bool { return is(values) != negated }, err
}

func (p *parser) compared(at int, order order) (predicate, error) {
	for _, is := range []struct {
		operator string
		holds    func(int) bool
	}{
		{"=", func(n int) bool { return n == 0 }},
		{"<>", func(n int) bool { return n != 0 }},
		{"!=", func(n int) bool { return n != 0 }},
		{"<", func(n int) bool { return n < 0 }},
		{"<=", func(n int) bool { return n <= 0 }},
		{">", func(n int) bool { return n > 0 }},
		{">=", func(n int) bool { return n >= 0 }},
	} {
		if p.take(is.operator) {
			value, err := p.value()
			return func(values []string) bool { return is.holds(order(values[at], value)) }, err
		}
	}
	return nil, fmt.Errorf("this server does not support %q", p.rest[0].text)
}

func (p *parser) in(at int, order order) (predicate, error) {
	if err := p.must("("); err != nil {
		return nil, err
	}
	var list []string
	for {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		if !p.take(",") {
			break
		}
	}
	return func(values []string) bool {
		return slices.ContainsFunc(list, func(value string) bool { return order(values[at], value) == 0 })
	}, p.must(")")
}

func (p *parser) between(at int, order order) (predicate, error) {
	low, err := p.value()
	if err != nil {
		return nil, err
	}
	if err := p.must("AND"); err != nil {
		return nil, err
	}
	high, err := p.value()
	return func(values []string) bool { return order(values[at], low) >= 0 && order(values[at], high) <= 0 }, err
}

func (p *parser) value() (string, error) {
	if len(p.rest) == 0 || p.rest[0].kind != text && p.rest[0].kind != numeral {
		return "", errors.New("want a value")
	}
	value := p.rest[0].text
	p.rest = p.rest[1:]
	return value, nil
}

// An order compares two values of a key.
type order func(a, b string) int

func orderOf(keyType string) (order, error) {
	name, _, _ := strings.Cut(strings.ToLower(keyType), "(")
	switch name {
	case "string", "char", "varchar", "date", "timestamp":
		return cmp.Compare[string], nil
	case "tinyint", "smallint", "int", "bigint", "long", "decimal":
		return func(a, b string) int {
			x, isX := new(big.Rat).SetString(a)
			y, isY := new(big.Rat).SetString(b)
			if !isX || !isY {
				return cmp.Compare(a, b)
			}
			return x.Cmp(y)
		}, nil
	}
	return nil, fmt.Errorf("a key of the type %s cannot be in an expression", keyType)
}
