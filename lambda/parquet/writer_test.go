package parquet_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/parquetrows"
)

// check writes items and compares them with what their rows say. It returns how many attributes went to the rest.
func check(t *testing.T, items ...string) (left int) {
	t.Helper()
	all := raw(items)
	w, s := newWriter(t, parquet.Options{Compression: request.CompressionZSTD}, all...)
	compare(t, fileOf(t, w, all...), s, all)
	for _, count := range w.Rest() {
		left += int(count)
	}
	return left
}

// rebuild makes the items again from the rows of a file.
func rebuild(t *testing.T, body []byte, s schema.Schema) []map[string]any {
	t.Helper()
	items, err := parquetrows.Items(body, s)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// compare compares the rows of a file with items.
func compare(t *testing.T, body []byte, s schema.Schema, items [][]byte) {
	t.Helper()
	got := rebuild(t, body, s)
	if len(got) != len(items) {
		t.Fatalf("%d rows of %d items", len(got), len(items))
	}
	for n, item := range items {
		var want any
		if err := json.Unmarshal(item, &want); err != nil {
			t.Fatal(err)
		}
		if text(got[n]) != text(want) {
			t.Errorf("item %d, with %s:\ngot  %s\nwant %s", n, s, text(got[n]), text(want))
		}
	}
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		items []string
		left  int
	}{
		{"nothing", []string{`{}`}, 0},
		{"scalars", []string{`{"s":{"S":"a\"\u00e4\ud83d\ude00"},"b":{"B":"eA=="},"o":{"BOOL":false},"n":{"N":"-12"},"e":{"S":""},"f":{"B":""}}`, `{"o":{"BOOL":true}}`}, 0},
		{"missing and NULL", []string{`{"a":{"N":"1"}}`, `{"a":{"NULL":true}}`, `{}`}, 1},
		{"the limits of int64", []string{`{"n":{"N":"9223372036854775807"}}`, `{"n":{"N":"-9223372036854775808"}}`, `{"n":{"N":"1E+3"}}`, `{"n":{"N":"-12.00"}}`}, 0},
		{"decimals", []string{
			`{"n":{"N":"1.5"}}`, `{"n":{"N":"-0.00001"}}`, `{"n":{"N":"99999999999999999999999999999999"}}`, `{"n":{"N":"-99999999999999999999999999999999.9"}}`,
			`{"n":{"N":"15e-1"}}`, `{"n":{"N":"0"}}`, `{"n":{"N":"12345678901234567890123456789000"}}`, `{"n":{"N":"1e34"}}`,
		}, 1},
		{"38 digits", []string{`{"n":{"N":"99999999999999999999999999999999999999"}}`, `{"n":{"N":"-99999999999999999999999999999999999999"}}`, `{"n":{"N":"1e37"}}`}, 0},
		{"38 digits after the point", []string{`{"n":{"N":"0.99999999999999999999999999999999999999"}}`, `{"n":{"N":"1e-38"}}`, `{"n":{"N":"1"}}`}, 1},
		{"no numbers", []string{`{"n":{"N":"1.5"}}`, `{"n":{"N":"1.2.3"}}`, `{"n":{"N":"-"}}`}, 2},
		{"numbers beyond", []string{`{"n":{"N":"1.5"}}`, `{"n":{"N":"1E125"}}`, `{"n":{"N":"1E-130"}}`}, 2},
		{"mixed", []string{`{"a":{"N":"1"}}`, `{"a":{"N":"2"}}`, `{"a":{"S":"x"}}`, `{"a":{"L":[{"S":"x"}]}}`, `{"a":{"M":{"x":{"S":"x"}}}}`}, 3},
		{"sets", []string{`{"s":{"SS":["a","b"]},"n":{"NS":["1","2.5"]},"b":{"BS":["eA==",""]}}`, `{"n":{"NS":["1E125","1"]}}`}, 1},
		{"lists", []string{`{"l":{"L":[]}}`, `{"l":{"L":[{"N":"1"},{"NULL":true},{"N":"2"}]}}`, `{}`, `{"l":{"L":[{"NULL":true}]}}`}, 0},
		{"lists of lists", []string{`{"l":{"L":[{"L":[{"N":"1"},{"N":"2"}]},{"L":[]},{"NULL":true}]}}`, `{"l":{"L":[]}}`}, 0},
		{"lists of several types", []string{`{"l":{"L":[{"N":"1"},{"S":"x"}]}}`}, 0},
		{"lists of maps", []string{`{"l":{"L":[{"M":{"a":{"N":"1"}}},{"M":{}},{"M":{"b":{"SS":["x","y"]}}}]}}`, `{"l":{"L":[{"M":{"a":{"NULL":true}}}]}}`}, 1},
		{"structs", []string{`{"m":{"M":{"a":{"N":"1"},"b":{"M":{"c":{"S":"x"}}}}}}`, `{"m":{"M":{}}}`, `{"m":{"M":{"b":{"M":{}}}}}`, `{}`, `{"m":{"M":{"a":{"S":"x"}}}}`, `{"m":{"M":{"a":{"NULL":true}}}}`}, 2},
		{"maps", repeated(`{"m":{"M":{"k%d":{"M":{"a":{"N":"%d"}}},"k":{"NULL":true}}}}`, 40), 0},
		{"maps with a value of another type", append(repeated(`{"m":{"M":{"k%d":{"N":"%d.5"}}}}`, 40), `{"m":{"M":{"k1":{"N":"1E100"},"k2":{"N":"2"}}}}`, `{"m":{"M":{}}}`), 1},
		{"names", []string{`{"a.b":{"S":"x"},"A.B":{"S":"y"},"_rest":{"S":"z"},"q\"u":{"N":"1"},"m":{"M":{"":{"S":"x"},"A":{"S":"x"},"a":{"S":"y"}}}}`}, 0},
		{"an attribute that comes in another order", []string{`{"a":{"S":"x"},"b":{"S":"y"}}`, `{"b":{"S":"y"},"a":{"S":"x"}}`, `{"b":{"S":"y"}}`}, 0},
		{"a name with a backslash, which is no escape", []string{`{"a\\u0062":{"S":"x"}}`, `{"a\\u0062":{"S":"x"}}`, `{"a\u0062":{"S":"y"}}`}, 0},
		{"an empty name after a value of another type", []string{
			`{"m":{"M":{"x":{"N":"1"}}}}`, `{"m":{"M":{"":{"S":"b"}}}}`, `{"m":{"M":{"x":{"S":"a"}}}}`, `{"m":{"M":{"x":{"S":"a"}}}}`,
		}, 1},
		{"an attribute without a name, after one with another type", []string{`{"a":{"N":"1"}}`, `{"":{"S":"x"}}`, `{"a":{"S":"y"}}`, `{"a":{"S":"z"}}`}, 1},
		{"spaces", []string{`{ "a" : { "L" : [ { "N" : "1" } , { "M" : { } } ] } , "n":{ "NULL" : true } }`}, 1},
		{"half a surrogate pair", []string{`{"a":{"S":"x"}}`, `{"a":{"S":"\ud83d"}}`}, 1},
		{"half a surrogate pair in the names of a map", append(repeated(`{"m":{"M":{"k%d":{"N":"%d"}}}}`, 40), `{"m":{"M":{"\ud83d":{"N":"1"},"a":{"N":"2"}}}}`), 1},
		{"texts that nothing is greater than", repeated(`{"s":{"S":"`+strings.Repeat(`\udbff\udfff`, 20)+`%d"},"b":{"B":"`+strings.Repeat("/", 100)+`"},"n":{"N":"%d"}}`, 3), 0},
		{"32 levels of lists", []string{`{"a":` + nested(31, `{"L":[`, `{"NS":["1","2"]}`, `]}`) + `}`, `{"a":` + nested(20, `{"L":[`, `{"NULL":true}`, `]}`) + `}`}, 0},
		{"32 levels of maps", []string{`{"a":` + nested(31, `{"M":{"b":`, `{"NS":["1","2"]}`, `}}`) + `}`, `{"a":` + nested(20, `{"M":{"b":`, `{"NULL":true}`, `}}`) + `}`}, 1},
		{"lists of lists of maps", []string{`{"l":{"L":[{"L":[{"M":{"a":{"SS":["x","y"]}}},{"M":{"a":{"SS":["z"]}}}]},{"L":[{"M":{}}]}]}}`, `{"l":{"L":[{"L":[{"NULL":true}]}]}}`}, 0},
		{"the items of the codec", codecItems, 23},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if left := check(t, test.items...); left != test.left {
				t.Errorf("%d attributes went to the rest, want %d", left, test.left)
			}
		})
	}
}

