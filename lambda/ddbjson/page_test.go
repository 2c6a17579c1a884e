package ddbjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dynamodb-to-s3/lambda/ddbjson"
)

// nested returns open n times, then inner, then closing n times.
func nested(n int, open, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// level32 is an item of the greatest depth in DynamoDB: 32 maps and lists, and a set inside.
var level32 = `{"a":` + nested(16, `{"M":{"m":{"L":[`, `{"SS":["x"]}`, `]}}}`) + `}`

var answers = []struct {
	name  string
	body  string
	items []string
	rest  string // the same as body if empty
}{
	{name: "no members", body: `{}`},
	{name: "white space around nothing", body: " \t\r\n{ \t\r\n} \t\r\n"},
	{name: "a count has no items", body: `{"Count":3,"ScannedCount":3}`},
	{name: "empty Items", body: `{"Items":[]}`},
	{name: "empty Items with white space", body: `{"Items":[ ],"Count":0}`, rest: `{"Items":[],"Count":0}`},
	{name: "an empty item", body: `{"Items":[{}]}`, items: []string{`{}`}, rest: `{"Items":[]}`},
	{
		name: "members on both sides stay", body: `{"Count":2,"Items":[{"a":{"S":"x"}},{"b":{"N":"1"}}],"LastEvaluatedKey":{"a":{"S":"x"}}}`,
		items: []string{`{"a":{"S":"x"}}`, `{"b":{"N":"1"}}`},
		rest:  `{"Count":2,"Items":[],"LastEvaluatedKey":{"a":{"S":"x"}}}`,
	},
	{
		name: "Items is a name like others below the top level",
		body: `{"ConsumedCapacity":{"Items":[{"no":{"S":"1"}}]},"LastEvaluatedKey":{"Items":{"S":"Items"}},"Items":[{"Items":{"L":[{"M":{"Items":{"S":"]"}}}]}}],"X":[{"Items":[{}]}]}`,
		items: []string{
			`{"Items":{"L":[{"M":{"Items":{"S":"]"}}}]}}`,
		},
		rest: `{"ConsumedCapacity":{"Items":[{"no":{"S":"1"}}]},"LastEvaluatedKey":{"Items":{"S":"Items"}},"Items":[],"X":[{"Items":[{}]}]}`,
	},
	{name: "Items only below the top level", body: `{"LastEvaluatedKey":{"Items":{"S":"x"}},"Y":"Items","Z":["Items",[{}]]}`},
	{name: "a name that starts with an escaped quote", body: `{"A":{"\":":1,"\\":2},"":3}`},
	{name: "names differ by case", body: `{"items":[{"a":1}],"ITEMS":[]}`},
	{
		name: "escapes and text are untouched", body: `{"Items":[{"\u0061\"\\\/\b\f\n\r\t":{"S":"\u0000 \ud83d\ude00 😀 \ud800 \uDFFF é \\\\"}}]}`,
		items: []string{`{"\u0061\"\\\/\b\f\n\r\t":{"S":"\u0000 \ud83d\ude00 😀 \ud800 \uDFFF é \\\\"}}`}, rest: `{"Items":[]}`,
	},
	{
		name: "blanks in an item stay", body: `{"Items" : [ {"a" :	{ "S":"x y" } } , { } ] }`,
		items: []string{`{"a" :	{ "S":"x y" } }`, `{ }`}, rest: `{"Items" : [] }`,
	},
	{
		name: "line breaks in an item go, with its blanks", body: "{\n \"Items\": [\n  {\n    \"a b\": {\r\n \"S\": \"x \\n y\\\" \" }\t},\n  { \"b\":{\"N\":\"1\"}}\n ]\n}",
		items: []string{`{"a b":{"S":"x \n y\" "}}`, `{ "b":{"N":"1"}}`}, rest: "{\n \"Items\": []\n}",
	},
	{name: "a carriage return is a line break", body: "{\"Items\":[{\"a\":\r1}]}", items: []string{`{"a":1}`}, rest: `{"Items":[]}`},
	{name: "all tokens", body: `{"Items":[{"a":[true,false,null,0,-0,1.5e-7,"",{},[]]}]}`, items: []string{`{"a":[true,false,null,0,-0,1.5e-7,"",{},[]]}`}, rest: `{"Items":[]}`},
	{name: "32 levels", body: `{"Items":[` + level32 + `]}`, items: []string{level32}, rest: `{"Items":[]}`},
	{
		name: "the deepest that is taken", body: `{"Items":[{"a":` + nested(ddbjson.MaxDepth-1, "[", "1", "]") + `}]}`,
		items: []string{`{"a":` + nested(ddbjson.MaxDepth-1, "[", "1", "]") + `}`}, rest: `{"Items":[]}`,
	},
}

func TestParse(t *testing.T) {
	var p ddbjson.Page // one page for all cases: Parse must reset it
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			if err := p.Parse([]byte(tt.body)); err != nil {
				t.Fatalf("Parse: %v", err)
			}
			var items []string
			for i := range p.Len() {
				items = append(items, string(p.Item(i)))
			}
			if diff := cmp.Diff(tt.items, items); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			rest := tt.rest
			if rest == "" {
				rest = tt.body
			}
			if diff := cmp.Diff(rest, string(p.Rest())); diff != "" {
				t.Errorf("Rest (-want +got):\n%s", diff)
			}
		})
	}
}

