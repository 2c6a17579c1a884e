package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	parquet "dynamodb-to-s3/lambda/schema"
)

// parquet.md shows the columns that its items get.
func TestParquetShowsWhatIsDecided(t *testing.T) {
	file, err := os.ReadFile("parquet.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string {
		_, after, _ := strings.Cut(string(file), "```"+kind+"\n")
		text, _, ok := strings.Cut(after, "```")
		if !ok {
			t.Fatalf("parquet.md has no block of %s", kind)
		}
		return text
	}
	var tree parquet.Tree
	for item := range strings.Lines(block("jsonl")) {
		if err := tree.Add([]byte(item)); err != nil {
			t.Fatal(err)
		}
	}
	columns := parquet.Decide(&tree, parquet.Options{}).Columns
	columns = append(columns, parquet.Column{Name: parquet.RestColumn, Attribute: parquet.RestColumn, Type: parquet.Type{Name: parquet.JSON}})
	var want strings.Builder
	for _, c := range columns {
		note := ""
		if c.Type.Name == parquet.JSON {
			note = "with DynamoDB JSON"
		} else if c.Attribute != c.Name {
			note = "of " + c.Attribute
		}
		want.WriteString(strings.TrimRight(fmt.Sprintf("%-12s%-34s%s", c.Name, c, note), " ") + "\n")
	}
	if got := block("text"); got != want.String() {
		t.Errorf("parquet.md has\n%s\nwant\n%s", got, want.String())
	}
}
