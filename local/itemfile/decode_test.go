package itemfile

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// secret is a value in every item that is refused. No message may contain it.
const secret = "Hunter2"

// readText returns the items in a text whose partition key is id, and the messages.
func readText(t *testing.T, text string) (items []Item, messages []string) {
	t.Helper()
	source, err := Open(Stdin, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	return read(t, source)
}

func read(t *testing.T, source *Source) (items []Item, messages []string) {
	t.Helper()
	for line, err := range source.Lines(t.Context(), "id") {
		if err != nil {
			if messages = append(messages, err.Error()); strings.Contains(err.Error(), secret) {
				t.Errorf("%q has something of an item", err)
			}
			continue
		}
		items = append(items, line.Item)
	}
	return items, messages
}

func s(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }
func n(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
func m(members Item) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: members}
}

func l(members ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: members}
}

func TestFormsOfItems(t *testing.T) {
	t.Parallel()
	yes, null := &types.AttributeValueMemberBOOL{Value: true}, &types.AttributeValueMemberNULL{Value: true}
	for _, test := range []struct {
		name, text string
		want       []Item
	}{
		{"plain", `{"id":"a","n":1.50,"big":12345678901234567890123456789012345678,"tiny":-1e-130,"yes":true,"none":null,"list":[1,["x"],{}],"map":{"ü":"\ud83d\ude00"}}`, []Item{{
			"id": s("a"), "n": n("1.50"), "big": n("12345678901234567890123456789012345678"), "tiny": n("-1e-130"), "yes": yes, "none": null,
			"list": l(n("1"), l(s("x")), m(Item{})), "map": m(Item{"ü": s("😀")}),
		}}},
		{"a plain number as the key", "{\"id\":7}\n{\"id\":8}", []Item{{"id": n("7")}, {"id": n("8")}}},
		{"plain, with what looks like DynamoDB JSON", `{"id":"a","v":{"S":"x"},"Item":{"id":{"S":"b"}}}`, []Item{{"id": s("a"), "v": m(Item{"S": s("x")}), "Item": m(Item{"id": m(Item{"S": s("b")})})}}},
		{"DynamoDB JSON", `{"id":{"S":"a"}}`, []Item{{"id": s("a")}}},
		{"all types", `{"id":{"N":"+07.50"},"b":{"B":"3q2+7w=="},"bool":{"BOOL":true},"null":{"NULL":true},"ss":{"SS":["y","x"]},"ns":{"NS":["1","1.5E+3"]},"bs":{"BS":["AA==",""]},"l":{"L":[{"S":""}]},"m":{"M":{"S":{"M":{}}}}}`, []Item{{
			"id": n("+07.50"), "b": &types.AttributeValueMemberB{Value: []byte("\xde\xad\xbe\xef")}, "bool": yes, "null": null,
			"ss": &types.AttributeValueMemberSS{Value: []string{"y", "x"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "1.5E+3"}},
			"bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}, {}}}, "l": l(s("")), "m": m(Item{"S": m(Item{})}),
		}}},
		{"as exported", "{\"Item\":{\"id\":{\"S\":\"a\"}}}\n{\"Item\" : {\"id\":{\"S\":\"b\"}, \"Item\":{\"S\":\"c\"}}}\n", []Item{{"id": s("a")}, {"id": s("b"), "Item": s("c")}}},
		{"as exported in Ion", "$ion_1_0 {Item:{id:\"a\",n:12.50,tags:$dynamodb_SS::[\"x\"]}}\n", []Item{{"id": s("a"), "n": n("1250E-2"), "tags": &types.AttributeValueMemberSS{Value: []string{"x"}}}}},
		{"blank lines, CRLF and a mark of UTF-8", "\ufeff{\"id\":\"a\"}\r\n\r\n  \n\t{\"id\":\"b\"}\r\n", []Item{{"id": s("a")}, {"id": s("b")}}},
		{"32 levels", `{"id":"a","deep":` + strings.Repeat("[", 32) + "1" + strings.Repeat("]", 32) + "}", nil},
		{"an attribute named Items", `{"Items":[],"id":"a"}`, []Item{{"Items": l([]types.AttributeValue{}...), "id": s("a")}}},
		{"nothing", "\n \n", nil},
	} {
		items, messages := readText(t, test.text)
		if len(messages) > 0 || test.want != nil && !reflect.DeepEqual(items, test.want) {
			t.Errorf("%s: got %v, %q", test.name, items, messages)
		}
	}
}

