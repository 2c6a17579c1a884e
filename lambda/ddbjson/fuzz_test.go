package ddbjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dynamodb-to-s3/lambda/ddbjson"
)

// refusals are the only reasons to refuse an answer that is valid JSON.
var refusals = []string{
	"UTF-8", "an object", "an array of items", "an item, an object", "one Items array only",
	"a member name without escapes", "no nesting deeper than DynamoDB's", "a name that occurs once in its object",
}

func FuzzParse(f *testing.F) {
	for _, tt := range answers {
		f.Add([]byte(tt.body))
	}
	for _, tt := range malformedAnswers {
		if len(tt.body) < 10_000 {
			f.Add([]byte(tt.body))
		}
	}
	f.Add(orders(1))
	f.Fuzz(func(t *testing.T, sent []byte) {
		var p ddbjson.Page
		if err := p.Parse(slices.Clone(sent)); err != nil {
			var malformed *ddbjson.MalformedError
			if !errors.As(err, &malformed) || malformed.Offset < 0 || malformed.Offset > len(sent) || malformed.Size != len(sent) {
				t.Fatalf("Parse: %v of %d bytes", err, len(sent))
			}
			if json.Valid(sent) && !slices.Contains(refusals, malformed.Want) {
				t.Fatalf("Parse refuses valid JSON: %v", err)
			}
			return
		}
		if !json.Valid(sent) || !utf8.Valid(sent) {
			t.Fatal("Parse accepts invalid JSON")
		}
		checkRest(t, sent, p.Rest())

		var answer map[string]json.RawMessage
		var items []json.RawMessage
		if err := json.Unmarshal(sent, &answer); err != nil {
			t.Fatal(err)
		}
		if answer["Items"] != nil {
			if err := json.Unmarshal(answer["Items"], &items); err != nil {
				t.Fatal(err)
			}
		}
		if len(items) != p.Len() {
			t.Fatalf("Len = %d, want %d", p.Len(), len(items))
		}
		for i, item := range items {
			checkItem(t, p.Item(i), item)
		}
	})
}

// checkItem fails unless item is what was sent, on one line, and its records are one line each.
func checkItem(t *testing.T, item, sent []byte) {
	t.Helper()
	if want := oneLine(t, sent); !bytes.Equal(item, want) {
		t.Fatalf("item is %q, want %q", item, want)
	}
	record, err := ddbjson.DynamoDBJSON{}.Append(nil, item)
	if want := `{"Item":` + string(item) + "}\n"; err != nil || string(record) != want {
		t.Fatalf("DynamoDBJSON = %q, %v, want %q", record, err, want)
	}
	checkLine(t, record)
	if record, err = (ddbjson.JSON{}).Append(nil, item); err == nil {
		checkLine(t, record)
	}
}

// checkLine fails unless record is one line of JSON.
func checkLine(t *testing.T, record []byte) {
	t.Helper()
	line, ok := bytes.CutSuffix(record, []byte("\n"))
	if !ok || !json.Valid(line) || bytes.ContainsAny(line, "\r\n") {
		t.Fatalf("%q is not one line of JSON", record)
	}
}

// checkRest fails unless rest is the answer without its items.
func checkRest(t *testing.T, sent, rest []byte) {
	t.Helper()
	var before, after map[string]json.RawMessage
	if err := json.Unmarshal(sent, &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(rest, &after); err != nil {
		t.Fatalf("Rest is no JSON: %v", err)
	}
	if _, ok := before["Items"]; ok {
		before["Items"] = json.RawMessage("[]")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("Rest (-want +got):\n%s", diff)
	}
}

// oneLine returns an item as Parse changes it.
func oneLine(t *testing.T, sent []byte) []byte {
	t.Helper()
	if !bytes.ContainsAny(sent, "\r\n") {
		return sent
	}
	var b bytes.Buffer
	if err := json.Compact(&b, sent); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzJSON(f *testing.F) {
	for _, tt := range records {
		f.Add([]byte(tt.item))
	}
	for _, tt := range malformedItems {
		if len(tt.item) < 10_000 {
			f.Add([]byte(tt.item))
		}
	}
	for _, tt := range answers {
		for _, item := range tt.items {
			f.Add([]byte(item))
		}
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		sent := slices.Clone(item)
		got, err := ddbjson.JSON{}.Append([]byte("before"), item)
		record, ok := bytes.CutPrefix(got, []byte("before"))
		if !ok || !bytes.Equal(item, sent) {
			t.Fatal("Append changes the earlier content of dst, or the item")
		}
		if err != nil {
			var malformed *ddbjson.MalformedError
			if !errors.As(err, &malformed) || malformed.Offset < 0 || malformed.Offset > len(item) || len(record) != 0 {
				t.Fatalf("Append = %q, %v", record, err)
			}
			return
		}
		checkLine(t, record)
		if !json.Valid(item) {
			t.Fatal("Append accepts invalid JSON")
		}
		// An encoder accepts an item in both ways or in neither.
		var p ddbjson.Page
		if err := p.Parse([]byte(`{"Items":[` + string(item) + `]}`)); err != nil && utf8.Valid(item) {
			t.Fatalf("Append accepts what Parse refuses: %v", err)
		}
	})
}
