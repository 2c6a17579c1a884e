package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// forbidden are the characters that Spark does not read in the names of Parquet's columns.
const forbidden = " ,;{}()\n\t="

// name names columns after their attributes. Engines do not distinguish upper and lower case, so of several attributes with one name, the one
// with the most values keeps it, and the others get a number. taken are names that no column may have.
func name(columns []Column, counts []uint64, taken []string) {
	used := map[string]bool{}
	for _, name := range taken {
		used[strings.ToLower(name)] = true
	}
	order := make([]int, len(columns))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(-cmp.Compare(counts[a], counts[b]), cmp.Compare(columns[a].Attribute, columns[b].Attribute))
	})
	for _, i := range order {
		wish := cmp.Or(strings.Map(allowed, columns[i].Attribute), "_")
		name := wish
		for n := 2; used[strings.ToLower(name)]; n++ {
			name = wish + "_" + strconv.Itoa(n)
		}
		used[strings.ToLower(name)] = true
		columns[i].Name = name
	}
}

func allowed(r rune) rune {
	if strings.ContainsRune(forbidden, r) {
		return '_'
	}
	return r
}
