package ddbjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

func TestTypedRecords(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, test := range []struct{ name, record, want, err string }{
		{
			"every type", `{"s":"a\n\"b","n":-1.50e2,"t":true,"f":false,"z":null,"l":[1,"x",[],{}],"m":{"":{"k":[null]}}}` + "\n",
			`{"s":{"S":"a\n\"b"},"n":{"N":"-1.50e2"},"t":{"BOOL":true},"f":{"BOOL":false},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"S":"x"},{"L":[]},{"M":{}}]},"m":{"M":{"":{"M":{"k":{"L":[{"NULL":true}]}}}}}}`, "",
		},
		{"an empty record", `{}`, `{}`, ""},
		{"white space", ` { "a" : [ 1 , 2 ] } `, `{"a":{"L":[{"N":"1"},{"N":"2"}]}}`, ""},
		{"no object", `[1]`, "", "an object"},
		{"more than one record", `{} {}`, "", "the end of the record"},
		{"no JSON", `{"a":}`, "", "a value"},
		{"an unfinished record", `{"a":[1,`, "", "a value"},
		{"too many levels", deep, "", "no nesting deeper"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ddbjson.AppendTyped([]byte("before "), []byte(test.record))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || string(got) != "before " {
					t.Errorf("got %q, %v, want %s", got, err, test.err)
				}
				return
			}
			if err != nil || string(got) != "before "+test.want || !json.Valid(got[len("before "):]) {
				t.Errorf("got %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}
