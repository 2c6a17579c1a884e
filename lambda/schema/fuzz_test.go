package schema

import (
	"bytes"
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// FuzzAdd learns from any answer of DynamoDB, twice from each item. White space between the tokens makes no difference, nor does the storage of a
// tree or of a schema.
func FuzzAdd(f *testing.F) {
	for _, items := range []string{
		`{"a":{"S":"x"},"b":{"N":"1.5"}},{"a":{"S":"\"\\"},"b":{"N":"-1E+2"}}`,
		`{"m":{"M":{"a":{"L":[{"N":"1"},{"S":"x"}]},"A":{"BOOL":true}}}},{"m":{"M":{"b":{"NULL":true},"a":{"NS":["1","2"]}}}}`,
		`{"\u0061":{"SS":["x"]},"b\\u0062":{"BS":["eA=="]}},{"a":{"B":""},"\ud800":{"L":[]}},{}`,
	} {
		f.Add([]byte(items))
	}
	f.Fuzz(func(t *testing.T, items []byte) {
		var page ddbjson.Page
		body := []byte(`{"Items":[` + string(items) + `]}`)
		var spaced bytes.Buffer
		if page.Parse(body) != nil {
			return
		}
		var compact, wide Tree
		for range 2 {
			for i := range page.Len() {
				spaced.Reset()
				if err := json.Indent(&spaced, page.Item(i), "", " "); err != nil {
					t.Fatal(err)
				}
				one, other := compact.Add(page.Item(i)), wide.Add(spaced.Bytes())
				if (one == nil) != (other == nil) {
					t.Fatalf("%q: got %v, with spaces %v", page.Item(i), one, other)
				}
				if one != nil {
					return
				}
			}
		}
		first, err := json.Marshal(&compact)
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(&wide)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("got %s, with spaces %s, %v", first, second, err)
		}
		var tree Tree
		if err := json.Unmarshal(first, &tree); err != nil {
			t.Fatal(err)
		}
		s := Decide(&compact, Options{})
		var stored Schema
		if body, err := json.Marshal(s); err != nil || json.Unmarshal(body, &stored) != nil || stored.Digest() != s.Digest() || Decide(&tree, Options{}).Digest() != s.Digest() {
			t.Fatalf("%s: the schema is another one after it was stored, %v", body, err)
		}
	})
}
