package ddbjson_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/ddbjson"
)

// frames are the places where an answer has a string. Strings of a known type, names that were seen before, and strings near the end
// of the answer have code of their own.
var frames = []struct{ name, before, after string }{
	{"a value", `{"Items":[{"a":{"S":"`, `"},"b":{"N":"1"}}]}`},
	{"an element", `{"Items":[{"a":{"SS":["x","`, `"]},"b":{"N":"1"}}]}`},
	{"the only name", `{"Items":[{"`, `":{"S":"x"}}]}`},
	{"a second name", `{"Items":[{"a":{"S":"x"},"`, `":{"S":"x"},"b":{"N":"1"}}]}`},
	{"the end of the answer", `{"Count":"`, `"}`},
}

// TestTextBoundaries puts each special character at each place of a string, around the eight bytes that the scanner reads together.
func TestTextBoundaries(t *testing.T) {
	inserts := []struct {
		text string
		ok   bool
	}{
		{`\"`, true},
		{`\\`, true},
		{`\u0022`, true},
		{"\x7f", true},
		{"!", true},
		{"#", true},
		{"é", true},
		{"\u00a2", true},
		{"東京都", true},
		{"\U0010ffff", true},
		{`"`, false},
		{`\`, false},
		{"\x00", false},
		{"\x1f", false},
		{"\n", false},
		{`\u002`, false},
		{"\xff", false},
		{"\x80", false},
		{"\xc3", false},
		{"\xc0\xaf", false},
		{"\xe6\x9d", false},
		{"東\xe6\x9d", false},
		{"\xed\xa0\x80", false},
		{"\xf4\x90\x80\x80", false},
	}
	for _, frame := range frames {
		t.Run(frame.name, func(t *testing.T) {
			var p ddbjson.Page
			for length := range 41 {
				for place := range length + 1 {
					for _, insert := range inserts {
						// '}' follows a backslash: no escape sequence starts so.
						text := strings.Repeat("}", place) + insert.text + strings.Repeat("}", length-place+1)
						if err := p.Parse([]byte(frame.before + text + frame.after)); (err == nil) != insert.ok {
							t.Fatalf("%q in a string: Parse = %v, want success %t", text, err, insert.ok)
						}
					}
				}
			}
		})
	}
}

// TestTextLengths finds the end of strings of each length.
func TestTextLengths(t *testing.T) {
	for _, frame := range frames {
		for _, unit := range []string{"x", "é", "東", "😀", `\n`, `\u00e9`} {
			for n := range 41 {
				body := frame.before + strings.Repeat(unit, n) + frame.after
				var p ddbjson.Page
				if err := p.Parse([]byte(body)); err != nil {
					t.Errorf("%s of %d times %q: %v", frame.name, n, unit, err)
				}
				if p.Len() > 0 && !strings.Contains(body, `{"Items":[`+string(p.Item(0))+`]}`) {
					t.Errorf("%s of %d times %q: the item is %s", frame.name, n, unit, p.Item(0))
				}
			}
		}
	}
}

// TestUTF8 compares Parse with utf8.Valid for each pair of a first and a second byte, with the other bytes that such a character has.
func TestUTF8(t *testing.T) {
	var p ddbjson.Page
	for first := 0x80; first <= 0xff; first++ {
		for second := 0x80; second <= 0xff; second++ {
			for _, more := range []string{"", "\x80", "\xbf\xbf", "\xbfx", "é"} {
				text := string([]byte{byte(first), byte(second)}) + more
				err := p.Parse([]byte(`{"Items":[{"a":{"S":"` + text + `"}}]}`))
				if (err == nil) != utf8.ValidString(text) {
					t.Fatalf("%q in a string: Parse = %v", text, err)
				}
			}
		}
	}
}

// TestFailedParseChangesNothing parses answers with line breaks in an item, which Parse would remove, and an error after it.
func TestFailedParseChangesNothing(t *testing.T) {
	for _, end := range []string{`]`, `,{}`, `],"a":nil}`, "],\"\xff\":1}", `]} x`} {
		body := []byte("{\"Items\":[{\"a\":\n{\"S\":\"x\"}}" + end)
		sent := slices.Clone(body)
		var p ddbjson.Page
		if err := p.Parse(body); err == nil || string(body) != string(sent) {
			t.Errorf("Parse = %v, and made %q of %q", err, body, sent)
		}
	}
}

// TestScalarsInOtherForms parses values that are nearly the ones with a short cut. encoding/json decides which are JSON.
func TestScalarsInOtherForms(t *testing.T) {
	for _, value := range []string{
		`{"BOOL":true}`, `{"BOOL":false}`, `{"NULL":true}`, `{"NULL":false}`, `{"NULL":null}`, `{"BOOL":truex}`, `{"BOOL":tru}`, `{"BOOL":true,"S":"x"}`,
		`{"BOOL":true `, `{"BOOL": true}`, `{"BOOL":true }`, `{"BOOL":"true"}`, `{"BOOL" :true}`, `{"NULL":fals}`, `{"S":"x" }`, `{"S": "x"}`, `{"S":"x","N":"1"}`,
		`{"S":"x"]`, `{"S":"x\}`, "{\"S\":\"x\x1f}", "{\"S\":\"é}", `{"S":"x"`, `{"s":"x"}`, `{"S":x}`, `{"[":"x"}`, `{"S";"x"}`, `{'S":"x"}`, `["S":"x"}`,
	} {
		for _, after := range []string{``, `,"b":{"S":"0123456789"}`, ` , "b":{"S":"0123456789"}`, `,,"b":{"S":"x"}`, `"b":{"S":"x"}`, `,b:{"S":"x"}`} {
			body := `{"Items":[{"a":` + value + after + `}]}`
			var p ddbjson.Page
			if err := p.Parse([]byte(body)); (err == nil) != json.Valid([]byte(body)) {
				t.Errorf("%s: Parse = %v", body, err)
			}
		}
	}
}
