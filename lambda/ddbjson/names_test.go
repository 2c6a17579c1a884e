package ddbjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dynamodb-to-s3/lambda/ddbjson"
)

// unmarshal returns the SDK's result for an item.
func unmarshal(t *testing.T, item string) map[string]types.AttributeValue {
	t.Helper()
	m, err := attributevalue.UnmarshalMapJSON([]byte(item))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wide returns an item with n attributes.
func wide(n int) []byte {
	b := []byte("{")
	for i := range n {
		b = fmt.Appendf(b, `"%x":{"N":"1"},`, i)
	}
	return append(bytes.TrimSuffix(b, []byte(",")), '}')
}

// with returns the item with one more attribute at its end.
func with(item []byte, name string) []byte {
	return fmt.Appendf(bytes.Clone(item[:len(item)-1]), `,%s:{"S":""}}`, name)
}

// TestNamesThatOccurTwice looks for the second of two equal names, at any distance.
func TestNamesThatOccurTwice(t *testing.T) {
	long := strings.Repeat("n", 70_000)
	for _, tt := range []struct {
		name   string
		item   string
		second string // the last name with this spelling is the reported one; "" if there is none
	}{
		{"side by side", `{"a":{"S":""},"a":{"S":""}}`, `"a"`},
		{"without a name", `{"":{"N":"1"},"":{"N":"1"}}`, `""`},
		{"of a type", `{"S":{"N":"1"},"S":{"N":"1"}}`, `"S"`},
		{"of a type, with another between", `{"S":{"N":"1"},"a":{"N":"1"},"S":{"N":"1"}}`, `"S"`},
		{"in a map", `{"a":{"M":{"b":{"S":""},"c":{"S":""},"b":{"S":""}}}}`, `"b"`},
		{"in a map of a list", `{"a":{"L":[{"M":{"b":{"S":""},"b":{"S":""}}}]}}`, `"b"`},
		{"around a map with the same", `{"a":{"M":{"a":{"M":{"a":{"S":""}}}}},"b":{"S":""},"a":{"S":""}}`, `"a"`},
		{"eight bytes", `{"12345678":{"S":""},"12345678":{"S":""}}`, `"12345678"`},
		{"more than eight bytes", `{"1234567890123456789":{"S":""},"1234567890123456789":{"S":""}}`, `"1234567890123456789"`},
		{"of 70,000 bytes", `{"` + long + `":{"S":""},"` + long + `":{"S":""}}`, `"` + long + `"`},
		{"the second with an escape", `{"a":{"S":""},"\u0061":{"S":""}}`, `"\u0061"`},
		{"the first with an escape", `{"\u0061":{"S":""},"a":{"S":""}}`, `"a"`},
		{"both with an escape", `{"\u002f":{"S":""},"\/":{"S":""}}`, `"\/"`},
		{"a long one with an escape", `{"` + long + `":{"S":""},"\u006e` + long[1:] + `":{"S":""}}`, `"\u006e` + long[1:] + `"`},
		{"a pair of surrogates and its character", `{"😀":{"S":""},"\ud83d\uDE00":{"S":""}}`, `"\ud83d\uDE00"`},
		{"with white space around", "{ \"a\" : {\"S\":\"\"} , \"a\"\n:{\"S\":\"\"}}", `"a"`},
		{"after 63 others", string(with(wide(63), `"0"`)), `"0"`},
		{"after 64 others", string(with(wide(64), `"3f"`)), `"3f"`},
		{"after 65 others", string(with(wide(65), `"40"`)), `"40"`},
		{"after 50,000 others", string(with(wide(50_000), `"c34f"`)), `"c34f"`},
		{"after 50,000 others, with an escape", string(with(wide(50_000), `"c34\u0066"`)), `"c34\u0066"`},
		{"one begins with the other", `{"a":{"S":""},"aa":{"S":""},"a\u0000":{"S":""},"a\"":{"S":""},"A":{"S":""}}`, ""},
		{"eight bytes and a NUL more", `{"12345678":{"S":""},"12345678\u0000":{"S":""},"1234567":{"S":""},"1234567\u0000":{"S":""}}`, ""},
		{"in two maps", `{"a":{"M":{"b":{"S":""}}},"b":{"M":{"b":{"S":""}}},"c":{"L":[{"M":{"b":{"S":""}}},{"M":{"b":{"S":""}}}]}}`, ""},
		{"a name that looks like a type", `{"S":{"S":""},"N":{"S":""},"M":{"M":{"S":{"S":""}}}}`, ""},
		{"50,000 names", string(wide(50_000)), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := parseItem([]byte(tt.item))
			if tt.second == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkMalformed(t, err, "parse answer", len(before)+strings.LastIndex(tt.item, tt.second), len(before)+len(tt.item)+len(after), "a name that occurs once in its object")
		})
	}
}

