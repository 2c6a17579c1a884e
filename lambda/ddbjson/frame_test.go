package ddbjson_test

import (
	"bytes"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

func TestFrame(t *testing.T) {
	long := strings.Repeat("k", 2048)
	for _, tt := range []struct {
		name, body string
		want       string // "" if the items must be parsed first
	}{
		{
			"as DynamoDB sends it",
			`{"ConsumedCapacity":{"CapacityUnits":1},"Count":1,"Items":[{"a":{"S":"x"}}],"LastEvaluatedKey":{"a":{"S":"x"}},"ScannedCount":1}`,
			`{"ConsumedCapacity":{"CapacityUnits":1},"Count":1,"Items":[],"LastEvaluatedKey":{"a":{"S":"x"}},"ScannedCount":1}`,
		},
		{
			"no items before a key", `{"Items":[],"LastEvaluatedKey":{"a":{"S":"x"}}}`, `{"Items":[],"LastEvaluatedKey":{"a":{"S":"x"}}}`,
		},
		{
			"the longest key, escaped", `{"Items":[{}],"LastEvaluatedKey":{"a":{"S":"` + strings.Repeat(`\u0001`, 3072) + `"}}}`,
			`{"Items":[],"LastEvaluatedKey":{"a":{"S":"` + strings.Repeat(`\u0001`, 3072) + `"}}}`,
		},
		{
			"members in another order", ` { "Items" : [{"b":{"L":[]}}],"LastEvaluatedKey":{"a":{"S":"` + long + `"}} , "Count":1 } `,
			` { "Items" : [],"LastEvaluatedKey":{"a":{"S":"` + long + `"}} , "Count":1 } `,
		},
		{
			"the words in an item's string", `{"Items":[{"a":{"S":"],\"LastEvaluatedKey\":{}}"}}],"LastEvaluatedKey":{"a":{"S":"x"}}}`,
			`{"Items":[],"LastEvaluatedKey":{"a":{"S":"x"}}}`,
		},
		{
			"the words in the key itself", `{"Items":[],"LastEvaluatedKey":{"a":{"S":"],\"LastEvaluatedKey\":{"}}}`,
			`{"Items":[],"LastEvaluatedKey":{"a":{"S":"],\"LastEvaluatedKey\":{"}}}`,
		},
		{"the last page", `{"Count":1,"Items":[{"a":{"S":"x"}}],"ScannedCount":1}`, ""},
		{"no items at all", `{"Count":1,"LastEvaluatedKey":{"a":{"S":"x"}}}`, ""},
		{"a key before the items", `{"LastEvaluatedKey":{"a":{"S":"x"}},"Items":[{}]}`, ""},
		{"a key that does not follow the items", `{"Items":[{}],"Count":1,"LastEvaluatedKey":{"a":{"S":"x"}}}`, ""},
		{"the name in an item only", `{"Items":[{"m":{"L":[],"LastEvaluatedKey":{"S":"x"}}}],"Count":1}`, ""},
		{"the name deeper down", `{"Count":{"L":[],"LastEvaluatedKey":{}}}`, ""},
		{"two arrays of items", `{"Items":[{}],"LastEvaluatedKey":{},"Items":[{}]}`, ""},
		{"cut", `{"Items":[{}],"LastEvaluatedKey":{"a":{"S":"x"}}`, ""},
		{"more than one answer", `{"Items":[],"LastEvaluatedKey":{}}{}`, ""},
		{"nothing", ``, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ddbjson.Frame([]byte("of before"), []byte(tt.body))
			if ok != (tt.want != "") || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	body := withKey(orders(pageSize))
	frame, ok := ddbjson.Frame(nil, body)
	if !ok {
		t.Fatal("no frame")
	}
	if n := testing.AllocsPerRun(10, func() { frame, _ = ddbjson.Frame(frame, body) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// withKey puts a LastEvaluatedKey right after the items of an answer, where DynamoDB puts it.
func withKey(body []byte) []byte {
	return bytes.Replace(body, []byte(`],"ScannedCount":1000,"LastEvaluatedKey":`), []byte(`],"LastEvaluatedKey":`), 1)
}

// FuzzFrame compares Frame with Parse: if both succeed, they return the same frame.
func FuzzFrame(f *testing.F) {
	for _, tt := range answers {
		f.Add([]byte(tt.body))
	}
	for _, tt := range malformedAnswers {
		if len(tt.body) < 10_000 {
			f.Add([]byte(tt.body))
		}
	}
	f.Add(withKey(orders(1)))
	f.Add([]byte(`{"Items":[{"a":{"S":"],\"LastEvaluatedKey\":{}}"}}],"LastEvaluatedKey":{"a":{"S":"x"}}}`))
	f.Fuzz(func(t *testing.T, sent []byte) {
		frame, ok := ddbjson.Frame(nil, sent)
		var p ddbjson.Page
		if !ok || p.Parse(bytes.Clone(sent)) != nil {
			return
		}
		if !bytes.Equal(frame, p.Rest()) {
			t.Fatalf("the frame is %q, the answer without its items %q", frame, p.Rest())
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	body := withKey(orders(pageSize))
	var frame []byte
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var ok bool
		if frame, ok = ddbjson.Frame(frame, body); !ok {
			b.Fatal("no frame")
		}
	}
}
