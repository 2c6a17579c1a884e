package docs_test

import (
	"os"
	"testing"

	"dynamodb-to-s3/proof/scale"
)

// The prices of docs/cost.md are those that the functions and the dashboard compute with, and its example follows from them.
func TestCostIsFresh(t *testing.T) {
	const file = "cost.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := between(t, string(text), "prices", scale.Prices())
	page = between(t, page, "passes", scale.Passes())
	fresh(t, file, []byte(between(t, page, "month", scale.Month())))
}