// codecItems are the items that the tests of ddbjson encode.
var codecItems = []string{
	`{}`, `{"a":{"S":"x"}}`, `{"a":{"S":""}}`, `{"\u0061\/":{"S":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00\ud800😀é"}}`, `{"a":{"N":"12.50"}}`,
	`{"a":{"N":"-99999999999999999999999999999999999999"}}`, `{"a":{"N":"9.9999999999999999999999999999999999999E+125"}}`, `{"a":{"N":"1E-130"}}`,
	`{"a":{"B":"3q2+7w=="}}`, `{"a":{"B":"!"}}`, `{"a":{"BOOL":true},"b":{"BOOL":false}}`, `{"a":{"NULL":true}}`, `{"a":{"M":{"b":{"S":"x"},"c":{"M":{}}}}}`,
	`{"a":{"L":[{"S":"x"},{"N":"1"},{"L":[]}]}}`, `{"a":{"SS":["x","y\n"]}}`, `{"a":{"NS":["1","+2",".5"]}}`, `{"a":{"BS":["AA==","AQ=="]}}`,
	`{"a":{"SS":[]},"b":{"NS":[ ]},"c":{"BS":[]}}`, `{"z":{"N":"1"},"a":{"N":"2"},"m":{"N":"3"}}`, `{"S":{"N":"1"},"M":{"M":{"N":{"S":"N"}}}}`,
	`{"":{"S":"x"}}`, " { \"a b\" :\n{\t\"S\" : \" x \" } ,\r\n\"c\":{\"L\":[ {\"BOOL\" : true } , { \"NS\":[ \"1\" , \"2\" ] } ] } } ",
	`{"a":{"S" :":"},"b":{"S" :"x"}}`, `{"a":` + nested(16, `{"M":{"m":{"L":[`, `{"SS":["x"]}`, `]}}}`) + `}`, `{"a":` + nested(63, `{"L":[`, `{"S":"x"}`, `]}`) + `}`,
	`{"Items":{"L":[{"M":{"Items":{"S":"]"}}}]}}`, `{"\u0061\"\\\/\b\f\n\r\t":{"S":"\u0000 \ud83d\ude00 😀 \ud800 \uDFFF é \\\\"}}`,
}

// Each item of the codec alone gets columns of its own types.
func TestRebuildOneItem(t *testing.T) {
	t.Parallel()
	for _, item := range codecItems {
		check(t, item)
	}
}

func nested(times int, before, inner, after string) string {
	return strings.Repeat(before, times) + inner + strings.Repeat(after, times)
}

// repeated returns items whose format has two numbers.
func repeated(format string, times int) (items []string) {
	for i := range times {
		items = append(items, fmt.Sprintf(format, i, i))
	}
	return items
}
