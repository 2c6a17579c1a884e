package transform_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/transform"
)

// order is an item in DynamoDB JSON.
const order = `{"id":{"S":"o-1"},"status":{"S":"paid"},"total":{"N":"12.50"},"email":{"S":"ann@example.com"},` +
	`"tags":{"SS":["gift","b2b"]},"raw":{"B":"AQID"},"none":{"NULL":true},"ok":{"BOOL":true},` +
	`"lines":{"L":[{"M":{"sku":{"S":"lamp"},"price":{"N":"1.10"}}},{"M":{"sku":{"S":"desk"},"price":{"N":"2E+2"}}}]}}`

func apply(t *testing.T, expression, item string) (string, int, error) {
	t.Helper()
	compiled, err := transform.Compile(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	out, records, err := compiled.Append(t.Context(), []byte("before|"), []byte(item))
	text, kept := strings.CutPrefix(string(out), "before|")
	if !kept {
		t.Fatalf("%s: the earlier content is lost: %s", expression, out)
	}
	return text, records, err
}

func TestTransformMakesRecords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, expression, want string }{
		{"some attributes, renamed", `{order: .id, total}`, `{"order":"o-1","total":12.50}`},
		{"all but some", `del(.email, .lines, .raw, .tags)`, `{"id":"o-1","none":null,"ok":true,"status":"paid","total":12.50}`},
		{"sets and binary", `{tags, raw, none, ok}`, `{"none":null,"ok":true,"raw":"AQID","tags":["gift","b2b"]}`},
		{"a kept item", `select(.status == "paid") | {id}`, `{"id":"o-1"}`},
		{"an item that is left out", `select(.status == "open")`, ``},
		{"a record for each line", `.lines[]`, `{"price":1.10,"sku":"lamp"}|{"price":2E+2,"sku":"desk"}`},
		{"a record for each line, with its order", `. as $o | .lines[] | {id: $o.id} + .`, `{"id":"o-1","price":1.10,"sku":"lamp"}|{"id":"o-1","price":2E+2,"sku":"desk"}`},
		{"entries", `to_entries[] | select(.key == "total")`, `{"key":"total","value":12.50}`},
		{"a sum", `{sum: ([.lines[].price] | add)}`, `{"sum":201.1}`},
		{"a default", `{x: (.nowhere // "none")}`, `{"x":"none"}`},
		{"an error that is caught", `{x: (try (.id + 1) catch "no number")}`, `{"x":"no number"}`},
		{"a function of the expression", `def f(x): {v: x}; f(.id)`, `{"v":"o-1"}`},
		{"texts that need escapes", `{t: "a\"\u2028\nä"}`, "{\"t\":\"a\\\"\u2028\\nä\"}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, records, err := apply(t, test.expression, order)
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", "|"); lines != test.want || records != strings.Count(got, "\n") {
				t.Errorf("got %d records %s, want %s", records, lines, test.want)
			}
		})
	}
}

