package transform_test

import (
	"os"
	"strings"
	"testing"
)

// Every recipe on the page gives the result that the page shows.
func TestRecipesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/transform.md")
	if err != nil {
		t.Fatal(err)
	}
	const item = `{"id":{"S":"o-1"},"status":{"S":"paid"},"total":{"N":"12.50"},"email":{"S":"ann@example.com"},"lines":{"L":[` +
		`{"M":{"sku":{"S":"lamp"},"price":{"N":"1.10"}}},{"M":{"sku":{"S":"desk"},"price":{"N":"11.40"}}}]}}`
	recipes := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(cells) != 5 || !strings.Contains(cells[2], "`") {
			continue
		}
		recipes++
		expression := strings.ReplaceAll(strings.Trim(cells[2], " `"), "\x00", "|")
		want := strings.ReplaceAll(strings.Trim(cells[3], " `"), "` `", "\n") + "\n"
		if got, _, err := apply(t, expression, item); err != nil || got != want {
			t.Errorf("%s makes %s, %v; the page says %s", expression, got, err, want)
		}
	}
	if recipes < 8 {
		t.Errorf("found %d recipes", recipes)
	}
}
