package ddbjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// walk reads an item with a cursor, into the values that encoding/json makes of it.
func walk(item string) (map[string]any, error) {
	var c ddbjson.Cursor
	c.Reset([]byte(item))
	out := attributes(&c)
	return out, c.Err()
}

func attributes(c *ddbjson.Cursor) map[string]any {
	out := map[string]any{}
	for more := c.Enter(); more; more = c.More() {
		raw, kind := c.Attribute()
		name, _ := ddbjson.AppendText(nil, raw)
		out[string(name)] = attribute(c, kind)
		c.Leave()
	}
	return out
}

func attribute(c *ddbjson.Cursor, kind ddbjson.Kind) any {
	var content any
	switch kind {
	case ddbjson.KindM:
		content = attributes(c)
	case ddbjson.KindL:
		list := []any{}
		for more := c.Enter(); more; more = c.More() {
			list = append(list, attribute(c, c.Element()))
			c.Leave()
		}
		content = list
	case ddbjson.KindSS, ddbjson.KindNS, ddbjson.KindBS:
		list := []any{}
		for more := c.Enter(); more; more = c.More() {
			list = append(list, text(c))
		}
		content = list
	case ddbjson.KindBOOL:
		content = c.Bool()
	case ddbjson.KindNULL:
		c.Skip()
		content = true
	default:
		content = text(c)
	}
	return map[string]any{kind.String(): content}
}

func text(c *ddbjson.Cursor) any {
	text, _ := ddbjson.AppendText(nil, c.Text())
	return string(text)
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		`{}`, `{"a":{"S":""}}`, `{"a":{"S":"x\"\\\u00e4\ud83d\ude00"},"b\n":{"N":"1.50"}}`, `{"a":{"M":{}},"b":{"L":[]},"c":{"SS":[]}}`,
		`{"a":{"M":{"b":{"L":[{"M":{"c":{"BS":["eA==","eQ=="]}}},{"NULL":true},{"BOOL":false},{"BOOL":true}]}}},"d":{"B":"eA=="}}`,
		" {\n \"a\" : { \"NS\" : [ \"1\" , \"2\" ] } ,\r\n\t\"b\" : { \"L\" : [ { \"S\" : \"x\" } ] } } ",
		`{"a":` + strings.Repeat(`{"L":[`, 60) + `{"S":"x"}` + strings.Repeat(`]}`, 60) + `}`,
	} {
		var want map[string]any
		if err := json.Unmarshal([]byte(item), &want); err != nil {
			t.Fatal(err)
		}
		if got, err := walk(item); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v", item, got, err)
		}
	}
}

// A cursor ends at what is no item, and says where.
func TestCursorStops(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		``, `x`, `{`, `{"a"`, `{"a":`, `{"a":1}`, `{"a":{}}`, `{"a":{"X":"x"}}`, `{"a":{"S":1}}`, `{"a":{"S":"x"`, `{"a":{"S":"x"}`, `{"a":{"S":"x"},`,
		`{"a":{"S":"x"},}`, `{"a":{"S":"x","N":"1"}}`, `{"a":{"S":"x`, `{"a":{"BOOL":1}}`, `{"a":{"L":{}`, `{"a":{"L":[{"S":"x"}`, `{"a":{"L":[1]}}`,
		`{"a":{"SS":["x"`, `{"a":{"SS":[1]}}`, `{"a":{"NULL":`, `{"a":` + strings.Repeat(`{"L":[`, 200),
	} {
		_, err := walk(item)
		var malformed *ddbjson.MalformedError
		if !errors.As(err, &malformed) || malformed.Op != "read item" {
			t.Errorf("%.50s: got %v", item, err)
		}
	}
}

// JSON has the names of kinds, as values and as the names of members.
func TestKindsInJSON(t *testing.T) {
	t.Parallel()
	for kind := ddbjson.KindS; int(kind) < ddbjson.Kinds; kind++ {
		want := map[ddbjson.Kind]ddbjson.Kind{kind: kind}
		body, err := json.Marshal(want)
		if text := `{"` + kind.String() + `":"` + kind.String() + `"}`; err != nil || string(body) != text {
			t.Errorf("got %s, %v, want %s", body, err, text)
		}
		var got map[ddbjson.Kind]ddbjson.Kind
		if err := json.Unmarshal(body, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v", body, got, err)
		}
	}
	for _, text := range []string{`""`, `"X"`, `"s"`, `1`} {
		if err := json.Unmarshal([]byte(text), new(ddbjson.Kind)); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