var malformedAnswers = []struct {
	name   string
	body   string
	offset int
	want   string
}{
	{"nothing", ``, 0, "an object"},
	{"only white space", " \n", 2, "an object"},
	{"an array", `[]`, 0, "an object"},
	{"null", `null`, 0, "an object"},
	{"a byte order mark", "\ufeff{}", 0, "an object"},
	{"ends after the brace", `{`, 1, "a member name"},
	{"ends in a name", `{"Items`, 7, "closing quote"},
	{"ends after a name", `{"Items"`, 8, "a colon"},
	{"ends after a colon", `{"Items":`, 9, "an array of items"},
	{"ends after a colon of another", `{"Count":`, 9, "a value"},
	{"ends in Items", `{"Items":[`, 10, "an item, an object"},
	{"ends in an item", `{"Items":[{"a":{"S":"x"}`, 24, "a comma or the end of the object"},
	{"ends after an item", `{"Items":[{}`, 12, "a comma or the end of the array"},
	{"ends after a comma of Items", `{"Items":[{},`, 13, "an item, an object"},
	{"ends after Items", `{"Items":[]`, 11, "a comma or the end of the object"},
	{"ends in an escape", `{"Items":[{"\u00`, 12, "an escape sequence"},
	{"something follows", `{"Items":[]}{}`, 12, "the end of the answer"},
	{"NUL follows", "{}\x00", 2, "the end of the answer"},
	{"Items twice", `{"Items":[],"Items":[]}`, 12, "one Items array only"},
	{"Items spelled with an escape", `{"\u0049tems":[{}]}`, 1, "a member name without escapes"},
	{"Items is null", `{"Items":null}`, 9, "an array of items"},
	{"Items is an object", `{"Items":{}}`, 9, "an array of items"},
	{"Items is a string", `{"Items":"[]"}`, 9, "an array of items"},
	{"an item is null", `{"Items":[null]}`, 10, "an item, an object"},
	{"an item is an array", `{"Items":[{},[]]}`, 13, "an item, an object"},
	{"a comma after the last item", `{"Items":[{},]}`, 13, "an item, an object"},
	{"a comma before the first item", `{"Items":[,{}]}`, 10, "an item, an object"},
	{"no comma between items", `{"Items":[{}{}]}`, 12, "a comma or the end of the array"},
	{"a comma after the last member", `{"Count":1,}`, 11, "a member name"},
	{"a comma after the last attribute", `{"Items":[{"a":1,}]}`, 17, "a member name"},
	{"a comma after the last element", `{"Items":[{"a":[1,]}]}`, 18, "a value"},
	{"no comma between members", `{"a":1 "b":2}`, 7, "a comma or the end of the object"},
	{"no comma between elements", `{"a":[1 2]}`, 8, "a comma or the end of the array"},
	{"two colons", `{"a"::1}`, 5, "a value"},
	{"a name that is not a string", `{a:1}`, 1, "a member name"},
	{"no name", `{"Items":[{:{"S":"0123456789"}}],"Count":1}`, 11, "a member name"},
	{"a control character for a type", "{\"Items\":[{\"a\":{\"\n\":\"0123456789\"}}],\"Count\":1}", 17, "a character of a string"},
	{"a backslash for a type", `{"Items":[{"a":{"\":"0123456789"}}],"Count":1}`, 21, "a colon"},
	{"an attribute name that is not a string", `{"Items":[{1:1}]}`, 11, "a member name"},
	{"an object closed as an array", `{"Items":[{"a":{"S":"x"]}]}`, 23, "a comma or the end of the object"},
	{"an array closed as an object", `{"Items":[{"a":{"L":[}}]}`, 21, "a value"},
	{"the items closed as an object", `{"Items":[{}}`, 12, "a comma or the end of the array"},
	{"the answer closed as an array", `{"Items":[]]`, 11, "a comma or the end of the object"},
	{"a line break in a short string", "{\"a\":\"\n\"}", 6, "a character of a string"},
	{"a control character in a long string", `{"a":"` + strings.Repeat("x", 100) + "\x1f" + strings.Repeat("x", 100) + `"}`, 106, "a character of a string"},
	{"a tab in a name", "{\"a\tb\":1}", 3, "a character of a string"},
	{"a control character for a name", "{\"\n\":1 }", 2, "a character of a string"},
	{"an unknown escape", `{"a":"\x41 and more"}`, 6, "an escape sequence"},
	{"an escape without its digits", `{"a":"\u12g4 and more"}`, 6, "an escape sequence"},
	{"a bare word", `{"a":nil}`, 5, "a value"},
	{"a word with more", `{"a":truex}`, 9, "a comma or the end of the object"},
	{"a leading zero", `{"a":01}`, 6, "a comma or the end of the object"},
	{"a plus sign", `{"a":+1}`, 5, "a value"},
	{"a point without digits", `{"a":1.}`, 6, "a comma or the end of the object"},
	{"an exponent without digits", `{"a":1e}`, 6, "a comma or the end of the object"},
	{"a minus sign alone", `{"a":-}`, 5, "a value"},
	{"bytes that are not UTF-8", "{\"a\":\"caf\xe9\"}", 9, "UTF-8"},
	{"one level too deep", `{"Items":[{"a":` + nested(ddbjson.MaxDepth, "[", "1", "]") + `}]}`, 15 + ddbjson.MaxDepth - 1, "no nesting deeper"},
	{
		"a scalar one level too deep", `{"Items":[` + nested(ddbjson.MaxDepth-1, `{"a":`, `{"a":{"S":"0123456789"},"b":{"S":"0123456789"}}`, "}") + `]}`,
		10 + 5*ddbjson.MaxDepth, "no nesting deeper",
	},
	{"a hundred thousand arrays", `{"Items":[{"a":` + strings.Repeat("[", 100_000), 15 + ddbjson.MaxDepth - 1, "no nesting deeper"},
	{"a hundred thousand objects outside Items", `{"a":` + strings.Repeat(`{"a":`, 100_000), 5 + 5*ddbjson.MaxDepth, "no nesting deeper"},
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range malformedAnswers {
		t.Run(tt.name, func(t *testing.T) {
			var p ddbjson.Page
			if err := p.Parse([]byte(`{"Items":[{}]}`)); err != nil {
				t.Fatal(err)
			}
			err := p.Parse([]byte(tt.body))
			checkMalformed(t, err, "parse answer", tt.offset, len(tt.body), tt.want)
			if p.Len() != 0 || p.Rest() != nil {
				t.Errorf("the page still has %d items and a rest of %d bytes", p.Len(), len(p.Rest()))
			}
		})
	}
}

