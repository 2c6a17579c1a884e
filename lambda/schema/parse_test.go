package schema

import (
	"strings"
	"testing"
)

func TestParseType(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return strings.Repeat("array<", levels-1) + "bigint" + strings.Repeat(">", levels-1)
	}
	for _, text := range []string{
		"string", "binary", "boolean", "bigint", "double", "decimal(38,0)", "decimal(38,38)", "decimal(18,0)", "decimal(18,18)", "array<string>", "map<string,binary>", "struct<a:bigint>",
		"array<struct<a:bigint,b_c-d.e:map<string,array<decimal(38,2)>>,ä:struct<a:string>>>", nested(32),
	} {
		if got, err := ParseType(text); err != nil || got.String() != text {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"json": "string", " ARRAY < Map<String , DECIMAL( 38 , 2 )> > ": "array<map<string,decimal(38,2)>>", "struct<A: string, b :Bigint>": "struct<A:string,b:bigint>"} {
		if got, err := ParseType(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	const field = "a field's name: " + names + ", at position "
	const decimals = "(18,0) to (18,18) for numbers of up to 18 digits, which fit 64 bits, or (38,0) to (38,38) for all numbers of DynamoDB, at position "
	for _, test := range []struct{ text, want string }{
		{"", types + " at position 1"},
		{"int", types + " at position 1"},
		{"timestamp", types + " at position 1"},
		{"bigint,", "the end of the type at position 7"},
		{"string(10)", "the end of the type at position 7"},
		{"decimal", decimals + "8"},
		{"decimal(10,2)", decimals + "8"},
		{"decimal(38,39)", decimals + "8"},
		{"decimal(18,19)", decimals + "8"},
		{"decimal(19,2)", decimals + "8"},
		{"decimal(18,-1)", decimals + "8"},
		{"decimal(38,-1)", decimals + "8"},
		{"decimal(38)", decimals + "8"},
		{"decimal(38,2", decimals + "8"},
		{"array", "< at position 6"},
		{"array<>", types + " at position 7"},
		{"array<bigint", "> at position 13"},
		{"array<bigint,string>", "> at position 13"},
		{"map<bigint,string>", "string, because the names in a map are text, at position 5"},
		{"map<string>", ", at position 11"},
		{"struct<>", field + "8"},
		{"struct<a>", ": at position 9"},
		{"struct<a:>", types + " at position 10"},
		{"struct<a:bigint", ", or > at position 16"},
		{"struct<a:bigint,>", field + "17"},
		{"struct<a;b:bigint>", field + "8"},
		{"struct<a\tb:bigint>", field + "8"},
		{"struct<a\xff:bigint>", field + "8"},
		{"struct<" + strings.Repeat("a", 256) + ":bigint>", field + "8"},
		{"struct<ab:bigint,aB:bigint>", "a name that differs from all others, also in lower case, at position 18"},
		{nested(33), "string, binary, boolean, bigint, double, decimal(18,SCALE), decimal(38,SCALE) or json, because 32 levels are the most that DynamoDB has, at position 187"},
		{strings.Repeat("array<", 100_000), "string, binary, boolean, bigint, double, decimal(18,SCALE), decimal(38,SCALE) or json, because 32 levels are the most that DynamoDB has, at position 187"},
	} {
		if got, err := ParseType(test.text); err == nil || err.Error() != test.want {
			t.Errorf("%.50s: got %s, %v, want %s", test.text, got, err, test.want)
		}
	}
}