// A number that is only moved keeps its digits and its spelling. A number that is calculated, compared or made from a text is a jq
// number: an integer of any size, or a float64.
func TestTransformKeepsTheDigitsOfNumbers(t *testing.T) {
	t.Parallel()
	moves := []string{
		`{n}`, `{n: .n}`, `del(.x)`, `to_entries | from_entries`, `with_entries(.)`, `{n: [.n] | .[0]}`, `{n: ([.n] | map(.)[])}`, `. + {}`, `{} * .`,
		`map_values(.)`, `walk(.)`, `{n: ([.n] | sort | first)}`, `{n: ([.n, .n] | unique[0])}`, `{n: (.n // 0)}`, `select(.n < 1e200)`,
		`. as {n: $n} | {n: $n}`, `{n: (.n | tojson | fromjson)}`, `{n: ([.n] | max)}`, `reduce .n as $n ({}; .n = $n)`, `.n |= .`, `pick(.n)`, `{n: +.n}`,
	}
	for _, number := range []string{
		"0", "-0", "1", "12.50", "1E+125", "9.9999999999999999999999999999999999999E+125", "1E-130", "9007199254740993", "-9223372036854775809",
		"12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678", "1.0", "100000000000000000000000000000.10",
	} {
		for _, move := range moves {
			got, _, err := apply(t, move, `{"n":{"N":"`+number+`"}}`)
			if want := `{"n":` + number + "}\n"; err != nil || got != want {
				t.Errorf("%s of %s: got %s, %v", move, number, got, err)
			}
		}
	}
	for _, test := range []struct{ name, numbers, expression, want string }{
		{"integers are exact at any size", "12345678901234567890123456789012345678", `.n + 1`, "12345678901234567890123456789012345679"},
		{"integers beyond 2^53 keep their digits", "9007199254740993", `.n * 2`, "18014398509481986"},
		{"fractions are float64", "12345678901234567890.5", `.n + 0`, "12345678901234567000"},
		{"a number with an exponent is a float64", "1E+2", `.n + 1`, "101"},
		{"a text becomes a jq number", "12.50", `.n | tostring | tonumber`, "12.5"},
		{"the text of a number has all digits", "12.50", `.n | tostring`, `"12.50"`},
		{"a change of sign keeps the digits", "12345678901234567890123456789012345.67", `-.n`, "-12345678901234567890123456789012345.67"},
		{"large integers stay different", "9007199254740993", `.n == 9007199254740992`, "false"},
		{"numbers are equal whatever their spelling", "12.50", `.n == 12.5`, "true"},
		{"with a point, they are compared as float64", "0.12345678901234567890123456789012345678", `.n == 0.12345678901234568`, "true"},
		{"numbers keep their order", "1E+125", `.n > 9007199254740993`, "true"},
		{"minus zero is zero", "-0", `.n == 0`, "true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := apply(t, `{v: (`+test.expression+`)}`, `{"n":{"N":"`+test.numbers+`"}}`)
			if want := `{"v":` + test.want + "}\n"; err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}

// An error says what the expression tried, in jq's own words, and nothing about the item.
func TestFailuresShowNothingOfTheItem(t *testing.T) {
	t.Parallel()
	const item = `{"id":{"S":"s3cret"},"x":{"S":"s3cret) and number (1"},"y":{"S":"(s3cret] cannot be applied to: s3cret (\n"},"n":{"N":"98765"},"l":{"L":[{"S":"s3cret"},{"N":"98765"}]},` +
		`"m":{"M":{"s3cret":{"S":"s3cret"}}},"b":{"BOOL":true},"z":{"NULL":true}}`
	for _, test := range []struct{ expression, want string }{
		{`.id + .n`, `cannot add a string and a number`},
		{`.x + .n`, `cannot add a string and a number`},
		{`.x + .z + .m`, `cannot add a string and an object`},
		{`.m - .l`, `cannot subtract an object and an array`},
		{`.b * .id`, `cannot multiply a boolean and a string`},
		{`.n / 0`, `cannot divide a number by 0`},
		{`.n % 0`, `cannot modulo a number by 0`},
		{`.n / .id`, `cannot divide a number and a string`},
		{`-.id`, `cannot negate a string`},
		{`.id[]`, `cannot iterate over a string`},
		{`.z[]`, `cannot iterate over null`},
		{`.id.name`, `expected an object but got a string`},
		{`.l.name`, `expected an object but got an array`},
		{`.l["s3cret"]`, `expected an object but got an array`},
		{`.m[0]`, `expected an array but got an object`},
		{`.n | keys`, `cannot apply keys to a number`},
		{`.id | tonumber`, `cannot apply tonumber to its arguments`},
		{`.y | fromjson`, `cannot apply fromjson to its arguments`},
		{`.n | test("s3cret")`, `cannot apply test to a number`},
		{`. as $i | .id | test($i.y)`, `fails: invalid regular expression`},
		{`.id | test("x"; "s3cret")`, `fails: unsupported regular expression flag`},
		{`.m | [.] | @csv`, `cannot format an array that has an object with @csv`},
		{`. as $i | .l | format($i.id)`, `fails: format not defined`},
		{`{(.n): 1}`, `expected a string for object key but got a number`},
		{`.l | .[-5] = 1`, `cannot apply setpath to its arguments`},
		{`.l | .[98765000000] = 1`, `cannot apply setpath to its arguments`},
		{`(.id + "x") = 1`, `fails: invalid path`},
		{`.id | strptime("%Y")`, `cannot apply strptime to its arguments`},
		{`.id | error`, `calls error(…), whose message is not shown`},
		{`error("cannot add: string (s3cret) and number")`, `calls error(…), whose message is not shown`},
		{`error({s3cret: .id})`, `calls error(…), whose message is not shown`},
		{`error`, `calls error(…)`},
		{`.id`, `gives a string as a record, and a record must be an object`},
		{`.l`, `gives an array as a record, and a record must be an object`},
		{`null`, `gives null as a record`},
		{`.n`, `gives a number as a record`},
		{`.m | try error("s3cret") catch error`, `calls error(…)`},
		{`.id | implode`, `cannot apply implode to a string`},
		{`[.id] | implode`, `cannot apply implode to an array`},
		{`.id | has("s3cret")`, `cannot apply has to a string`},
		{`.n | splits("s3cret")`, `cannot apply match to a number`},
		{`.m | tojson | .[98765:] | tonumber`, `cannot apply tonumber to its arguments`},
		{`.n | getpath(["s3cret"])`, `cannot apply getpath to a number`},
	} {
		_, records, err := apply(t, test.expression, item)
		if err == nil {
			t.Errorf("%s: no error", test.expression)
			continue
		}
		if _, named := errors.AsType[*transform.Error](err); !named || records != 0 || !strings.HasPrefix(err.Error(), "the transform "+test.want) {
			t.Errorf("%s: got %d records, %v, want %s", test.expression, records, err, test.want)
		}
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "98765") {
			t.Errorf("%s: the error shows the item: %v", test.expression, err)
		}
	}
}

func TestOtherThanItemsIsRefused(t *testing.T) {
	t.Parallel()
	for _, item := range []string{``, `{"a":{"N":"x"}}`, `{"a":1}`, `[]`} {
		if _, _, err := apply(t, `.`, item); !errors.Is(err, ddbjson.ErrMalformed) {
			t.Errorf("%s: got %v", item, err)
		}
	}
}

func TestExpressionsAreRefusedBeforeTheyRun(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`{id: .id`:                       `unexpected EOF at byte 8 of 8, after "{id: .id"`,
		`.a | }`:                         `unexpected token "}" at byte 5 of 6, after ".a | "`,
		`{"ä": .x} | ]`:                  `unexpected token "]" at byte 13 of 14, after "{\"ä\": .x} | "`,
		`"abc`:                           `unterminated string literal`,
		``:                               `missing query`,
		`# nothing`:                      `missing query`,
		`.a | nofunction`:                `function not defined: nofunction/0`,
		`$x`:                             `variable not defined: $x`,
		`{x: now}`:                       `now is refused: a repeated invocation must give the same records`,
		`{x: (.a | map(now | env))}`:     `env is refused: records depend only on the item, not on the environment; now is refused: `,
		`$ENV.HOME`:                      `$ENV is refused`,
		`{$ENV}`:                         `$ENV is refused`,
		`"\(now)"`:                       `now is refused`,
		`.[now:]`:                        `now is refused`,
		`def f: input; f`:                `input is refused: an expression sees one item`,
		`reduce inputs as $x (0; .)`:     `inputs is refused`,
		`debug`:                          `debug is refused: items are never written to logs`,
		`debug("x")`:                     `debug is refused`,
		`stderr`:                         `stderr is refused`,
		`halt`:                           `halt is refused`,
		`halt_error(1)`:                  `halt_error is refused`,
		`builtins`:                       `builtins is refused`,
		`localtime`:                      `localtime is refused: it depends on the machine: use gmtime`,
		`strflocaltime("%H")`:            `strflocaltime is refused`,
		`input_filename`:                 `input_filename is refused`,
		`import "a" as a; .`:             `import and include are refused`,
		`include "a"; .`:                 `import and include are refused`,
		`"a" | modulemeta`:               `modulemeta is refused`,
		`if . then now else . end`:       `now is refused`,
		`try now catch .`:                `now is refused`,
		`. as [$a] ?// {now: $b} | 1/`:   `unexpected EOF`,
		`label $out | (now, break $out)`: `now is refused`,
	} {
		if _, err := transform.Compile(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", expression, err, want)
		}
	}
	for _, expression := range []string{`{now: .now, env: .env, "debug": 1}`, `.input`, `{date: (0 | todate)}`, `"now"`} {
		if _, err := transform.Compile(expression); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestEndlessExpressionsEnd(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`repeat(.) | empty`:                       `takes more than 10000000 steps for one item`,
		`[range(infinite)]`:                       `takes more than 10000000 steps for one item`,
		`until(false; .)`:                         `takes more than 10000000 steps for one item`,
		`try repeat(.) catch . | empty`:           `takes more than 10000000 steps for one item`,
		`repeat({})`:                              `gives more than 100000 records for one item`,
		`("x" * 1000000) as $x | repeat({x: $x})`: `gives more than 16 MiB of records for one item`,
	} {
		_, records, err := apply(t, expression, order)
		if err == nil || records != 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %d records, %v", expression, records, err)
		}
	}
	compiled, err := transform.Compile(`repeat(.) | empty`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := compiled.Append(ctx, nil, []byte(order)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
