package parquet_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// FuzzRebuild makes items of bytes, and items again of their rows.
func FuzzRebuild(f *testing.F) {
	for seed := range uint64(8) {
		data := make([]byte, 500)
		_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(data) // never fails
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &generator{data: data}
		g.short = g.pick(2) > 0
		var items []string
		for len(items) == 0 || len(g.data) > 0 && len(items) < 50 {
			items = append(items, "{"+g.members(1+g.pick(6))+"}")
		}
		check(t, items...)
	})
}

// long is longer than what the statistics have of a value.
var long = strings.Repeat("é", 40)

// generator makes items of bytes.
type generator struct {
	data  []byte
	short bool // nearly all numbers have 18 digits or fewer
}

// pick takes a number below n from the data, 0 at its end.
func (g *generator) pick(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := int(g.data[0])
	g.data = g.data[1:]
	return b % n
}

func (g *generator) members(depth int) string {
	names := []string{"a", "A", "b", "c.d", `e\"f`, "", "g", `\u00e4`, "ä2", "_rest", "h i", "x\u0027y", `\ud800`, "😀", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"}
	var members []string
	for range g.pick(6) {
		at := g.pick(len(names))
		members = append(members, fmt.Sprintf(`"%s":%s`, names[at], g.value(depth)))
		names = slices.Delete(names, at, at+1)
	}
	return strings.Join(members, ",")
}

func (g *generator) number() string {
	if g.short && g.pick(32) > 0 {
		digits := []string{"", "0", "7", "12", "999999999999999", "1000000000000000"}[g.pick(6)]
		fraction := []string{"", "0", "5", "05", "999", "001"}[g.pick(6)]
		return []string{"", "-", "+"}[g.pick(3)] + cmp.Or(digits, "0") + strings.TrimSuffix("."+fraction, ".") + []string{"", "", "e-1"}[g.pick(3)]
	}
	digits := []string{"", "0", "12", "99999999999999999999", "9223372036854775807", "12345678901234567890123456789012345678"}[g.pick(6)]
	fraction := []string{"", "0", "5", "05", "00000000000000000000000000000000000001"}[g.pick(5)]
	exponent := []string{"", "", "", "E5", "e-7", "E+100"}[g.pick(6)]
	return []string{"", "-", "+"}[g.pick(3)] + cmp.Or(digits, "0") + strings.TrimSuffix("."+fraction, ".") + exponent
}

func (g *generator) several(of func() string) string {
	var out []string
	for range g.pick(4) {
		out = append(out, of())
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (g *generator) value(depth int) string {
	kind := g.pick(11)
	if depth == 0 {
		kind %= 6
	}
	text := func() string {
		return []string{`"x"`, `""`, `"\n\ud83d\ude00"`, `"y"`, `"é東京😀"`, `"\ud800"`, `"\u0000\u001f"`, `"\"\\\/"`, `"` + long + `"`, `"` + long + `\uffff"`}[g.pick(10)]
	}
	switch kind {
	case 0:
		return `{"S":` + text() + `}`
	case 1, 2:
		return `{"N":"` + g.number() + `"}`
	case 3:
		return `{"BOOL":` + []string{"true", "false"}[g.pick(2)] + `}`
	case 4:
		return `{"NULL":true}`
	case 5:
		return `{"B":` + []string{`"eA=="`, `""`, `"\/w=="`}[g.pick(3)] + `}`
	case 6:
		return `{"M":{` + g.members(depth-1) + `}}`
	case 7:
		return `{"L":` + g.several(func() string { return g.value(depth - 1) }) + `}`
	case 8:
		return `{"NS":` + g.several(func() string { return `"` + g.number() + `"` }) + `}`
	case 9:
		return `{"BS":` + g.several(func() string { return []string{`"eA=="`, `""`, `"AAEC"`}[g.pick(3)] }) + `}`
	default:
		return `{"SS":` + g.several(text) + `}`
	}
}
