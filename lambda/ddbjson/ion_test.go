package ddbjson_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/local/verify/ionitem"
)

var ionRecords = []struct{ name, item, want string }{
	{"no attributes", `{}`, `{}`},
	{"S", `{"a":{"S":"x"}}`, `{a:"x"}`},
	{"S empty", `{"a":{"S":""}}`, `{a:""}`},
	{"S in its escapes, which Ion has too", `{"a":{"S":"\"\\\/\b\f\n\r\t\u0000\u001F\u00e9é' \u2028"}}`, `{a:"\"\\\/\b\f\n\r\t\u0000\u001F\u00e9é' \u2028"}`},
	{"a pair of surrogates is one character", `{"a":{"S":"\ud83d\ude00\uD83D\uDE00\udbff\udfff\ud800\udc00😀"}}`, "{a:\"😀😀\U0010ffff\U00010000😀\"}"},
	{"around the surrogates", `{"a":{"S":"\ud7ff\ue000\uD7FF\uE000"}}`, `{a:"\ud7ff\ue000\uD7FF\uE000"}`},
	{"a backslash before a u", `{"a":{"S":"\\ud800\\\\ude00"}}`, `{a:"\\ud800\\\\ude00"}`},
	{"N", `{"a":{"N":"12.50"}}`, `{a:12.50}`},
	{"N is not an int", `{"a":{"N":"123"}}`, `{a:123.}`},
	{"N is not a float", `{"a":{"N":"1e5"},"b":{"N":"1E+10"},"c":{"N":"1.5e-7"}}`, `{a:1d5,b:1d+10,c:1.5d-7}`},
	{"N of zero", `{"a":{"N":"0"},"b":{"N":"-0"},"c":{"N":"0.00"},"d":{"N":"-0e3"}}`, `{a:0.,b:-0.,c:0.00,d:-0d3}`},
	{"N respelled", `{"a":{"N":"+5"},"b":{"N":".5"},"c":{"N":"007"},"d":{"N":"5."},"e":{"N":"-.5E+03"},"f":{"N":"00"}}`, `{a:5.,b:0.5,c:7.,d:5.,e:-0.5d+03,f:0.}`},
	{"N of 38 digits", `{"a":{"N":"-` + digits38 + `"},"b":{"N":"0.` + digits38 + `"}}`, `{a:-` + digits38 + `.,b:0.` + digits38 + `}`},
	{"N at its largest", `{"a":{"N":"9.9999999999999999999999999999999999999E+125"}}`, `{a:9.9999999999999999999999999999999999999d+125}`},
	{"N at its smallest", `{"a":{"N":"1E-130"}}`, `{a:1d-130}`},
	{"B", `{"a":{"B":"3q2+7w=="},"b":{"B":""},"c":{"B":"AAA="},"d":{"B":"////"}}`, `{a:{{3q2+7w==}},b:{{}},c:{{AAA=}},d:{{////}}}`},
	{"B spelled with escapes", `{"a":{"B":"\/\/\/\u002f"},"b":{"B":"\u0041A\u003d\u003D"}}`, `{a:{{////}},b:{{AA==}}}`},
	{"BOOL", `{"a":{"BOOL":true},"b":{"BOOL":false}}`, `{a:true,b:false}`},
	{"NULL", `{"a":{"NULL":true}}`, `{a:null}`},
	{"M", `{"a":{"M":{"b":{"S":"x"},"c":{"M":{}}}}}`, `{a:{b:"x",c:{}}}`},
	{"L", `{"a":{"L":[{"S":"x"},{"N":"1"},{"L":[]},{"SS":["y"]}]}}`, `{a:["x",1.,[],$dynamodb_SS::["y"]]}`},
	{"SS", `{"a":{"SS":["x","y\n\ud83d\ude00"]}}`, `{a:$dynamodb_SS::["x","y\n😀"]}`},
	{"NS", `{"a":{"NS":["1","+2",".5","1e2"]}}`, `{a:$dynamodb_NS::[1.,2.,0.5,1d2]}`},
	{"BS", `{"a":{"BS":["AA==","AQ==",""]}}`, `{a:$dynamodb_BS::[{{AA==}},{{AQ==}},{{}}]}`},
	{"empty sets", `{"a":{"SS":[]},"b":{"NS":[ ]},"c":{"BS":[]}}`, `{a:$dynamodb_SS::[],b:$dynamodb_NS::[],c:$dynamodb_BS::[]}`},
	{"the order as sent", `{"z":{"N":"1"},"a":{"N":"2"},"m":{"N":"3"}}`, `{z:1.,a:2.,m:3.}`},
	{"identifiers", `{"_":{"N":"1"},"$":{"N":"2"},"aZ09_$":{"N":"3"},"$a1":{"N":"4"},"$ion_1_0":{"N":"5"},"nulls":{"N":"6"},"Item":{"N":"7"}}`, `{_:1.,$:2.,aZ09_$:3.,$a1:4.,$ion_1_0:5.,nulls:6.,Item:7.}`},
	{"words of Ion", `{"null":{"N":"1"},"true":{"N":"2"},"false":{"N":"3"},"nan":{"N":"4"},"inf":{"N":"5"},"NaN":{"N":"6"}}`, `{'null':1.,'true':2.,'false':3.,'nan':4.,inf:5.,NaN:6.}`},
	{"numbers of symbols", `{"$0":{"N":"1"},"$10":{"N":"2"},"$99999999999":{"N":"3"},"$1a":{"N":"4"}}`, `{'$0':1.,'$10':2.,'$99999999999':3.,$1a:4.}`},
	{"names in quotes", `{"a b":{"N":"1"},"1":{"N":"2"},"a-b":{"N":"3"},"a.b":{"N":"4"},"é":{"N":"5"},"a:b":{"N":"6"},"+inf":{"N":"7"},"//":{"N":"8"}}`, `{'a b':1.,'1':2.,'a-b':3.,'a.b':4.,'é':5.,'a:b':6.,'+inf':7.,'//':8.}`},
	{"names with quotes", `{"'":{"N":"1"},"''":{"N":"2"},"it's":{"N":"3"},"\"":{"N":"4"},"\\'":{"N":"5"}}`, `{'\'':1.,'\'\'':2.,'it\'s':3.,'\"':4.,'\\\'':5.}`},
	{"names with escapes", `{"\u0061":{"N":"1"},"\ud83d\ude00":{"N":"2"},"\n\u0000\/":{"N":"3"},"x\\":{"N":"4"}}`, `{'\u0061':1.,'😀':2.,'\n\u0000\/':3.,'x\\':4.}`},
	{"a name as an annotation", `{"$dynamodb_SS":{"S":"x"},"a::b":{"S":"y"}}`, `{$dynamodb_SS:"x",'a::b':"y"}`},
	{"an attribute without a name", `{"":{"S":"x"}}`, `{'':"x"}`},
	{"attributes named as types", `{"S":{"N":"1"},"M":{"M":{"N":{"S":"N"}}}}`, `{S:1.,M:{N:"N"}}`},
	{"one name in several maps", `{"a":{"M":{"a":{"M":{"a":{"L":[{"M":{"a":{"N":"1"}}},{"M":{"a":{"N":"2"}}}]}}}}}}`, `{a:{a:{a:[{a:1.},{a:2.}]}}}`},
	{"white space", " { \"a b\" :\n{\t\"S\" : \" x \" } ,\r\n\"c\":{\"L\":[ {\"BOOL\" : true } , { \"NS\":[ \"1\" , \"2\" ] } ] } } ", `{'a b':" x ",c:[true,$dynamodb_NS::[1.,2.]]}`},
	{"32 levels", level32, `{a:` + nested(16, `{m:[`, `$dynamodb_SS::["x"]`, `]}`) + `}`},
	{"the largest growth: quotes", `{"` + strings.Repeat("'", 1000) + `":{"S":""}}`, `{'` + strings.Repeat(`\'`, 1000) + `':""}`},
	{"the largest growth: empty sets", `{"a":{"L":[` + nested(500, `{"SS":[]},`, `{"SS":[]}`, "") + `]}}`, `{a:[` + nested(500, `$dynamodb_SS::[],`, `$dynamodb_SS::[]`, "") + `]}`},
	{"the largest growth: empty blobs", `{"a":{"BS":[` + nested(500, `"",`, `""`, "") + `]}}`, `{a:$dynamodb_BS::[` + nested(500, `{{}},`, `{{}}`, "") + `]}`},
}

