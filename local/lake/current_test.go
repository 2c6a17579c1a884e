package lake_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/lake"
)

// The page for Athena has the query that DuckDB runs in the tests.
func TestAthenaPageHasTheQueryOfTheCurrentState(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/athena.md")
	if err != nil {
		t.Fatal(err)
	}
	want := lake.Current("orders", "orders_changes", time.Date(2026, 11, 27, 5, 0, 0, 0, time.UTC), []string{"orderId"})
	if !strings.Contains(string(page), "```sql\n"+want+";\n```") {
		t.Errorf("docs/athena.md does not have this query:\n%s;", want)
	}
}

// A table with a sort key has two keys, and names with quotes stay names.
func TestCurrentHasAllKeys(t *testing.T) {
	t.Parallel()
	got := lake.Current("a", "b", time.Date(2026, 11, 27, 5, 0, 0, 1_500_000, time.FixedZone("", 3600)), []string{"p", "it's"})
	for _, want := range []string{
		"partition by key_1, key_2 order by", "item['p'] as key_1, item['it''s'] as key_2, item", "keys['p'], keys['it''s'], newimage", "> '2026-11-27 04:00:00.001'",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}
