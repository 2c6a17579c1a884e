package document

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Plain returns the letters and digits of a name, in lower case: it is the same for fileSizeBytes, file_size_bytes and --file-size-bytes.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Suggestion returns `, did you mean "…"?` for the known name that is nearest to name, or nothing if none is near.
func Suggestion(name string, known []string) string {
	best, distance := "", 1+max(2, len(name)/3)
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		a, b := Plain(name), Plain(candidate)
		if d := editDistance(a, b); d < distance && d < max(len(a), len(b)) { // names that share no letter are not near
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return didYouMean(best)
}

func didYouMean(names ...string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, strconv.Quote(name))
	}
	return ", did you mean " + strings.Join(quoted, " or ") + "?"
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