func TestIon(t *testing.T) {
	for _, tt := range ionRecords {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ddbjson.Ion{}.Append([]byte("before\n"), []byte(tt.item))
			if want := "before\n$ion_1_0 {Item:" + tt.want + "}\n"; err != nil || string(got) != want {
				t.Errorf("Append = %q, %v\nwant %q", got, err, want)
			}
			compareIon(t, []byte(tt.item), unmarshal(t, tt.item))
		})
	}
}

// malformedIon lists errors that only Ion has. Every error in JSON is one in Ion too.
var malformedIon = []struct {
	name   string
	item   string
	offset int
	want   string
}{
	{"half a pair of surrogates", `{"a":{"S":"x\ud800"}}`, 12, "both halves of a surrogate pair"},
	{"the second half first", `{"a":{"S":"\ude00\ud83d"}}`, 11, "both halves of a surrogate pair"},
	{"two first halves", `{"a":{"S":"\ud83d\ud83d\ude00"}}`, 11, "both halves of a surrogate pair"},
	{"a half before a character", `{"a":{"SS":["\uD83Dx"]}}`, 13, "both halves of a surrogate pair"},
	{"a half before an escape", `{"a":{"S":"\uD83D\n"}}`, 11, "both halves of a surrogate pair"},
	{"a half of an escaped backslash", `{"a":{"S":"\uD83D\\uDE00"}}`, 11, "both halves of a surrogate pair"},
	{"half a pair in a name", `{"x\udfff":{"S":""}}`, 3, "both halves of a surrogate pair"},
	{"B that is not base64", `{"a":{"B":"!AAA"}}`, 11, "base64"},
	{"B without its padding", `{"a":{"B":"AA"}}`, 11, "base64"},
	{"B that ends too early", `{"a":{"B":"AAAAA"}}`, 11, "base64"},
	{"B with padding inside", `{"a":{"B":"AA==AAAA"}}`, 11, "base64"},
	{"B of padding alone", `{"a":{"B":"===="}}`, 11, "base64"},
	{"B with too much padding", `{"a":{"B":"A==="}}`, 11, "base64"},
	{"B of a URL's alphabet", `{"a":{"B":"-_AA"}}`, 11, "base64"},
	{"B with a line break", `{"a":{"B":"AAA\nA"}}`, 11, "base64"},
	{"B with white space", `{"a":{"B":"AA A"}}`, 11, "base64"},
	{"B that would end its blob", `{"a":{"B":"AA}}"}}`, 11, "base64"},
	{"BS that is not base64", `{"a":{"BS":["AAAA","x"]}}`, 20, "base64"},
}

