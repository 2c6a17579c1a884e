package parquet_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/parquetrows"
)

// write learns from items, writes them as a file, and returns the file, its schema, and how many attributes went to the rest.
func write(t *testing.T, items [][]byte) (body []byte, s schema.Schema, left int) {
	t.Helper()
	tree := new(schema.Tree)
	for _, item := range items {
		if err := tree.Add(item); err != nil {
			t.Fatal(err)
		}
	}
	s = schema.Decide(tree, schema.Options{})
	w, err := parquet.NewWriter(s, parquet.Options{Compression: request.CompressionZSTD, Metadata: map[string]string{"table": "orders"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w.Reset(&out)
	for _, item := range items {
		if n, err := w.Write(item); n != len(item) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, count := range w.Rest() {
		left += int(count)
	}
	return out.Bytes(), s, left
}

// check writes items and compares them with what their rows say.
func check(t *testing.T, items ...string) (left int) {
	t.Helper()
	var raw [][]byte
	for _, item := range items {
		raw = append(raw, []byte(item))
	}
	body, s, left := write(t, raw)
	got, err := parquetrows.Items(body, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(items) {
		t.Fatalf("%d rows of %d items", len(got), len(items))
	}
	for n, item := range items {
		var want any
		if err := json.Unmarshal([]byte(item), &want); err != nil {
			t.Fatal(err)
		}
		if text(got[n]) != text(want) {
			t.Errorf("item %d, with %s:\ngot  %s\nwant %s", n, s, text(got[n]), text(want))
		}
	}
	return left
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		items []string
		left  int
	}{
		{"nothing", []string{`{}`}, 0},
		{"scalars", []string{`{"s":{"S":"a\"\u00e4\ud83d\ude00"},"b":{"B":"eA=="},"o":{"BOOL":false},"n":{"N":"-12"},"e":{"S":""},"f":{"B":""}}`, `{"o":{"BOOL":true}}`}, 0},
		{"missing and NULL", []string{`{"a":{"N":"1"}}`, `{"a":{"NULL":true}}`, `{}`}, 1},
		{"the limits of int64", []string{`{"n":{"N":"9223372036854775807"}}`, `{"n":{"N":"-9223372036854775808"}}`, `{"n":{"N":"1E+3"}}`, `{"n":{"N":"-12.00"}}`}, 0},
		{"decimals", []string{
			`{"n":{"N":"1.5"}}`, `{"n":{"N":"-0.00001"}}`, `{"n":{"N":"99999999999999999999999999999999"}}`, `{"n":{"N":"-99999999999999999999999999999999.9"}}`,
			`{"n":{"N":"15e-1"}}`, `{"n":{"N":"0"}}`, `{"n":{"N":"12345678901234567890123456789000"}}`, `{"n":{"N":"1e34"}}`,
		}, 1},
		{"38 digits", []string{`{"n":{"N":"99999999999999999999999999999999999999"}}`, `{"n":{"N":"-99999999999999999999999999999999999999"}}`, `{"n":{"N":"1e37"}}`}, 0},
		{"38 digits after the point", []string{`{"n":{"N":"0.99999999999999999999999999999999999999"}}`, `{"n":{"N":"1e-38"}}`}, 0},
		{"numbers beyond", []string{`{"n":{"N":"1.5"}}`, `{"n":{"N":"1E125"}}`, `{"n":{"N":"1E-130"}}`}, 2},
		{"mixed", []string{`{"a":{"N":"1"}}`, `{"a":{"N":"2"}}`, `{"a":{"S":"x"}}`, `{"a":{"L":[{"S":"x"}]}}`, `{"a":{"M":{"x":{"S":"x"}}}}`}, 3},
		{"sets", []string{`{"s":{"SS":["a","b"]},"n":{"NS":["1","2.5"]},"b":{"BS":["eA==",""]}}`, `{"n":{"NS":["1E125","1"]}}`}, 1},
		{"lists", []string{`{"l":{"L":[]}}`, `{"l":{"L":[{"N":"1"},{"NULL":true},{"N":"2"}]}}`, `{}`, `{"l":{"L":[{"NULL":true}]}}`}, 0},
		{"lists of lists", []string{`{"l":{"L":[{"L":[{"N":"1"},{"N":"2"}]},{"L":[]},{"NULL":true}]}}`, `{"l":{"L":[]}}`}, 0},
		{"lists of several types", []string{`{"l":{"L":[{"N":"1"},{"S":"x"}]}}`}, 0},
		{"lists of maps", []string{`{"l":{"L":[{"M":{"a":{"N":"1"}}},{"M":{}},{"M":{"b":{"SS":["x","y"]}}}]}}`, `{"l":{"L":[{"M":{"a":{"NULL":true}}}]}}`}, 1},
		{"structs", []string{`{"m":{"M":{"a":{"N":"1"},"b":{"M":{"c":{"S":"x"}}}}}}`, `{"m":{"M":{}}}`, `{"m":{"M":{"b":{"M":{}}}}}`, `{}`, `{"m":{"M":{"a":{"S":"x"}}}}`, `{"m":{"M":{"a":{"NULL":true}}}}`}, 2},
		{"maps", repeated(`{"m":{"M":{"k%d":{"M":{"a":{"N":"%d"}}},"k":{"NULL":true}}}}`, 40), 0},
		{"maps with a value of another type", append(repeated(`{"m":{"M":{"k%d":{"N":"%d.5"}}}}`, 40), `{"m":{"M":{"k1":{"N":"1E100"},"k2":{"N":"2"}}}}`, `{"m":{"M":{}}}`), 1},
		{"names", []string{`{"a.b":{"S":"x"},"A.B":{"S":"y"},"_rest":{"S":"z"},"q\"u":{"N":"1"},"m":{"M":{"":{"S":"x"},"A":{"S":"x"},"a":{"S":"y"}}}}`}, 0},
		{"an attribute that comes in another order", []string{`{"a":{"S":"x"},"b":{"S":"y"}}`, `{"b":{"S":"y"},"a":{"S":"x"}}`, `{"b":{"S":"y"}}`}, 0},
		{"spaces", []string{`{ "a" : { "L" : [ { "N" : "1" } , { "M" : { } } ] } , "n":{ "NULL" : true } }`}, 1},
		{"half a surrogate pair", []string{`{"a":{"S":"x"}}`, `{"a":{"S":"\ud83d"}}`}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if left := check(t, test.items...); left != test.left {
				t.Errorf("%d attributes went to the rest, want %d", left, test.left)
			}
		})
	}
}

func repeated(format string, times int) (items []string) {
	for i := range times {
		items = append(items, fmt.Sprintf(format, i, i))
	}
	return items
}

// FuzzRebuild makes items of bytes, and items again of their rows.
func FuzzRebuild(f *testing.F) {
	for seed := range uint64(8) {
		data := make([]byte, 500)
		_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(data) // never fails
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &generator{data: data}
		var items []string
		for len(items) == 0 || len(g.data) > 0 && len(items) < 50 {
			items = append(items, "{"+g.members(3)+"}")
		}
		check(t, items...)
	})
}

// generator makes items of bytes.
type generator struct{ data []byte }

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
	names := []string{"a", "A", "b", "c.d", `e\"f`, "", "g", `\u00e4`, "_rest", "h i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"}
	var members []string
	for range g.pick(6) {
		at := g.pick(len(names))
		members = append(members, fmt.Sprintf(`"%s":%s`, names[at], g.value(depth)))
		names = slices.Delete(names, at, at+1)
	}
	return strings.Join(members, ",")
}

func (g *generator) number() string {
	digits := []string{"", "0", "12", "99999999999999999999", "9223372036854775807", "12345678901234567890123456789012345678"}[g.pick(6)]
	fraction := []string{"", "0", "5", "05", "00000000000000000000000000000000000001"}[g.pick(5)]
	exponent := []string{"", "", "", "E5", "e-7", "E+100"}[g.pick(6)]
	return []string{"", "-"}[g.pick(2)] + cmp.Or(digits, "0") + strings.TrimSuffix("."+fraction, ".") + exponent
}

func (g *generator) several(of func() string) string {
	var out []string
	for range g.pick(4) {
		out = append(out, of())
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (g *generator) value(depth int) string {
	kind := g.pick(10)
	if depth == 0 {
		kind %= 6
	}
	text := func() string { return []string{`"x"`, `""`, `"\n\ud83d\ude00"`, `"y"`}[g.pick(4)] }
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
	default:
		return `{"SS":` + g.several(text) + `}`
	}
}
