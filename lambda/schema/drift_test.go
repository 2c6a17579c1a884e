package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		last, now string // items
		want      []Change
	}{
		{"nothing", `{"a":{"S":"x"},"m":{"M":{"b":{"L":[{"N":"1"}]}}}}`, `{"m":{"M":{"b":{"L":[{"N":"2"}]}}},"a":{"S":"y"}}`, nil},
		{"added and removed", `{"a":{"S":"x"}}`, `{"b":{"N":"1.5"}}`, []Change{{"a", "a", Removed, "string", ""}, {"b", "b", Added, "", "decimal(18,1)"}}},
		{"a fraction", `{"a":{"N":"1"}}`, `{"a":{"N":"1.5"}}`, []Change{{"a", "a", Widened, "bigint", "decimal(18,1)"}}},
		{"a large number", `{"a":{"N":"1"}}`, `{"a":{"N":"1e30"}}`, []Change{{"a", "a", Widened, "bigint", "decimal(38,0)"}}},
		{"more digits", `{"a":{"N":"1.5"}}`, `{"a":{"N":"1.55"}}`, []Change{{"a", "a", Widened, "decimal(18,1)", "decimal(18,2)"}}},
		{"larger numbers", `{"a":{"N":"1.5"}}`, `{"a":{"N":"123456789012345678.5"}}`, []Change{{"a", "a", Widened, "decimal(18,1)", "decimal(38,1)"}}},
		{"larger numbers with more digits", `{"a":{"N":"1.5"}}`, `{"a":{"N":"123456789012345678.55"}}`, []Change{{"a", "a", Widened, "decimal(18,1)", "decimal(38,2)"}}},
		{"larger numbers with fewer digits", `{"a":{"N":"1.55"}}`, `{"a":{"N":"123456789012345678.5"}}`, []Change{{"a", "a", Changed, "decimal(18,2)", "decimal(38,1)"}}},
		{"smaller numbers", `{"a":{"N":"123456789012345678.5"}}`, `{"a":{"N":"1.5"}}`, []Change{{"a", "a", Changed, "decimal(38,1)", "decimal(18,1)"}}},
		{"fewer digits", `{"a":{"N":"1.55"}}`, `{"a":{"N":"1.5"}}`, []Change{{"a", "a", Changed, "decimal(18,2)", "decimal(18,1)"}}},
		{"no fraction any more", `{"a":{"N":"1.5"}}`, `{"a":{"N":"1"}}`, []Change{{"a", "a", Changed, "decimal(18,1)", "bigint"}}},
		{"another type", `{"a":{"N":"1"}}`, `{"a":{"S":"1"}}`, []Change{{"a", "a", Changed, "bigint", "string"}}},
		{"a set that becomes a list", `{"a":{"SS":["x"]}}`, `{"a":{"L":[{"S":"x"}]}}`, []Change{{"a", "a", Changed, "array<string> (SS)", "array<string> (L)"}}},
		{"text that becomes JSON", `{"a":{"S":"x"}}`, `{"a":{"L":[]}}`, []Change{{"a", "a", Changed, "string (S)", "string (DynamoDB JSON of L)"}}},
		{"JSON that becomes an array", `{"a":{"L":[]}}`, `{"a":{"L":[{"N":"1"}]}}`, []Change{{"a", "a", Changed, "string", "array<bigint>"}}},
		{"a name that another attribute has taken", `{"a":{"S":"x"}}`, `{"A":{"S":"x"},"a":{"S":"x"}}`, []Change{{"A", "A", Added, "", "string"}, {"a_2", "a", Renamed, "a", "a_2"}}},
		{"below", `{"a b":{"L":[{"M":{"x":{"N":"1"},"y":{"S":"x"}}}]}}`, `{"a b":{"L":[{"M":{"x":{"N":"1.5"},"z":{"L":[{"N":"1"}]}}}]}}`, []Change{
			{"a_b.element.x", "a b", Widened, "bigint", "decimal(18,1)"}, {"a_b.element.y", "a b", Removed, "string", ""}, {"a_b.element.z", "a b", Added, "", "array<bigint>"},
		}},
		{"below a map", `{"a":{"M":{` + members(300, `{"N":"1"}`) + `}}}`, `{"a":{"M":{` + members(300, `{"N":"1.5"}`) + `}}}`, []Change{{"a.value", "a", Widened, "bigint", "decimal(18,1)"}}},
		{"a struct that becomes a map", `{"a":{"M":{` + members(2, `{"N":"1"}`) + `}}}`, `{"a":{"M":{` + members(300, `{"N":"1"}`) + `}}}`, []Change{
			{"a", "a", Changed, "struct<k0:bigint,k1:bigint>", "map<string,bigint>"},
		}},
		{"a long type", `{"a":{"S":"x"}}`, `{"a":{"M":{` + members(200, `{"N":"1"}`) + `}}}`, []Change{
			{"a", "a", Changed, "string", Decide(learn(t, `{"a":{"M":{`+members(200, `{"N":"1"}`)+`}}}`), Options{}).Columns[0].String()[:200] + "…"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			last, now := Decide(learn(t, test.last), Options{}), Decide(learn(t, test.now), Options{})
			if got := Compare(last, now); !reflect.DeepEqual(got, Drift{Changes: test.want}) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	kept := pinned(t, learn(t, `{"a":{"S":"x"}}`), map[string]request.Column{"a": {Name: "b", Type: "bigint"}})
	if got, want := Compare(Decide(learn(t, `{"a":{"S":"x"}}`), Options{}), kept), []Change{{"b", "a", Renamed, "a", "b"}, {"b", "a", Changed, "string", "bigint"}}; !reflect.DeepEqual(got.Changes, want) {
		t.Errorf("a pin: got %+v", got)
	}
}

// members returns the members of a map.
func members(names int, value string) string {
	var out []string
	for i := range names {
		out = append(out, fmt.Sprintf(`"k%d":%s`, i, value))
	}
	return strings.Join(out, ",")
}

// A type that a change shows has at most 200 bytes, and whole characters.
func TestTypesInChangesAreShortened(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		strings.Repeat("x", 200):       strings.Repeat("x", 200),
		strings.Repeat("x", 201):       strings.Repeat("x", 200) + "…",
		"x" + strings.Repeat("é", 100): "x" + strings.Repeat("é", 99) + "…",
	} {
		if got := shortened(text); got != want {
			t.Errorf("%d bytes: got %q", len(text), got)
		}
	}
}

// The changes of a thousand columns are not too large for the result of a run.
func TestDriftIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ columns, long, listed int }{{100, 1, 100}, {101, 1, 100}, {1000, 1, 100}, {1000, 200, 69}} {
		var now Schema
		for i := range test.columns {
			name := fmt.Sprintf("c%04d", i) + strings.Repeat("x", test.long)
			now.Columns = append(now.Columns, Column{Name: name, Attribute: name, Type: Type{Name: String}})
		}
		got := Compare(Schema{}, now)
		if body, err := json.Marshal(got); err != nil || len(body) > 33*1024 || len(got.Changes) != test.listed || got.More != test.columns-test.listed {
			t.Errorf("%d columns with names of %d bytes: %d changes and %d more in %d bytes, %v", test.columns, test.long, len(got.Changes), got.More, len(body), err)
		}
	}
}
