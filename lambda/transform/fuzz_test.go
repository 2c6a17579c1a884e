package transform_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/transform"
)

// The expression that changes nothing gives the item's plain JSON: the same values, and numbers with the same digits.
func FuzzIdentity(f *testing.F) {
	for _, item := range []string{
		order, `{}`, `{"a":{"N":"-0"},"b":{"N":"1E+125"},"c":{"NS":["007","+5",".5","12345678901234567890123456789012345678"]}}`,
		`{"a":{"S":"\ud83d\ude00\u2028\u0000\/"},"b":{"M":{"":{"L":[{"M":{}},{"L":[]},{"SS":[]}]}}},"c":{"BS":["AA==",""]}}`,
	} {
		f.Add([]byte(item))
	}
	same, err := transform.Compile(`.`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		var p ddbjson.Page
		if p.Parse([]byte(`{"Items":[`+string(item)+`]}`)) != nil || p.Len() != 1 {
			return
		}
		want, refused := ddbjson.JSON{}.Append(nil, p.Item(0))
		got, records, err := same.Append(t.Context(), nil, p.Item(0))
		if refused != nil {
			if err == nil {
				t.Errorf("accepted, although plain JSON refuses it: %v", refused)
			}
			return
		}
		if err != nil || records != 1 || bytes.Count(got, []byte("\n")) != 1 || !reflect.DeepEqual(value(t, got), value(t, want)) {
			t.Errorf("got %d records, %v:\n%s\nwant\n%s", records, err, got, want)
		}
	})
}

// value decodes one JSON text. Numbers keep their spelling.
func value(t *testing.T, text []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
