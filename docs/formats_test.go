package docs_test

import (
	"os"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/request"
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