func TestIonRefuses(t *testing.T) {
	for _, tt := range slices.Concat(malformedItems, malformedIon) {
		t.Run(tt.name, func(t *testing.T) {
			dst := []byte("before\n")
			got, err := ddbjson.Ion{}.Append(dst, []byte(tt.item))
			checkMalformed(t, err, "encode item", tt.offset, len(tt.item), tt.want)
			if !bytes.Equal(got, dst) {
				t.Errorf("Append returned %q, want dst as it was", got)
			}
		})
	}
	for _, tt := range malformedIon {
		if _, err := (ddbjson.JSON{}).Append(nil, []byte(tt.item)); err != nil {
			t.Errorf("%s: JSON: %v", tt.name, err)
		}
	}
}

// TestEveryTruncation cuts an item at each byte. No such part is an item.
func TestEveryTruncation(t *testing.T) {
	var p ddbjson.Page
	if err := p.Parse(orders(200)); err != nil {
		t.Fatal(err)
	}
	for _, enc := range []ddbjson.Encoder{ddbjson.JSON{}, ddbjson.Ion{}} {
		for n := range len(p.Item(0)) {
			got, err := enc.Append([]byte("before"), p.Item(0)[:n:n])
			var malformed *ddbjson.MalformedError
			if !errors.As(err, &malformed) || malformed.Size != n || malformed.Offset > n || string(got) != "before" {
				t.Fatalf("%T of the first %d bytes = %q, %v", enc, n, got, err)
			}
		}
	}
}

func TestLargeNumbers(t *testing.T) {
	million := strings.Repeat("9", 1<<20)
	for _, tt := range []struct{ text, json, ion string }{
		{million, million, million + "."},
		{"-0." + million, "-0." + million, "-0." + million},
		{"000" + million, million, million + "."},
		{"1e" + million, "1e" + million, "1d" + million},
	} {
		item := []byte(`{"a":{"N":"` + tt.text + `"}}`)
		if got, err := (ddbjson.JSON{}).Append(nil, item); err != nil || string(got) != `{"a":`+tt.json+"}\n" {
			t.Errorf("JSON of %.10s… = %.20s…, %v", tt.text, got, err)
		}
		if got, err := (ddbjson.Ion{}).Append(nil, item); err != nil || string(got) != `$ion_1_0 {Item:{a:`+tt.ion+"}}\n" {
			t.Errorf("Ion of %.10s… = %.20s…, %v", tt.text, got, err)
		}
	}
}

