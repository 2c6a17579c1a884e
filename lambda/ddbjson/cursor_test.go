package ddbjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// walker reads an item with a cursor, into the values that encoding/json makes of it. If it expects anything, it tries what it has read before.
type walker struct {
	ddbjson.Cursor
	expects bool
	starts  []start
	at      *start // the one that next has passed
}

type start struct {
	text  []byte
	named bool
	name  string
	kind  ddbjson.Kind
}

// walk walks through an item. A second walker with the same memory must make the same of it.
func walk(item string) (map[string]any, error) {
	w := walker{}
	w.Reset([]byte(item))
	out := w.attributes()
	again := walker{expects: true}
	for range 2 {
		again.Reset([]byte(item))
		if got := again.attributes(); !reflect.DeepEqual(got, out) || (again.Err() == nil) != (w.Err() == nil) {
			return nil, fmt.Errorf("expecting: got %v, %w, want %v, %w", got, again.Err(), out, w.Err())
		}
	}
	return out, w.Err()
}

func (w *walker) attributes() map[string]any {
	out := map[string]any{}
	for more := w.Enter(); more; more = w.next(true) {
		name, kind := w.begin(true)
		out[name] = w.content(kind)
	}
	return out
}

// begin reads the beginning of an attribute or an element.
func (w *walker) begin(named bool) (string, ddbjson.Kind) {
	if s := w.at; s != nil {
		w.at = nil
		return s.name, s.kind
	}
	if s := w.passes(w.Expect, named); s != nil {
		return s.name, s.kind
	}
	var raw []byte
	kind := ddbjson.KindNone
	if named {
		raw, kind = w.Attribute()
	} else {
		kind = w.Element()
	}
	name, _ := ddbjson.AppendText(nil, raw)
	if kind != ddbjson.KindNone {
		w.starts = append(w.starts, start{ddbjson.AppendStart(nil, raw, kind), named, string(name), kind})
	}
	return string(name), kind
}

// passes finds what the cursor is at.
func (w *walker) passes(expect func([]byte) bool, named bool) *start {
	for i := range w.starts {
		if s := &w.starts[i]; w.expects && named == s.named && expect(s.text) {
			return s
		}
	}
	return nil
}

func (w *walker) next(named bool) bool {
	if w.at = w.passes(w.ExpectNext, named); w.at != nil {
		return true
	}
	if w.expects {
		return w.Next()
	}
	w.Leave()
	return w.More()
}

func (w *walker) content(kind ddbjson.Kind) any {
	var content any
	switch kind {
	case ddbjson.KindM:
		content = w.attributes()
	case ddbjson.KindL:
		list := []any{}
		for more := w.Enter(); more; more = w.next(false) {
			_, kind := w.begin(false)
			list = append(list, w.content(kind))
		}
		content = list
	case ddbjson.KindSS, ddbjson.KindNS, ddbjson.KindBS:
		list := []any{}
		for more := w.Enter(); more; more = w.More() {
			list = append(list, w.text())
		}
		content = list
	case ddbjson.KindBOOL:
		content = w.Bool()
	case ddbjson.KindNULL:
		w.Skip()
		content = true
	default:
		content = w.text()
	}
	return map[string]any{kind.String(): content}
}

func (w *walker) text() any {
	raw := []byte(nil)
	if w.expects {
		raw = w.ParsedText()
	} else {
		raw = w.Text()
	}
	text, _ := ddbjson.AppendText(nil, raw)
	return string(text)
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		`{}`, `{"a":{"S":""}}`, `{"a":{"S":"x\"\\\u00e4\ud83d\ude00"},"b\n":{"N":"1.50"}}`, `{"a":{"M":{}},"b":{"L":[]},"c":{"SS":[]}}`,
		`{"a":{"M":{"b":{"L":[{"M":{"c":{"BS":["eA==","eQ=="]}}},{"NULL":true},{"BOOL":false},{"BOOL":true}]}}},"d":{"B":"eA=="}}`,
		" {\n \"a\" : { \"NS\" : [ \"1\" , \"2\" ] } ,\r\n\t\"b\" : { \"L\" : [ { \"S\" : \"x\" } ] } } ",
		`{"a":{"S":"\\"},"b":{"S":"\\\\\""},"c":{"S":"` + strings.Repeat(`\"`, 50) + strings.Repeat(`\\`, 51) + `"},"d":{"S":"` + strings.Repeat("x", 47) + `\""}}`,
		`{"a":{"L":[{"S":"x"},{"S": "y"},{"S":"z"} ,{"N":"1"},{"BOOL": true},{"BOOL":true}]},"b":{"M":{"a":{"L":[]},"b" :{"M":{}}}}}`,
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