// If the partition key is named Item, or like a type, the rules still decide.
func TestFormsWithUnusualKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		key, text string
		want      Item
	}{
		{"Item", `{"Item":"a"}`, Item{"Item": s("a")}},
		{"Item", `{"Item":{"S":"a"}}`, Item{"Item": s("a")}},
		{"Item", `{"Item":{"Item":{"S":"a"}}}`, Item{"Item": s("a")}},
		{"Item", `{"Item":{"Item":{"S":"a"},"S":{"N":"1"}}}`, Item{"Item": s("a"), "S": n("1")}},
		{"S", `{"S":"a"}`, Item{"S": s("a")}},
		{"S", `{"S":{"S":"a"}}`, Item{"S": s("a")}},
		{"S", `{"Item":{"S":{"S":"a"}}}`, Item{"S": s("a")}},
	} {
		d := decoder{key: test.key}
		if item, err := d.decode([]byte(test.text)); err != nil || !reflect.DeepEqual(item, test.want) {
			t.Errorf("%s of %s: got %v, %v", test.key, test.text, item, err)
		}
	}
}

func TestLinesThatAreRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 33) + `"Hunter2"` + strings.Repeat(`]`, 33)
	for _, test := range []struct{ text, says string }{
		{`{"id":"Hunter2",}`, "invalid JSON at byte 17: want a member name"},
		{`{"id":"Hunter2"`, "the line ends within the item: want one item per line"},
		{`{"id":"Hunter2";}`, "invalid JSON at byte 16: want a comma or the end of the object"},
		{`{"id":"Hunter2`, "the line ends within the item: want one item per line"},
		{`{"id":"Hunter2"} {"id":"b"}`, "there is more after the item: want one item per line"},
		{`{"id":"Hunter2"},{"id":"b"}`, "there is more after the item: want one item per line"},
		{`{"id":"Hunter2"}],"x":[{}`, "there is more after the item: want one item per line"},
		{`],"x":[{}`, "invalid JSON: want one item per line"},
		{`"Hunter2"`, "invalid JSON at byte 1: want an item, an object"},
		{`Hunter2`, "invalid JSON at byte 1: want an item, an object"},
		{"{\"id\":\"Hunter2\xff\"}", "invalid JSON at byte 15: want UTF-8"},
		{`{"id":"Hunter2\ud83d"}`, "half a surrogate pair"},
		{`{"id":"Hunter2","id":"b"}`, "invalid JSON at byte 17: want"},
		{`{"id":{"S":"a","N":"Hunter2"}}`, "invalid DynamoDB JSON at byte 15: want the end of the attribute value"},
		{`{"id":{"S":"a"},"v":"Hunter2"}`, "invalid DynamoDB JSON at byte 21: want an attribute value, an object"},
		{`{"id":{"S":"a"},"v":{"Hunter2":"a"}}`, "invalid DynamoDB JSON at byte 22: want an attribute type: S, N, B, BOOL, NULL, M, L, SS, NS or BS"},
		{`{"id":{"S":"a"},"v":{"L":["Hunter2"]}}`, "invalid DynamoDB JSON at byte 27: want an attribute value, an object"},
		{`{"id":{"S":"a"},"v":{"N":1}}`, "invalid DynamoDB JSON at byte 26: want a number in a string"},
		{`{"id":{"S":"a"},"v":{"BOOL":"Hunter2"}}`, "invalid DynamoDB JSON at byte 29: want true or false"},
		{`{"id":{"S":"a"},"v":{"NULL":false}}`, "invalid DynamoDB JSON at byte 29: want true"},
		{`{"id":{"S":"a"},"v":{"M":["Hunter2"]}}`, "invalid DynamoDB JSON at byte 26: want an object"},
		{`{"id":{"S":"a"},"v":{"SS":"Hunter2"}}`, "invalid DynamoDB JSON at byte 27: want an array"},
		{`{"id":{"S":"a"},"v":{"SS":[1]}}`, "invalid DynamoDB JSON at byte 28: want a string"},
		{`{"id":{"S":"a"},"v":{"SS":[]}}`, "a set is empty"},
		{`{"id":{"S":"a"},"v":{"SS":["Hunter2","Hunter2"]}}`, "a set has the same member twice"},
		{`{"id":{"S":"a"},"v":{"NS":["1","1.0"]}}`, "a set has the same member twice"},
		{`{"id":{"S":"a"},"v":{"B":"Hunter2"}}`, "a binary value is not base64"},
		{`{"id":{"S":"a"},"v":{"BS":["Hunter2"]}}`, "a binary value is not base64"},
		{`{"id":{"S":"a"},"v":{"N":"Hunter2"}}`, "invalid DynamoDB JSON at byte 27: want a number"},
		{`{"id":"a","v":1e126}`, "a number is out of DynamoDB's range"},
		{`{"id":"a","v":123456789012345678901234567890123456789}`, "a number has 39 digits: DynamoDB keeps 38"},
		{`{"id":"a","v":` + deep + `}`, "lists and maps are nested deeper than DynamoDB's 32 levels"},
		{`{"id":{"Hunter2":"a"}}`, "invalid DynamoDB JSON at byte 8: want an attribute type"},
		{`{"Item" : {"id":{"S":"a"},"v":"Hunter2"}}`, "invalid DynamoDB JSON at byte 31: want an attribute value, an object"},
		{`{"Count":1,"Items":[{"id":{"S":"Hunter2"}}]}`, "this is the output of aws dynamodb scan: want one item per line. To make such lines: jq -c '.Items[]' FILE > items.jsonl"},
		{`{"id":null,"v":"Hunter2"}`, `the key attribute "id" is null`},
		{`{"id":["Hunter2"]}`, `the key attribute "id" is a list: a key is a string, a number or binary`},
		{`{"v":"Hunter2"}`, `the key attribute "id" is missing`},
		{`{"Metadata":{},"Keys":{"id":{"S":"Hunter2"}},"NewImage":{}}`, "this is a change of an incremental export, not an item"},
		{`{"Keys":{},"v":"Hunter2"}`, `the key attribute "id" is missing`},
		{`$ion_1_0 {Item:{id:"Hunter2"}`, "invalid Ion: want $ion_1_0 {Item:{…}}"},
		{`$ion_1_0 {Item:{id:"a",v:[` + deep + `]}}`, "nested deeper"},
	} {
		items, messages := readText(t, "\n"+test.text)
		if len(items) > 0 || len(messages) != 1 || !strings.HasPrefix(messages[0], "standard input, line 2: ") || !strings.Contains(messages[0], test.says) {
			t.Errorf("%s: got %v, %q, want %q", test.text, items, messages, test.says)
		}
	}
}

