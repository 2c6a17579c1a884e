package ddl_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// FuzzMerge reads any text as a type. A type that can be read is written in one form, and merges with itself without a change.
func FuzzMerge(f *testing.F) {
	for _, of := range []string{"bigint", "decimal(38,2)", "array<map<string,struct<a:bigint,B.c:string>>>", "STRUCT<null:Boolean>", "struct<>", "array<", "map<string>", "a:b", strings.Repeat("array<", 100)} {
		f.Add(of)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := []ddl.Column{{Name: "c", Type: text}}
		merged, changed, ok := ddl.Merge(request.FormatParquet, c, c)
		if !ok {
			return
		}
		if changed != nil || !strings.EqualFold(strings.ReplaceAll(merged[0].Type, " ", ""), strings.ReplaceAll(text, " ", "")) {
			t.Errorf("%q becomes %q, and changes %s", text, merged[0].Type, changed)
		}
		if again, _, ok := ddl.Merge(request.FormatParquet, merged, merged); !ok || again[0].Type != merged[0].Type {
			t.Errorf("%q becomes %q, and then %v", text, merged[0].Type, again)
		}
	})
}

// FuzzCreate makes a table of an attribute, a struct's field, a comment and values with any name. Outside of quotes, the statements are those of
// harmless names: nothing of a name is read as SQL.
func FuzzCreate(f *testing.F) {
	for _, name := range []string{"a", "a`b", "it's", `a\`, "a\nb", "a\x00b", "'; DROP TABLE x; --", "${env}", "a,b:c", "*", "\\u0027", "\xff", "`) LOCATION 's3://evil/' --", "é", "$10", "a'", `\'`} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" { // no attribute
			return
		}
		for _, format := range []request.Format{request.FormatParquet, request.FormatJSON, request.FormatION} {
			got := statements(t, format, name)
			if outside(got, "`'", true) != outside(statements(t, format, "n"), "`'", true) {
				t.Errorf("%q in %s:\n%s", name, format, got)
			}
			if strings.ContainsAny(strings.ReplaceAll(got, "\n", ""), "\x00\r") {
				t.Errorf("%q in %s has control characters", name, format)
			}
		}
	})
}

// statements returns the SQL of a table whose names a user has chosen.
func statements(t *testing.T, format request.Format, name string) string {
	t.Helper()
	text := schema.Type{Name: schema.String, Kind: ddbjson.KindS}
	table, err := ddl.Of(ddl.Content{Format: format, Schema: &schema.Schema{Columns: []schema.Column{{Name: "x", Attribute: "-" + name, Type: text}}}})
	if err != nil {
		t.Fatal(err)
	}
	table.Columns = append(table.Columns, ddl.Column{Name: name, Type: "string", Comment: name})
	table.Columns[0].Comment = "always"
	table.Partitions = []ddl.Column{{Name: name, Type: "string"}}
	table.Name, table.Storage.Location, table.Parameters = name, name, map[string]string{"-" + name: name}
	return table.Create() + table.AddPartition([]string{name}, name)
}

// outside returns what a statement has outside of quotes. A doubled quote is part of the text, and if there are escapes, so is what follows a \.
func outside(sql, quotes string, escapes bool) string {
	var b strings.Builder
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		b.WriteByte(c)
		if strings.IndexByte(quotes, c) < 0 {
			continue
		}
		backslash := escapes && c == '\''
		for i++; i < len(sql); i++ {
			if backslash && sql[i] == '\\' || sql[i] == c && !backslash && strings.HasPrefix(sql[i+1:], string(c)) {
				i++
			} else if sql[i] == c {
				break
			}
		}
		if i >= len(sql) {
			b.WriteString("an open quote")
		}
	}
	return b.String()
}

// FuzzDuckDB is like FuzzCreate for DuckDB's texts and names, whose only escape is the doubled quote.
func FuzzDuckDB(f *testing.F) {
	for _, name := range []string{"a", `a"b`, "it's", `a\`, "'); DROP TABLE x; --", "\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" { // no attribute
			return
		}
		text := schema.Type{Name: schema.String, Kind: ddbjson.KindS}
		query := func(name string) string {
			return ddl.DuckDB(ddl.Content{Format: request.FormatJSON, Schema: &schema.Schema{Columns: []schema.Column{
				{Name: name + "_2", Attribute: name, Type: text},
				{Name: "m", Attribute: "m", Type: schema.Type{Name: schema.Struct, Kind: ddbjson.KindM, Fields: []schema.Column{{Name: name, Attribute: name, Type: text}}}},
			}}}, "s3://b/"+name)
		}
		if got, want := outside(query(name), `'"`, false), outside(query("n"), `'"`, false); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", name, got, want)
		}
	})
}