// compareIon fails unless Amazon's own reader finds in the Ion record of item what the SDK found in the item: the same coefficient
// and exponent of numbers, the same bytes of strings and blobs.
func compareIon(t *testing.T, item []byte, want map[string]types.AttributeValue) {
	t.Helper()
	record, err := ddbjson.Ion{}.Append(nil, item)
	if err != nil {
		if hasHalfAPair(item) && strings.Contains(err.Error(), "surrogate pair") {
			return
		}
		t.Fatal(err)
	}
	if hasHalfAPair(item) {
		t.Fatalf("Ion accepts half a surrogate pair in %s", item)
	}
	checkIonLine(t, record)
	got, err := ionitem.Decode(record)
	if err != nil {
		t.Fatalf("the Ion record %s: %v", record, err)
	}
	if !reflect.DeepEqual(exactMap(t, want), got) {
		t.Fatalf("the Ion record %s is not what the SDK finds in %s", record, item)
	}
}

// checkIonLine fails unless record is one line.
func checkIonLine(t *testing.T, record []byte) {
	t.Helper()
	line, ok := bytes.CutSuffix(record, []byte("}}\n"))
	if !ok || !bytes.HasPrefix(record, []byte("$ion_1_0 {Item:{")) || bytes.ContainsAny(line, "\r\n") {
		t.Fatalf("%q is not one line of Ion", record)
	}
}

// escapes finds the escapes in a JSON text. The first group is half a surrogate pair.
var escapes = regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.`)

func hasHalfAPair(item []byte) bool {
	return slices.ContainsFunc(escapes.FindAllSubmatch(item, -1), func(match [][]byte) bool { return match[1] != nil })
}

// exact returns a value whose numbers are written as coefficient and exponent, like ionitem's.
func exact(t *testing.T, value types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		return &types.AttributeValueMemberN{Value: exactNumber(t, v.Value)}
	case *types.AttributeValueMemberNS:
		numbers := []string{}
		for _, number := range v.Value {
			numbers = append(numbers, exactNumber(t, number))
		}
		return &types.AttributeValueMemberNS{Value: numbers}
	case *types.AttributeValueMemberL:
		list := []types.AttributeValue{}
		for _, element := range v.Value {
			list = append(list, exact(t, element))
		}
		return &types.AttributeValueMemberL{Value: list}
	case *types.AttributeValueMemberM:
		return &types.AttributeValueMemberM{Value: exactMap(t, v.Value)}
	default:
		return value
	}
}

func exactMap(t *testing.T, m map[string]types.AttributeValue) map[string]types.AttributeValue {
	out := make(map[string]types.AttributeValue, len(m))
	for name, value := range m {
		out[name] = exact(t, value)
	}
	return out
}

// exactNumber writes a DynamoDB number as coefficient and exponent.
func exactNumber(t *testing.T, text string) string {
	t.Helper()
	digits, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil {
			t.Fatal(err)
		}
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	coefficient, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		t.Fatalf("%q is not a number", text)
	}
	sign := ""
	if coefficient.Sign() == 0 && text[0] == '-' {
		sign = "-"
	}
	return fmt.Sprintf("%s%dE%d", sign, coefficient, shift-len(fraction))
}

// farExponent finds exponents that this test's readers cannot represent.
var farExponent = regexp.MustCompile(`[eE][+-]?0*[0-9]{9}`)

func FuzzIon(f *testing.F) {
	for _, tt := range ionRecords {
		f.Add([]byte(tt.item))
	}
	for _, tt := range records {
		f.Add([]byte(tt.item))
	}
	for _, tt := range slices.Concat(malformedItems, malformedIon) {
		if len(tt.item) < 10_000 {
			f.Add([]byte(tt.item))
		}
	}
	for _, tt := range numbers {
		f.Add([]byte(`{"a":{"N":` + strconv.Quote(tt.text) + `}}`))
	}
	f.Add(wide(100))
	f.Fuzz(func(t *testing.T, item []byte) {
		sent := slices.Clone(item)
		got, err := ddbjson.Ion{}.Append([]byte("before"), item)
		record, ok := bytes.CutPrefix(got, []byte("before"))
		if !ok || !bytes.Equal(item, sent) {
			t.Fatal("Append changes the earlier content of dst, or the item")
		}
		_, jsonErr := ddbjson.JSON{}.Append(nil, item)
		if err != nil {
			var malformed *ddbjson.MalformedError
			if !errors.As(err, &malformed) || malformed.Offset < 0 || malformed.Offset > len(item) || len(record) != 0 {
				t.Fatalf("Append = %q, %v", record, err)
			}
			if jsonErr == nil && malformed.Want != "base64" && !hasHalfAPair(item) {
				t.Fatalf("Append refuses what JSON accepts: %v", err)
			}
			return
		}
		if jsonErr != nil {
			t.Fatalf("Append accepts what JSON refuses: %v", jsonErr)
		}
		checkIonLine(t, record)
		if utf8.Valid(item) && !farExponent.Match(item) {
			compareIon(t, item, unmarshal(t, string(item)))
		}
	})
}