func TestOneFormInAFile(t *testing.T) {
	t.Parallel()
	forms := map[string]string{
		"plain JSON": `{"id":"a"}`, "DynamoDB JSON": `{"id":{"S":"a"}}`, `DynamoDB JSON in {"Item":…}`: `{"Item":{"id":{"S":"a"}}}`, "Ion": `$ion_1_0 {Item:{id:"a"}}`,
	}
	for first, begins := range forms {
		for second, other := range forms {
			if first == second {
				continue
			}
			want := "standard input, line 2: the line is " + second + ", the file begins with " + first + ": want one form in a file"
			if first == "Ion" {
				want = "standard input, line 2: the line does not begin with $ion_1_0, as the other lines of Ion do"
			}
			if items, messages := readText(t, begins+"\n"+other+"\n"+begins); len(items) != 2 || len(messages) != 1 || messages[0] != want {
				t.Errorf("got %v, %q, want %q", items, messages, want)
			}
		}
	}
}

func TestCanonicalNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "-0.00": "0", "0e999999999999": "0", "1": "1e0", "+1.0": "1e0", "10": "1e1", "1e1": "1e1", "0.1E2": "1e1", ".5": "5e-1", "5.": "5e0", "-12.50": "-125e1",
		"007": "7e0", "1E-130": "1e-130", "0.001": "1e-3", "9." + strings.Repeat("9", 37) + "E125": strings.Repeat("9", 38) + "e125", "1" + strings.Repeat("0", 100): "1e100",
	} {
		if got, err := CanonicalNumber(text); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "-", "e5", "1e", "0x10", "1_000", " 1", "NaN", "Infinity", "1e126", "10e125", "1e-131", "0.1e-130", "1e99999999999999999999", strings.Repeat("1", 39)} {
		if got, err := CanonicalNumber(text); err == nil {
			t.Errorf("%q: got %s", text, got)
		}
	}
}
