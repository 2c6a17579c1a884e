package document_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
)

type order struct {
	ID      string            `json:"id"`
	Note    string            `json:"note,omitempty" empty:"allowed"`
	Count   *int64            `json:"count"`
	Price   *float64          `json:"price"`
	Paid    bool              `json:"paid"`
	Tags    map[string]string `json:"tags"`
	Lines   []line            `json:"lines"`
	Address *line             `json:"address"`
	Free    map[string]any    `json:"free"`
	Raw     json.RawMessage   `json:"raw"`
	Own     string            `json:"-"`
}

type line struct {
	Name string `json:"name"`
}

func TestEveryProblemIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want []string
	}{
		{`{"id":"a","note":"","count":-5,"price":1.5e3,"paid":true,"tags":{"a":""},"lines":[{"name":"x"}],"free":{"a":[1,"b",null]},"raw":{"a":1}}`, []string{`free.a[2]: is empty: leave it out, or give a value`}},
		{`[]`, []string{`got a list, want an object`}},
		{`null`, []string{`got null, want an object`}},
		{`{"ID":"a","Own":"b","raws":1,"taken":2}`, []string{
			`ID: unknown field, did you mean "id"?`, `Own: unknown field, want one of address, count, free, id, lines, note, paid, price, raw, tags`,
			`raws: unknown field, did you mean "raw"?`, `taken: unknown field: leave it out`,
		}},
		{`{"id":"a","id":"b","tags":{"a":"b","a":"c","\u0061":"d"}}`, []string{`id: given twice`, `tags.a: given twice`}},
		{`{"id":7,"note":true,"count":"5","price":"x","paid":"yes","tags":[],"lines":{},"free":"x"}`, []string{
			`id: got 7, want a string: put it in quotes`, `note: got true, want a string: put it in quotes`, `count: got "5", want a whole number`,
			`price: got "x", want a decimal number`, `paid: got "yes", want true or false`, `tags: got a list, want an object`, `lines: got an object, want a list`,
			`free: got a string, want an object`,
		}},
		{`{"id":"","note":null,"count":1.0,"lines":[null,{"name":""},{"nam":1}],"address":5}`, []string{
			`id: is empty: leave it out, or give a value`, `note: is empty: leave it out, or give a value`, `count: got 1.0, want a whole number`,
			`lines[0]: is empty: leave it out, or give a value`, `lines[1].name: is empty: leave it out, or give a value`,
			`lines[2].nam: unknown field, did you mean "name"?`, `address: got a number, want an object`,
		}},
		{`{"-":1,"a.b[0]":1,"count":99999999999999999999999999999999999999999,"count\n":2}`, []string{
			`-: unknown field, want one of`, `"a.b[0]": unknown field`, `count: got "99999999999999999999999999999999999999999", want a whole number`, `"count\n": unknown field, did you mean "count"?`,
		}},
	} {
		root, err := document.JSON([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		report := document.NewReport()
		document.Decoder{Report: report, Instead: func(name string) string { return map[string]string{"taken": "leave it out"}[name] }}.Decode(root, new(order))
		for i, problem := range report.Problems[:min(len(report.Problems), len(test.want))] {
			if !strings.HasPrefix(problem.String(), test.want[i]) {
				t.Errorf("%s: got %s\nwant %s", test.text, problem, test.want[i])
			}
		}
		if len(report.Problems) != len(test.want) {
			t.Errorf("%s: %d problems, want %d: %v", test.text, len(report.Problems), len(test.want), report.Problems)
		}
	}
}

// The problems of an object list its fields once, so that a document for another program does not get a page of them.
func TestFieldsAreListedOnceForAnObject(t *testing.T) {
	t.Parallel()
	root, err := document.JSON([]byte(`{"Another":1,"Unlike":2,"address":{"Another":3,"Unlike":4}}`))
	if err != nil {
		t.Fatal(err)
	}
	report := document.NewReport()
	document.Decoder{Report: report}.Decode(root, new(order))
	var got []string
	for _, problem := range report.Problems {
		got = append(got, problem.String())
	}
	all := "want one of address, count, free, id, lines, note, paid, price, raw, tags"
	want := []string{"Another: unknown field, " + all, "Unlike: unknown field", "address.Another: unknown field, want one of name", "address.Unlike: unknown field"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// A path shows only the beginning of a long name.
func TestLongNamesThatBeginAlikeAreTwoNames(t *testing.T) {
	t.Parallel()
	first, second := strings.Repeat("n", 200)+"1", strings.Repeat("n", 200)+"2"
	root, err := document.JSON([]byte(`{"tags":{"` + first + `":"a","` + second + `":"b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	report := document.NewReport()
	var decoded order
	document.Decoder{Report: report}.Decode(root, &decoded)
	if len(report.Problems) > 0 || decoded.Tags[first] != "a" || decoded.Tags[second] != "b" {
		t.Errorf("got %v, %v", decoded.Tags, report.Problems)
	}
}

func TestRejectedFieldsHaveNoFurtherProblems(t *testing.T) {
	t.Parallel()
	root, err := document.JSON([]byte(`{"id":7,"address":{"name":[]},"count":5}`))
	if err != nil {
		t.Fatal(err)
	}
	report := document.NewReport()
	var decoded order
	document.Decoder{Report: report}.Decode(root, &decoded)
	if decoded.ID != "" || decoded.Address == nil || *decoded.Count != 5 {
		t.Errorf("got %+v", decoded)
	}
	report.Add("id", "", "missing")
	report.Add("address.name.more", "", "missing")
	report.Add("lines", "", "missing")
	report.Add("lines", "", "missing")
	report.AddGiven("id", "not allowed here")
	want := "4 problems: id: got 7, want a string: put it in quotes; address.name: got a list, want a string; lines: missing; id: not allowed here"
	if got, ok := errors.AsType[problem.List](report.Problems.Err()); !ok || got.Error() != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
	if report.Understood("id") || !report.Understood("address") || report.Understood("address.name") || !report.Given("id") || report.Given("lines") {
		t.Errorf("got %+v", report)
	}
}

func TestProblemsHaveTheLineOfTheNearestField(t *testing.T) {
	t.Parallel()
	root := &document.Node{Kind: document.Object, Line: 1, Members: []document.Member{
		{Name: "id", Line: 1, Value: &document.Node{Kind: document.Number, Text: "007", Line: 1}},
		{Name: "lines", Line: 2, Value: &document.Node{Kind: document.List, Line: 3, Elements: []*document.Node{{Kind: document.Object, Line: 3}}}},
		{Name: "id", Line: 4, Value: &document.Node{Kind: document.String, Text: "b", Line: 4}},
		{Name: "note", Line: 5, Value: &document.Node{Line: 5, Fault: problem.Problem{Got: "*a", Want: "a value"}}},
	}}
	report := document.NewReport()
	var decoded order
	document.Decoder{Report: report, BareText: true}.Decode(root, &decoded)
	report.Add("lines[0].name", "", "missing")
	report.Add("address", "", "missing")
	want := problem.List{
		{Path: "id", Want: "given twice, first in line 1", Line: 4},
		{Path: "note", Got: "*a", Want: "a value", Line: 5},
		{Path: "lines[0].name", Want: "missing", Line: 3},
		{Path: "address", Want: "missing"},
	}
	if !reflect.DeepEqual(report.Problems, want) || decoded.ID != "007" {
		t.Errorf("got %+v, %+v\nwant %+v", decoded, report.Problems, want)
	}
}

// JSON never panics. It accepts what encoding/json accepts, except text in which Go would put U+FFFD, and decodes it to the same values.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-0.5e+3,"\u00e9\ud83d\ude00",true,false,null,{}],"a":{"b":[]}}`, ` 12 `, `"x"`, `{"":""}`, `{"a":}`, `[1,]`, `nul`, `"\ud800"`, "\"\xff\"", `[[[[]]]]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := document.JSON(text)
		if err != nil {
			if json.Valid(text) && !strings.Contains(err.Error(), "not valid U") {
				t.Errorf("%q: got %v", text, err)
			}
			return
		}
		var want any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q was accepted: %v", text, err)
		}
		if got := valueOf(root); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, want %#v", text, got, want)
		}
		var raw []json.RawMessage
		document.Decoder{Report: document.NewReport()}.Decode(&document.Node{Kind: document.List, Elements: []*document.Node{root}}, &raw)
		if again, err := document.JSON(raw[0]); err != nil || !reflect.DeepEqual(again, root) {
			t.Errorf("%q: kept as %s, %v", text, raw[0], err)
		}
		document.Decoder{Report: document.NewReport()}.Decode(root, new(order))
	})
}

// valueOf returns the value that encoding/json has for a node. If a name is given twice, it has the last value.
func valueOf(node *document.Node) any {
	switch node.Kind {
	case document.Object:
		members := map[string]any{}
		for _, member := range node.Members {
			members[member.Name] = valueOf(member.Value)
		}
		return members
	case document.List:
		elements := []any{}
		for _, element := range node.Elements {
			elements = append(elements, valueOf(element))
		}
		return elements
	case document.String:
		return node.Text
	case document.Number:
		return json.Number(node.Text)
	case document.Bool:
		return node.Text == "true"
	default:
		return nil
	}
}
