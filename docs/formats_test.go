package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/request"
	parquet "dynamodb-to-s3/lambda/schema"
)

// formats.md shows the records that the encoders make of its item.
func TestFormatsShowsWhatIsWritten(t *testing.T) {
	file, err := os.ReadFile("formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(file), "```json\n")
	item, _, ok := strings.Cut(after, "\n```")
	if !ok {
		t.Fatal("formats.md has no item")
	}
	encoders := map[string]ddbjson.Encoder{"ION": ddbjson.Ion{}, "JSON": ddbjson.JSON{}}
	for _, format := range request.RuleOf("format").Enum {
		if format == string(request.FormatDynamoDBJSON) || format == string(request.FormatParquet) { // the page shortens its record, or shows columns
			continue
		}
		encoder := encoders[format]
		if encoder == nil {
			t.Errorf("encoders of this test does not have %s", format)
			continue
		}
		record, err := encoder.Append(nil, []byte(item))
		if err != nil {
			t.Fatal(err)
		}
		if row := "| `" + strings.TrimSuffix(string(record), "\n") + "` |"; !strings.Contains(string(file), row) {
			t.Errorf("formats.md has no %s of %s", format, row)
		}
	}
}

// formats.md shows the columns that its items get.
func TestFormatsShowsWhatIsDecided(t *testing.T) {
	file, err := os.ReadFile("formats.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string {
		_, after, _ := strings.Cut(string(file), "```"+kind+"\n")
		text, _, ok := strings.Cut(after, "```")
		if !ok {
			t.Fatalf("formats.md has no block of %s", kind)
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
		t.Errorf("formats.md has\n%s\nwant\n%s", got, want.String())
	}
}
