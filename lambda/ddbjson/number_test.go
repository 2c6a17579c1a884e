package ddbjson_test

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

var numbers = []struct{ text, want string }{ // want is empty if text is not a number
	{"0", "0"},
	{"-0", "-0"},
	{"7", "7"},
	{"-7", "-7"},
	{"10", "10"},
	{"1.0", "1.0"},
	{"1.50", "1.50"},
	{"1e5", "1e5"},
	{"1E+05", "1E+05"},
	{"-1.5e-125", "-1.5e-125"},
	{digits38, digits38},
	{"0." + digits38, "0." + digits38},
	{digits38 + "e87", digits38 + "e87"},
	{strings.Repeat("9", 400), strings.Repeat("9", 400)},

	{"+5", "5"},
	{"+0", "0"},
	{"007", "7"},
	{"-007", "-7"},
	{"+007.5", "7.5"},
	{"00", "0"},
	{"-00", "-0"},
	{"00.00", "0.00"},
	{".5", "0.5"},
	{"-.5", "-0.5"},
	{"+.5", "0.5"},
	{"5.", "5"},
	{"-5.", "-5"},
	{"0.", "0"},
	{"5.e3", "5e3"},
	{"-.5e+3", "-0.5e+3"},
	{"007E007", "7E007"},
	{"+00" + digits38 + ".", digits38},

	{"", ""},
	{"+", ""},
	{"-", ""},
	{".", ""},
	{"-.", ""},
	{"e5", ""},
	{".e5", ""},
	{"1e", ""},
	{"1e+", ""},
	{"1e5.5", ""},
	{"1.5.5", ""},
	{"--5", ""},
	{"+-5", ""},
	{"5-", ""},
	{" 5", ""},
	{"5 ", ""},
	{"1 0", ""},
	{"1,5", ""},
	{"1_000", ""},
	{"0x10", ""},
	{"1f", ""},
	{"NaN", ""},
	{"Infinity", ""},
	{"-inf", ""},
	{"١", ""},
	{"5\x00", ""},
}

func TestNumbers(t *testing.T) {
	for _, tt := range numbers {
		t.Run(tt.text, func(t *testing.T) {
			got, ok := encodeNumber(t, tt.text)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q became %q, %t, want %q", tt.text, got, ok, tt.want)
			}
		})
	}
}

// encodeNumber returns JSON's record of an N, and whether it accepts it.
func encodeNumber(t *testing.T, text string) (string, bool) {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	record, err := ddbjson.JSON{}.Append(nil, []byte(`{"a":{"N":`+string(quoted)+`}}`))
	if err != nil {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(record), `{"a":`), "}\n"), true
}

var (
	anyNumber  = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)
	jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
	// What big.Rat can hold without filling memory.
	smallNumber = regexp.MustCompile(`^.{1,200}$`)
	bigExponent = regexp.MustCompile(`[eE][+-]?0*[0-9]{4}`)
)

func FuzzNumber(f *testing.F) {
	for _, tt := range numbers {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := encodeNumber(t, text)
		if want := anyNumber.MatchString(text); ok != want {
			t.Fatalf("%q: taken %t, want %t", text, ok, want)
		}
		if !ok {
			return
		}
		if !jsonNumber.MatchString(got) || !json.Valid([]byte(got)) {
			t.Fatalf("%q became %q, which is no JSON number", text, got)
		}
		if jsonNumber.MatchString(text) && got != text {
			t.Fatalf("%q became %q, want it as it was", text, got)
		}
		if smallNumber.MatchString(text) && !bigExponent.MatchString(text) && !sameNumber(t, text, got) {
			t.Fatalf("%q became %q, another value", text, got)
		}
	})
}

// sameNumber reports whether two spellings have the same value.
func sameNumber(t *testing.T, a, b string) bool {
	t.Helper()
	x, ok := new(big.Rat).SetString(a)
	if !ok {
		t.Fatalf("big.Rat takes %q for no number", a)
	}
	y, ok := new(big.Rat).SetString(b)
	return ok && x.Cmp(y) == 0
}
