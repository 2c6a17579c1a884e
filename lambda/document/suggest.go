package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Suggestion returns `, did you mean "…"?` for the known name that is nearest to name, or nothing if none is near.
func Suggestion(name string, known []string) string {
	best, distance := "", 1+max(2, len(name)/3)
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		if d := editDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// Alternatives returns the Suggestion for a name, or all known names if none is near.
func Alternatives(name string, known []string) string {
	return cmp.Or(Suggestion(name, known), ", want one of "+strings.Join(known, ", "))
}

// editDistance is Levenshtein's: how many bytes to insert, delete or replace to make b of a. It does not compare a name that is far too
// long to be a typing error.
func editDistance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
