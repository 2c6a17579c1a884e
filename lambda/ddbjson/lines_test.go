package ddbjson_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// TestLines holds that lines have the items of the answer that they were written from, whether or not the items were parsed before.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, parsed := range []bool{false, true} {
		for _, answer := range answers {
			var page, of ddbjson.Page
			if err := page.Parse([]byte(answer.body)); err != nil {
				t.Fatal(err)
			}
			var lines []byte
			var want []string
			for i := range page.Len() {
				want = append(want, string(page.Item(i)))
				lines = fmt.Appendf(lines, "{\"Item\":%s}\n", page.Item(i))
			}
			for range 2 { // a page is used again
				if err := of.Lines(lines, parsed); err != nil {
					t.Fatalf("%s, parsed %t: %v", answer.name, parsed, err)
				}
			}
			var got []string
			for i := range of.Len() {
				got = append(got, string(of.Item(i)))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, parsed %t: got %q, want %q", answer.name, parsed, got, want)
			}
		}
	}
}

func TestLinesRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"Item":{"a":{"S":"x"}}}` + "\n"
	for _, test := range []struct {
		name, line string
		inside     bool // only a look into the item finds it
	}{
		{name: "an empty line"},
		{name: "a half line", line: `{"Item":`},
		{name: "an item without its braces", line: `{"Item":}`},
		{name: "one brace too few", line: `{"Item":{}`},
		{name: "another member", line: `{"item":{}}`},
		{name: "white space before the item", line: `{"Item": {}}`},
		{name: "a carriage return at the end", line: `{"Item":{}}` + "\r"},
		{name: "an array", line: `{"Item":[{}]}`},
		{name: "one brace too many", line: `{"Item":{}}}`, inside: true},
		{name: "a name twice", line: `{"Item":{"a":{"S":"x"},"a":{"S":"y"}}}`, inside: true},
		{name: "a string without its end", line: `{"Item":{"a":{"S":"x}}}`, inside: true},
		{name: "two items", line: `{"Item":{},"Item":{}}`, inside: true},
		{name: "no UTF-8", line: "{\"Item\":{\"a\":{\"S\":\"\xff\"}}}", inside: true},
	} {
		for _, parsed := range []bool{false, true} {
			if parsed && test.inside {
				continue
			}
			var page ddbjson.Page
			err := page.Lines([]byte(good+test.line+"\n"+good), parsed)
			malformed, ok := errors.AsType[*ddbjson.MalformedError](err)
			if !ok || page.Len() > 0 {
				t.Errorf("%s, parsed %t: got %v and %d items", test.name, parsed, err, page.Len())
				continue
			}
			if malformed.Offset < len(good) || malformed.Offset > len(good+test.line) {
				t.Errorf("%s, parsed %t: got the offset %d, want one in the second line", test.name, parsed, malformed.Offset)
			}
			if strings.Contains(err.Error(), "Item") {
				t.Errorf("%s: the error shows the line: %v", test.name, err)
			}
		}
	}
}

// FuzzLines holds that a look into the items of lines finds what Parse finds in the same items of an answer.
func FuzzLines(f *testing.F) {
	for _, answer := range answers {
		f.Add(answer.body)
	}
	f.Add(`{"a":{"S":"x"},"b":{"S":"y"}}`)
	f.Fuzz(func(t *testing.T, item string) {
		var page, of ddbjson.Page
		_ = page.Lines([]byte(`{"Item":`+item+"}\n"), true) // must not fail in another way than with an error
		err := page.Lines([]byte(`{"Item":`+item+"}\n"), false)
		if err != nil {
			return
		}
		if err := of.Parse([]byte(`{"Items":[` + item + `]}`)); err != nil || of.Len() != 1 {
			t.Fatalf("a line has an item that an answer does not have: %v", err)
		}
		if got := string(of.Item(0)); got != string(page.Item(0)) {
			t.Errorf("got %q, want %q", page.Item(0), got)
		}
	})
}
