package docs_test

import (
	"os"
	"strings"
	"testing"

	"dynamodb-to-s3/proof/scale"
)

func TestScaleIsFresh(t *testing.T) {
	const file = "scale.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := between(t, string(text), "inputs", scale.Given())
	page = between(t, page, "second", scale.SecondTable())
	fresh(t, file, []byte(between(t, page, "computed", scale.Tables())))
}

// between replaces the text between the two comments with the name.
func between(t *testing.T, page, name, text string) string {
	t.Helper()
	before, rest, begun := strings.Cut(page, "<!-- "+name+" -->\n")
	_, after, ended := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !begun || !ended {
		t.Fatalf("the page has no %q", name)
	}
	return before + "<!-- " + name + " -->\n" + text + "<!-- /" + name + " -->\n" + after
}
