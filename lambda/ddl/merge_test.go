package ddl_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
)

// columns reads "a bigint; b string".
func columns(text string) (out []ddl.Column) {
	for line := range strings.SplitSeq(text, "; ") {
		name, of, _ := strings.Cut(line, " ")
		out = append(out, ddl.Column{Name: name, Type: of})
	}
	return out
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, table, run string
		merged           string // "" if they cannot be merged
		changed          string
		partition        string // the columns of the partition of the run; "" for those of the table
	}{
		{"the same columns in another order", "b bigint; a string", "a string; b bigint", "b bigint; a string", "", ""},
		{"a new column", "b bigint", "a string; b bigint", "b bigint; a string", "a string", ""},
		{"a column that the run does not have", "a string; b bigint", "b bigint", "a string; b bigint", "", ""},
		{"a new field", "m struct<b:string>", "m struct<a:bigint,b:string>", "m struct<b:string,a:bigint>", "m.a bigint", ""},
		{"a new field in an array in a map", "m map<string,array<struct<b:string>>>", "m map<string,array<struct<a:array<bigint>,b:string>>>", "m map<string,array<struct<b:string,a:array<bigint>>>>", "m.value.element.a array<bigint>", ""},
		{"a field that the run does not have", "m struct<a:string,b:string>", "m struct<b:string>", "m struct<a:string,b:string>", "", ""},
		{"upper and lower case", "a BIGINT; m struct<B:string>", "A bigint; m struct<b:STRING>", "a bigint; m struct<b:string>", "", ""},
		{"whole numbers that get fractions", "n bigint; l array<struct<q:bigint>>", "n decimal(38,2); l array<struct<p:string,q:decimal(38,18)>>", "n decimal(38,2); l array<struct<q:decimal(38,18),p:string>>", "n decimal(38,2); l.element.p string; l.element.q decimal(38,18)", ""},
		{"fractions, and a run with whole numbers", "n decimal(38,2); m struct<a:string,b:decimal(38,1)>", "n bigint; m struct<b:bigint>", "n decimal(38,2); m struct<a:string,b:decimal(38,1)>", "", "n bigint; m struct<a:string,b:bigint>"},
		{"the last fields are not there", "m struct<a:string,b:string,c:string,d:string>", "m struct<b:string>", "m struct<a:string,b:string,c:string,d:string>", "", "m struct<a:string,b:string>"},
		{"a column that Spark cannot read as a decimal", "n bigint", "n decimal(38,19)", "", "n bigint and decimal(38,19)", ""},
		{"more digits after the point", "n decimal(38,1)", "n decimal(38,2)", "", "n decimal(38,1) and decimal(38,2)", ""},
		{"fewer digits after the point", "n decimal(38,2)", "n decimal(38,1)", "", "n decimal(38,2) and decimal(38,1)", ""},
		{"rounded numbers", "n bigint", "n double", "", "n bigint and double", ""},
		{"another type", "a bigint; b string", "a string; b string; c string", "", "a bigint and string", ""},
		{"another type of a field", "m struct<a:bigint>", "m struct<a:boolean>", "", "m.a bigint and boolean", ""},
		{"a struct and a map", "m struct<a:string>", "m map<string,string>", "", "m struct<a:string> and map<string,string>", ""},
		{"a type that nobody knows", "a uniontype<int,string>", "a uniontype<int,string>", "", "a uniontype<int,string> and uniontype<int,string>", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			merged, changed, ok := ddl.Merge(columns(test.table), columns(test.run))
			if ok != (test.merged != "") || ok && described(merged) != test.merged {
				t.Errorf("got %s, %t", described(merged), ok)
			}
			if got := strings.Join(changed, "; "); got != test.changed {
				t.Errorf("changed: got %s", got)
			}
			want := test.partition
			if want == "" {
				want = test.merged
			}
			if ok && described(ddl.Align(merged, columns(test.run))) != want {
				t.Errorf("partition: got %s", described(ddl.Align(merged, columns(test.run))))
			}
			if !ok {
				return
			}
			if again, changed, ok := ddl.Merge(merged, columns(test.run)); !ok || described(again) != test.merged || changed != nil {
				t.Errorf("the same run again changes %s", changed)
			}
		})
	}
}

// In Ion, a column of the table that the run does not have reads nothing. Other formats find columns by their names.
func TestPartitionStorage(t *testing.T) {
	t.Parallel()
	items := `{"a":{"S":"x"},"it's":{"S":"x"}}`
	for format, want := range map[request.Format]string{
		request.FormatION:  "ion.a.path_extractor=(Item 'a'); ion.gone.path_extractor=(none); ion.it's.path_extractor=(Item 'it\\'s'); ion.path_extractor.case_sensitive=false",
		request.FormatJSON: "case.insensitive=FALSE",
	} {
		table := of(t, ddl.Content{Format: format, Schema: decided(t, items)})
		before := parameters(table.Storage.SerDeParameters)
		if got := parameters(table.PartitionStorage(columns("a string; gone string; it's string")).SerDeParameters); got != want {
			t.Errorf("%s: got %s", format, got)
		}
		if parameters(table.Storage.SerDeParameters) != before {
			t.Errorf("%s: the run's own storage has changed", format)
		}
	}
}
