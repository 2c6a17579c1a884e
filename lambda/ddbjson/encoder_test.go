package ddbjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

func TestDynamoDBJSONIsByteForByte(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			for _, item := range tt.items {
				got, err := ddbjson.DynamoDBJSON{}.Append([]byte("before\n"), []byte(item))
				if want := "before\n{\"Item\":" + item + "}\n"; err != nil || string(got) != want {
					t.Errorf("Append = %q, %v, want %q", got, err, want)
				}
			}
		})
	}
}

var largeStrings = []struct{ name, unit string }{
	{"plain", "0123456789abcdef"},
	{"backslashes", `\\\\\\\\`},
	{"quotes", `\"\"\"\"`},
	{"JSON in a string", `{\"id\":\"x\",\"amount\":12,\"name\":\"Anna\"},`},
	{"surrogates", `\ud83d\ude00`},
	{"three bytes each", "東京"},
	{"some characters of two bytes", "Straße 12, Hinterhaus, beim Café im Erdgeschoss "},
}

// largeItem returns an item of 400 KB, DynamoDB's limit, in one string of units.
func largeItem(unit string) string {
	return `{"a":{"S":"` + strings.Repeat(unit, 400<<10/len(unit)) + `"}}`
}

func TestLargeItem(t *testing.T) {
	for _, tt := range largeStrings {
		t.Run(tt.name, func(t *testing.T) {
			item := largeItem(tt.unit)
			var p ddbjson.Page
			if err := p.Parse([]byte(`{"Items":[` + item + `,` + item + `]}`)); err != nil {
				t.Fatal(err)
			}
			if p.Len() != 2 || string(p.Item(1)) != item {
				t.Fatalf("Len() = %d, or not the item that was sent", p.Len())
			}
			got, err := ddbjson.JSON{}.Append(nil, p.Item(1))
			want := strings.Replace(strings.TrimSuffix(item, "}")+"\n", `{"S":`, "", 1)
			if err != nil || string(got) != want {
				t.Errorf("Append = %d bytes, %v, want %d", len(got), err, len(want))
			}
		})
	}
}

func TestNoAllocationsOnceWarm(t *testing.T) {
	body := orders(pageSize)
	var p ddbjson.Page
	var out []byte
	many := wide(1000)
	if err := p.Parse(body); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(p.Rest()) {
		t.Error("Rest is not JSON")
	}
	for _, tt := range []struct {
		name string
		run  func() error
	}{
		{"Parse", func() error { return p.Parse(body) }},
		{"Rest", func() error { _ = p.Rest(); return nil }},
		{"DynamoDBJSON", func() error { out = encodeAll(t, ddbjson.DynamoDBJSON{}, &p, out[:0]); return nil }},
		{"JSON", func() error { out = encodeAll(t, ddbjson.JSON{}, &p, out[:0]); return nil }},
		{"Ion", func() error { out = encodeAll(t, ddbjson.Ion{}, &p, out[:0]); return nil }},
		{"JSON of many names", func() (err error) { out, err = ddbjson.JSON{}.Append(out[:0], many); return err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// AllocsPerRun runs once before it counts. That run grows the buffers.
			if n := testing.AllocsPerRun(5, func() {
				if err := tt.run(); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations for a page of %d items", n, p.Len())
			}
		})
	}
}
