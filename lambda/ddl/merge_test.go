package ddl_test

import (
	"cmp"
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
		{"the last fields are not there", "m struct<a:string,b:string,c:string,d:string>", "m struct<b:string>", "m struct<a:string,b:string,c:string,d:string>", "", "m struct<a:string,b:string>"},
		{"larger numbers", "n decimal(18,2); l array<decimal(18,1)>", "n decimal(38,2); l array<decimal(38,4)>", "n decimal(38,2); l array<decimal(38,4)>", "n decimal(38,2); l.element decimal(38,4)", ""},
		{"smaller numbers", "n decimal(38,2)", "n decimal(18,2)", "n decimal(38,2)", "", "n decimal(18,2)"},
		{"smaller numbers with fewer digits after the point", "n decimal(38,5)", "n decimal(18,1)", "n decimal(38,5)", "", "n decimal(18,1)"},
		{"one more digit after the point", "m map<string,decimal(18,1)>", "m map<string,decimal(18,2)>", "m map<string,decimal(19,2)>", "m.value decimal(19,2)", "m map<string,decimal(18,2)>"},
		{"one digit less after the point", "n decimal(18,2)", "n decimal(18,1)", "n decimal(19,2)", "n decimal(19,2)", "n decimal(18,1)"},
		{"digits after the point that the table has room for", "n decimal(19,2)", "n decimal(18,1)", "n decimal(19,2)", "", "n decimal(18,1)"},
		{"no digits before the point", "n decimal(18,18)", "n decimal(18,0)", "n decimal(36,18)", "n decimal(36,18)", "n decimal(18,0)"},
		{"larger numbers, and too many digits after the point", "n decimal(18,2)", "n decimal(38,23)", "", "n decimal(18,2) and decimal(38,23)", ""},
		{"more digits after the point than there is room for", "n decimal(38,1)", "n decimal(18,2)", "", "n decimal(38,1) and decimal(18,2)", ""},
		{"more digits after the point", "n decimal(38,1)", "n decimal(38,2)", "", "n decimal(38,1) and decimal(38,2)", ""},
		{"fewer digits after the point", "n decimal(38,2)", "n decimal(38,1)", "", "n decimal(38,2) and decimal(38,1)", ""},
		{"rounded numbers", "n bigint", "n double", "", "n bigint and double", ""},
		{"another type", "a bigint; b string", "a string; b string; c string", "", "a bigint and string", ""},
		{"another type of a field", "m struct<a:bigint>", "m struct<a:boolean>", "", "m.a bigint and boolean", ""},
		{"a struct and a map", "m struct<a:string>", "m map<string,string>", "", "m struct<a:string> and map<string,string>", ""},
		{"a type that nobody knows", "a uniontype<int,string>", "a uniontype<int,string>", "", "a uniontype<int,string> and uniontype<int,string>", ""},
	} {
		for _, format := range []request.Format{request.FormatJSON, request.FormatParquet} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				checkMerge(t, format, test.table, test.run, test.merged, test.changed, cmp.Or(test.partition, test.merged))
			})
		}
	}
}

// In Parquet, no column has whole numbers in some partitions and fractions in others: Trino misreads the statistics of whole numbers. A column of
// decimals without fractions may have such partitions too. Other formats have no statistics.
func TestMergeOfWholeNumbersAndFractions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ table, run, merged, changed, parquet string }{
		{"n bigint", "n decimal(18,2)", "n decimal(22,2)", "n decimal(22,2)", ""},
		{"n decimal(18,2)", "n bigint", "n decimal(22,2)", "n decimal(22,2)", ""},
		{"n decimal(22,2)", "n bigint", "n decimal(22,2)", "", ""},
		{"n bigint", "n decimal(38,2)", "n decimal(38,2)", "n decimal(38,2)", ""},
		{"n decimal(38,2)", "n bigint", "n decimal(38,2)", "", ""},
		{"n bigint", "n decimal(38,18)", "n decimal(38,18)", "n decimal(38,18)", ""},
		{"n bigint", "n decimal(38,19)", "", "n bigint and decimal(38,19)", ""},
		{"l array<struct<q:bigint>>", "l array<struct<q:decimal(18,1)>>", "l array<struct<q:decimal(21,1)>>", "l.element.q decimal(21,1)", ""},
		{"n bigint", "n decimal(38,0)", "n decimal(38,0)", "n decimal(38,0)", "n decimal(38,0)"},
		{"n decimal(38,0)", "n bigint", "n decimal(38,0)", "", "n decimal(38,0)"},
		{"n bigint", "n decimal(18,0)", "n decimal(20,0)", "n decimal(20,0)", "n decimal(20,0)"},
		{"n decimal(20,0)", "n decimal(18,2)", "n decimal(22,2)", "n decimal(22,2)", ""},
		{"n decimal(18,2)", "n decimal(20,0)", "n decimal(22,2)", "n decimal(22,2)", ""},
		{"n decimal(18,0)", "n decimal(18,2)", "n decimal(20,2)", "n decimal(20,2)", "n decimal(20,2)"},
	} {
		t.Run(test.table+" and "+test.run, func(t *testing.T) {
			t.Parallel()
			checkMerge(t, request.FormatJSON, test.table, test.run, test.merged, test.changed, test.run)
			if test.parquet != "" {
				checkMerge(t, request.FormatParquet, test.table, test.run, test.parquet, test.changed, test.run)
			} else if merged, changed, ok := ddl.Merge(request.FormatParquet, columns(test.table), columns(test.run)); ok || len(changed) != 1 {
				t.Errorf("in Parquet: got %s, %s", described(merged), changed)
			}
		})
	}
}

// checkMerge merges the columns of a run. merged is "" if that cannot be.
func checkMerge(t *testing.T, format request.Format, table, run, merged, changed, partition string) {
	t.Helper()
	got, changes, ok := ddl.Merge(format, columns(table), columns(run))
	if ok != (merged != "") || ok && described(got) != merged {
		t.Errorf("%s: got %s, %t", format, described(got), ok)
	}
	if got := strings.Join(changes, "; "); got != changed {
		t.Errorf("%s: changed: got %s", format, got)
	}
	if !ok {
		return
	}
	if got := described(ddl.Align(got, columns(run))); got != partition {
		t.Errorf("%s: partition: got %s", format, got)
	}
	if again, changes, ok := ddl.Merge(format, got, columns(run)); !ok || described(again) != merged || changes != nil {
		t.Errorf("%s: the same run again changes %s", format, changes)
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
