package ddbjson_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// answer is an answer to Scan and the items in it, in their spelling.
type answer struct {
	body  []byte
	items [][]byte
}

// generate returns a random answer that the SDK accepts: all ten types, deep nesting, difficult strings, unusual spellings of
// numbers, white space wherever JSON allows it. The same seed gives the same answer.
func generate(seed uint64) answer {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0))}
	g.spaces = [][]string{{""}, {""}, {"", " ", "\t"}, {"", "", " ", "\n", "\r\n  "}}[g.rng.IntN(4)]
	return g.answer()
}

type generator struct {
	rng    *rand.Rand
	spaces []string // allowed between two tokens
	b      []byte
}

func (g *generator) answer() answer {
	var items [][2]int
	members := []func(){
		func() { g.tokens(`"Count"`, ":", strconv.Itoa(g.rng.IntN(1000))) },
		func() { g.tokens(`"ScannedCount"`, ":", strconv.Itoa(g.rng.IntN(1000))) },
		func() {
			g.tokens(`"ConsumedCapacity"`, ":", "{", `"TableName"`, ":", `"Items"`, ",", `"CapacityUnits"`, ":", "128.5", "}")
		},
		func() { g.tokens(`"LastEvaluatedKey"`, ":", "{", `"Items"`, ":"); g.attribute(31); g.tokens("}") },
		func() {
			g.tokens(`"Unknown"`, ":", "{", `"Items"`, ":", "[", "{", `"no"`, ":", "{", `"S"`, ":", `"item"`, "}", "}", "]", "}")
		},
		func() {
			g.tokens(`"Items"`, ":", "[")
			for i := range g.rng.IntN(8) {
				if i > 0 {
					g.tokens(",")
				}
				g.space()
				start := len(g.b)
				g.attributes(0)
				items = append(items, [2]int{start, len(g.b)})
			}
			g.tokens("]")
		},
	}
	g.rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })

	g.tokens("{")
	for i, member := range members[:g.rng.IntN(len(members))+1] {
		if i > 0 {
			g.tokens(",")
		}
		member()
	}
	g.tokens("}")
	g.space()

	a := answer{body: g.b}
	for _, s := range items {
		a.items = append(a.items, bytes.Clone(g.b[s[0]:s[1]])) // Parse may change the body
	}
	return a
}

func (g *generator) space() { g.b = append(g.b, g.spaces[g.rng.IntN(len(g.spaces))]...) }

// tokens writes each token after some white space.
func (g *generator) tokens(tokens ...string) {
	for _, token := range tokens {
		g.space()
		g.b = append(g.b, token...)
	}
}

// attributes writes an object of attributes. Its first byte has no white space before it. level counts the maps and lists around
// it.
func (g *generator) attributes(level int) {
	g.b = append(g.b, '{')
	for i := range g.rng.IntN(6) {
		if i > 0 {
			g.tokens(",")
		}
		// The number makes the names different: the SDK keeps one of two equal names.
		g.tokens(fmt.Sprintf(`"%s%d"`, g.text(3), i), ":")
		g.attribute(level)
	}
	g.tokens("}")
}

// attribute writes an attribute value.
func (g *generator) attribute(level int) {
	types := []string{"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "M", "L"}
	if level == 32 {
		types = types[:8]
	}
	kind := types[g.rng.IntN(len(types))]
	if level > 0 && level < 32 && g.rng.IntN(2) == 0 {
		kind = types[8+g.rng.IntN(2)] // continue to the depths
	}
	g.tokens("{", strconv.Quote(kind), ":")
	switch kind {
	case "S":
		g.tokens(`"` + g.text(12) + `"`)
	case "N":
		g.tokens(`"` + g.number() + `"`)
	case "B":
		g.tokens(`"` + g.binary() + `"`)
	case "BOOL":
		g.tokens(strconv.FormatBool(g.rng.IntN(2) == 0))
	case "NULL":
		g.tokens("true")
	case "SS":
		g.array(func() { g.tokens(`"` + g.text(4) + `"`) })
	case "NS":
		g.array(func() { g.tokens(`"` + g.number() + `"`) })
	case "BS":
		g.array(func() { g.tokens(`"` + g.binary() + `"`) })
	case "M":
		g.space()
		if level > 4 { // only one path goes deeper, or the item gets too large
			g.tokens("{", `"`+g.text(2)+`"`, ":")
			g.attribute(level + 1)
			g.tokens("}")
		} else {
			g.attributes(level + 1)
		}
	case "L":
		if level > 4 {
			g.tokens("[")
			g.attribute(level + 1)
			g.tokens("]")
		} else {
			g.array(func() { g.attribute(level + 1) })
		}
	}
	g.tokens("}")
}

func (g *generator) array(element func()) {
	g.tokens("[")
	for i := range g.rng.IntN(4) {
		if i > 0 {
			g.tokens(",")
		}
		element()
	}
	g.tokens("]")
}

// snippets are parts of strings in JSON's spelling.
var snippets = []string{
	"a", "Z", " ", "plain text", "01234567", "0123456", strings.Repeat("long ", 40), `\"`, `\\`, `\/`, "/", `\b\f\n\r\t`,
	`\u0000`, `\u001f`, `\u0022`, `\u005C`, `\u00e9`, "é", "東京", "😀", `\ud83d\ude00`, `\uD83D\uDE00`, `\ud800`, `\udfff`, `\ud800\ud800`,
	"\u2028", `\u2029`, "\x7f", "\ufeff", "\ufffd", `\"}],[{`, `}`, `]`, `{`, `[`, `,`, `:`, "Items", `\u0049tems`, `\\\\\\\\\\\\\\\\`, `\\\"\\\"`, "<&>",
}

// text returns at most n snippets.
func (g *generator) text(n int) string {
	var b strings.Builder
	for range g.rng.IntN(n + 1) {
		b.WriteString(snippets[g.rng.IntN(len(snippets))])
	}
	return b.String()
}

func (g *generator) binary() string {
	b := make([]byte, g.rng.IntN(20))
	for i := range b {
		b[i] = byte(g.rng.Uint32())
	}
	s := base64.StdEncoding.EncodeToString(b)
	if g.rng.IntN(2) == 0 {
		s = strings.ReplaceAll(s, "/", `\/`)
	}
	return s
}

// number returns a number in any spelling that JSON allows, and sometimes in one that it does not.
func (g *generator) number() string {
	var b strings.Builder
	b.WriteString([]string{"", "", "-", "-", "+"}[g.rng.IntN(5)])
	if g.rng.IntN(8) == 0 {
		b.WriteString("00")
	}
	whole := g.digits(g.rng.IntN(19))
	b.WriteString(whole)
	if whole == "" || g.rng.IntN(2) == 0 {
		b.WriteString("." + g.digits(1+g.rng.IntN(19)))
	} else if g.rng.IntN(8) == 0 {
		b.WriteString(".")
	}
	if g.rng.IntN(4) == 0 {
		b.WriteString([]string{"e", "E", "e+", "E-", "e-0"}[g.rng.IntN(5)] + strconv.Itoa(g.rng.IntN(126)))
	}
	return b.String()
}

func (g *generator) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + g.rng.IntN(10))
	}
	return string(b)
}