// TestParseEveryTruncation cuts a valid answer at each byte. No such part is an answer.
func TestParseEveryTruncation(t *testing.T) {
	body := orders(1)
	for n := range len(body) {
		var p ddbjson.Page
		var malformed *ddbjson.MalformedError
		if err := p.Parse(body[:n:n]); !errors.As(err, &malformed) {
			t.Fatalf("the first %d of %d bytes: Parse = %v, want a MalformedError", n, len(body), err)
		}
		if malformed.Size != n {
			t.Fatalf("the first %d of %d bytes: %v", n, len(body), malformed)
		}
	}
}

// TestParseRemovesLineBreaks puts a line break between each two tokens of an item.
func TestParseRemovesLineBreaks(t *testing.T) {
	tokens := []string{
		"{", `"a"`, ":", "{", `"S"`, ":", `"x"`, "}", ",", `"S"`, ":", "{", `"M"`, ":", "{", `"m"`, ":", "{", `"L"`, ":", "[", "]", "}", ",",
		`"name"`, ":", "{", `"BOOL"`, ":", "true", "}", "}", "}", "}",
	}
	want := strings.Join(tokens, "")
	for i := 1; i < len(tokens); i++ {
		for _, space := range []string{"\n", "\r", " \r\n\t"} {
			item := strings.Join(tokens[:i], "") + space + strings.Join(tokens[i:], "")
			var p ddbjson.Page
			if err := p.Parse([]byte(`{"Items":[` + want + `,` + item + `,` + want + `]}`)); err != nil || string(p.Item(1)) != want || string(p.Item(2)) != want {
				t.Errorf("%q: %v, or an item is not compact", item, err)
			}
		}
	}
}

func TestItemCannotGrowIntoTheNext(t *testing.T) {
	var p ddbjson.Page
	if err := p.Parse([]byte(`{"Items":[{"a":1},{"b":2}]}`)); err != nil {
		t.Fatal(err)
	}
	_ = append(p.Item(0), "xxxx"...)
	if got := string(p.Item(1)); got != `{"b":2}` {
		t.Errorf("after an append to item 0, item 1 is %s", got)
	}
}

func TestErrorsHoldNoItem(t *testing.T) {
	var p ddbjson.Page
	err := p.Parse([]byte(`{"Items":[{"secret":{"S":"secret"]}]}`))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Parse = %v", err)
	}
	_, err = ddbjson.JSON{}.Append(nil, []byte(`{"secret":{"secret":"secret"}}`))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Append = %v", err)
	}
	if want := "encode item: malformed at byte 11 of 30: expected an attribute type: S, N, B, BOOL, NULL, M, L, SS, NS or BS"; err.Error() != want {
		t.Errorf("Append = %q, want %q", err, want)
	}
}

func checkMalformed(t *testing.T, err error, op string, offset, size int, want string) {
	t.Helper()
	var malformed *ddbjson.MalformedError
	if !errors.As(err, &malformed) || !errors.Is(err, ddbjson.ErrMalformed) {
		t.Fatalf("error is %v, want a MalformedError", err)
	}
	if malformed.Op != op || malformed.Offset != offset || malformed.Size != size || !strings.Contains(malformed.Want, want) {
		t.Errorf("%v\nwant %s … at byte %d of %d: expected … %s …", err, op, offset, size, want)
	}
}