// TestNamesOfLaterItems has a page of equal items, so that each name is expected, and then an item that has one name twice or another
// name in its place.
func TestNamesOfLaterItems(t *testing.T) {
	for _, length := range []int{1, 2, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 21, 22, 23, 24, 40} {
		names := []string{"first", strings.Repeat("n", length), "c", strings.Repeat("m", length+1), "last"}
		page := func(last []string) []byte {
			b := []byte(`{"Items":[`)
			for n, names := range [][]string{names, names, last} {
				if n > 0 {
					b = append(b, ',')
				}
				b = append(b, '{')
				for i, name := range names {
					b = fmt.Appendf(b, `"%s":{"S":"x"},"v%d":{"M":{"w%[2]d":{"S":"x"}}},`, name, i)
				}
				b = append(b[:len(b)-1], '}')
			}
			return append(b, `],"ScannedCount":3}`...)
		}
		var p ddbjson.Page
		if err := p.Parse(page(names)); err != nil {
			t.Errorf("names of %d bytes: %v", length, err)
		}
		for i := range names {
			for j := range i {
				twice := slices.Clone(names)
				twice[i] = names[j]
				if err := p.Parse(page(twice)); !errors.Is(err, ddbjson.ErrMalformed) {
					t.Errorf("%q: %v, want a MalformedError", twice, err)
				}
			}
			for place := range names[i] {
				other := slices.Clone(names)
				other[i] = names[i][:place] + "-" + names[i][place+1:]
				if err := p.Parse(page(other)); err != nil || !strings.Contains(string(p.Item(2)), `"`+other[i]+`"`) {
					t.Errorf("%q: %v, or not this item", other, err)
				}
			}
			for place := range len(names[i]) + 2 { // with the quotes
				body := page(names)
				body[bytes.LastIndex(body, []byte(`"`+names[i]+`"`))+place] = 0x1f
				if err := p.Parse(body); !errors.Is(err, ddbjson.ErrMalformed) {
					t.Errorf("%q with a control character at byte %d: %v, want a MalformedError", names[i], place, err)
				}
			}
		}
	}
}

// TestNamesAroundTheSixtyFourth has pages with more or less different names than those with numbers. In the second item, one of them
// occurs twice.
func TestNamesAroundTheSixtyFourth(t *testing.T) {
	for _, n := range []int{62, 63, 64, 65, 66, 130, 300} {
		item := wide(n)
		var p ddbjson.Page
		if err := p.Parse(fmt.Appendf(nil, `{"Items":[%s,%s,%s]}`, item, wide(n/2), item)); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		for i := range n {
			name := fmt.Sprintf(`"%x"`, i)
			escaped := fmt.Sprintf(`"\u%04x%s`, name[1], name[2:])
			for _, name := range []string{name, escaped} {
				if err := p.Parse(fmt.Appendf(nil, `{"Items":[%s,%s]}`, item, with(item, name))); !errors.Is(err, ddbjson.ErrMalformed) {
					t.Errorf("%d names, %s twice: %v, want a MalformedError", n, name, err)
				}
			}
		}
	}
}

// before and after make the smallest answer around an item.
const before, after = `{"Items":[{"a":{"M":{"a":{"N":"1"},"b":{"N":"2"}}}},`, `]}`

// parseItem parses an answer with one item before the item.
func parseItem(item []byte) error {
	var p ddbjson.Page
	return p.Parse(slices.Concat([]byte(before), item, []byte(after)))
}

// TestHalfAPairInANameIsItself keeps names different that look equal to a decoder which replaces invalid text.
func TestHalfAPairInANameIsItself(t *testing.T) {
	if err := parseItem([]byte(`{"\ud800":{"S":""},"\ud801":{"S":""},"\ufffd":{"S":""}}`)); err != nil {
		t.Error(err)
	}
	if err := parseItem([]byte(`{"\ud800":{"S":""},"\uD800":{"S":""}}`)); !errors.Is(err, ddbjson.ErrMalformed) {
		t.Errorf("got %v, want a MalformedError", err)
	}
}

// TestAMillionNames would not end if each name were compared with all names before it.
func TestAMillionNames(t *testing.T) {
	if err := parseItem(wide(1_000_000)); err != nil {
		t.Error(err)
	}
}

// FuzzNames compares two names with encoding/json's result for them.
func FuzzNames(f *testing.F) {
	for _, names := range [][2]string{{`a`, `\u0061`}, {`\/`, `/`}, {``, ``}, {`12345678`, `12345678\u0000`}, {`\ud83d\ude00`, `😀`}, {`\n`, `\u000a`}} {
		f.Add(names[0], names[1])
	}
	f.Add(`","0`, `0`)
	f.Fuzz(func(t *testing.T, a, b string) {
		var first, second string
		if json.Unmarshal([]byte(`"`+a+`"`), &first) != nil || json.Unmarshal([]byte(`"`+b+`"`), &second) != nil {
			return
		}
		if strings.ContainsRune(first+second, '\ufffd') {
			return // encoding/json replaces half a surrogate pair with this
		}
		for _, item := range [][]byte{
			fmt.Appendf(nil, `{"%s":{"S":""},"%s":{"S":""}}`, a, b),
			fmt.Appendf(nil, `{"%s":{"M":%s},"%s":{"S":""}}`, a, wide(100), b), // the table grows between the two
		} {
			err := parseItem(item)
			if twice := err != nil; twice != (first == second) {
				t.Fatalf("%s: %v", item, err)
			}
		}
	})
}
