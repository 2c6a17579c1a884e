package ddbjson_test

import (
	"bytes"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

const digits38 = "12345678901234567890123456789012345678"

var records = []struct{ name, item, want string }{
	{"no attributes", `{}`, `{}`},
	{"S", `{"a":{"S":"x"}}`, `{"a":"x"}`},
	{"S empty", `{"a":{"S":""}}`, `{"a":""}`},
	{"S in its escapes", `{"\u0061\/":{"S":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00\ud800😀é"}}`, `{"\u0061\/":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00\ud800😀é"}`},
	{"N", `{"a":{"N":"12.50"}}`, `{"a":12.50}`},
	{"N of 38 digits", `{"a":{"N":"-` + digits38 + `"}}`, `{"a":-` + digits38 + `}`},
	{"N at its largest", `{"a":{"N":"9.9999999999999999999999999999999999999E+125"}}`, `{"a":9.9999999999999999999999999999999999999E+125}`},
	{"N at its smallest", `{"a":{"N":"1E-130"}}`, `{"a":1E-130}`},
	{"B", `{"a":{"B":"3q2+7w=="}}`, `{"a":"3q2+7w=="}`},
	{"B is not decoded", `{"a":{"B":"!"}}`, `{"a":"!"}`},
	{"BOOL", `{"a":{"BOOL":true},"b":{"BOOL":false}}`, `{"a":true,"b":false}`},
	{"NULL", `{"a":{"NULL":true}}`, `{"a":null}`},
	{"M", `{"a":{"M":{"b":{"S":"x"},"c":{"M":{}}}}}`, `{"a":{"b":"x","c":{}}}`},
	{"L", `{"a":{"L":[{"S":"x"},{"N":"1"},{"L":[]}]}}`, `{"a":["x",1,[]]}`},
	{"SS", `{"a":{"SS":["x","y\n"]}}`, `{"a":["x","y\n"]}`},
	{"NS", `{"a":{"NS":["1","+2",".5"]}}`, `{"a":[1,2,0.5]}`},
	{"BS", `{"a":{"BS":["AA==","AQ=="]}}`, `{"a":["AA==","AQ=="]}`},
	{"empty sets", `{"a":{"SS":[]},"b":{"NS":[ ]},"c":{"BS":[]}}`, `{"a":[],"b":[],"c":[]}`},
	{"the order as sent", `{"z":{"N":"1"},"a":{"N":"2"},"m":{"N":"3"}}`, `{"z":1,"a":2,"m":3}`},
	{"attributes named as types", `{"S":{"N":"1"},"M":{"M":{"N":{"S":"N"}}}}`, `{"S":1,"M":{"N":"N"}}`},
	{"an attribute without a name", `{"":{"S":"x"}}`, `{"":"x"}`},
	{"white space", " { \"a b\" :\n{\t\"S\" : \" x \" } ,\r\n\"c\":{\"L\":[ {\"BOOL\" : true } , { \"NS\":[ \"1\" , \"2\" ] } ] } } ", `{"a b":" x ","c":[true,[1,2]]}`},
	{"white space that looks like a long type", `{"a":{"S" :":"},"b":{"S" :"x"}}`, `{"a":":","b":"x"}`},
	{"32 levels", level32, `{"a":` + nested(16, `{"m":[`, `["x"]`, `]}`) + `}`},
	{
		"the deepest that is taken", `{"a":` + nested(ddbjson.MaxDepth/2-1, `{"L":[`, `{"S":"x"}`, `]}`) + `}`,
		`{"a":` + nested(ddbjson.MaxDepth/2-1, `[`, `"x"`, `]`) + `}`,
	},
}

func TestJSON(t *testing.T) {
	for _, tt := range records {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ddbjson.JSON{}.Append([]byte("before\n"), []byte(tt.item))
			if want := "before\n" + tt.want + "\n"; err != nil || string(got) != want {
				t.Errorf("Append = %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

const wantType = "an attribute type: S, N, B, BOOL, NULL, M, L, SS, NS or BS"

var malformedItems = []struct {
	name   string
	item   string
	offset int
	want   string
}{
	{"nothing", ``, 0, "an object"},
	{"null", `null`, 0, "an object"},
	{"an array", `[]`, 0, "an object"},
	{"something follows", `{} {}`, 3, "the end of the item"},
	{"plain JSON", `{"a":"x"}`, 5, "an attribute value, an object"},
	{"null for an attribute", `{"a":null}`, 5, "an attribute value, an object"},
	{"no type", `{"a":{}}`, 6, "a member name"},
	{"two types", `{"a":{"S":"x","N":"1"}}`, 13, "the end of the attribute value"},
	{"an unknown type", `{"a":{"X":"x"}}`, 6, wantType},
	{"a type in lower case", `{"a":{"s":"x"}}`, 6, wantType},
	{"a type spelled with an escape", `{"a":{"\u0053":"x"}}`, 6, wantType},
	{"an unknown type inside a list", `{"a":{"L":[{"S":"x"},{"SL":[]}]}}`, 22, wantType},
	{"S of a number", `{"a":{"S":1}}`, 10, "a string"},
	{"S of null", `{"a":{"S":null}}`, 10, "a string"},
	{"N of a number", `{"a":{"N":1}}`, 10, "a number in a string"},
	{"N of text", `{"a":{"N":"ten"}}`, 11, "a number"},
	{"N of nothing", `{"a":{"N":""}}`, 11, "a number"},
	{"N spelled with an escape", `{"a":{"N":"\u0031"}}`, 11, "a number"},
	{"B of an array", `{"a":{"B":[]}}`, 10, "a string"},
	{"BOOL of a string", `{"a":{"BOOL":"true"}}`, 13, "true or false"},
	{"BOOL of null", `{"a":{"BOOL":null}}`, 13, "true or false"},
	{"BOOL with more", `{"a":{"BOOL":truex}}`, 17, "the end of the attribute value"},
	{"NULL of false", `{"a":{"NULL":false}}`, 13, "true"},
	{"NULL of null", `{"a":{"NULL":null}}`, 13, "true"},
	{"M of an array", `{"a":{"M":[]}}`, 10, "an object"},
	{"L of an object", `{"a":{"L":{}}}`, 10, "an array"},
	{"L of plain JSON", `{"a":{"L":["x"]}}`, 11, "an attribute value, an object"},
	{"SS of a string", `{"a":{"SS":"x"}}`, 11, "an array"},
	{"SS of numbers", `{"a":{"SS":[1]}}`, 12, "a string"},
	{"SS of null", `{"a":{"SS":[null]}}`, 12, "a string"},
	{"NS of text", `{"a":{"NS":["1","x"]}}`, 17, "a number"},
	{"NS of numbers", `{"a":{"NS":[1]}}`, 12, "a number in a string"},
	{"BS of objects", `{"a":{"BS":[{}]}}`, 12, "a string"},
	{"a comma after the last element", `{"a":{"SS":["x",]}}`, 16, "a string"},
	{"a comma after the last attribute", `{"a":{"S":"x"},}`, 15, "a member name"},
	{"no comma between attributes", `{"a":{"S":"x"}"b":{"S":"x"}}`, 14, "a comma or the end of the object"},
	{"no comma between elements", `{"a":{"SS":["x""y"]}}`, 15, "a comma or the end of the array"},
	{"ends in a string", `{"a":{"S":"x`, 12, "closing quote"},
	{"ends in a number", `{"a":{"N":"1`, 12, "closing quote"},
	{"ends in a word", `{"a":{"BOOL":tru`, 13, "true or false"},
	{"ends after the value", `{"a":{"S":"x"`, 13, "the end of the attribute value"},
	{"ends after the type", `{"a":{"S":`, 10, "a string"},
	{"a line break in a string", "{\"a\":{\"S\":\"x\ny\"}}", 12, "a character of a string"},
	{"one level too deep", `{"a":` + nested(ddbjson.MaxDepth/2, `{"L":[`, `{"S":"x"}`, `]}`) + `}`, 5 + ddbjson.MaxDepth/2*6 - 1, "no nesting deeper"},
	{"a hundred thousand lists", `{"a":` + strings.Repeat(`{"L":[`, 100_000), 5 + ddbjson.MaxDepth/2*6 - 1, "no nesting deeper"},
	{"a hundred thousand maps", strings.Repeat(`{"a":{"M":`, 100_000), ddbjson.MaxDepth / 2 * 10, "no nesting deeper"},
}

func TestJSONRefuses(t *testing.T) {
	for _, tt := range malformedItems {
		t.Run(tt.name, func(t *testing.T) {
			dst := []byte("before\n")
			got, err := ddbjson.JSON{}.Append(dst, []byte(tt.item))
			checkMalformed(t, err, "encode item", tt.offset, len(tt.item), tt.want)
			if !bytes.Equal(got, dst) {
				t.Errorf("Append returned %q, want dst as it was", got)
			}
		})
	}
}
