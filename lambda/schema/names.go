package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestName is how many bytes a column's name has at most: as many as Glue allows.
const longestName = 255

// forbidden are the characters that a name of a column has not. Spark refuses the first ones. The others end a name in a type of Athena and Glue.
const forbidden = " ,;{}()=" + "<>:`"

// names says what the name of a column is.
const names = "1 to 255 bytes without control characters, spaces and any of ,;{}()=<>:`"

// candidate is a column that may have no name yet.
type candidate struct {
	Column
	values uint64
	pinned bool
}

// named names columns after their attributes, if they have no name yet, and sorts them: those with the most values are first. Engines do not
// distinguish upper and lower case, so of several attributes with one name, the first one keeps it, and the others get a number. taken are names
// that no column may have.
func named(columns []candidate, taken ...string) []candidate {
	used := map[string]bool{}
	for _, name := range taken {
		used[folded(name)] = true
	}
	for _, c := range columns {
		used[folded(c.Name)] = true
	}
	slices.SortFunc(columns, mostUsed)
	for i := range columns {
		c := &columns[i]
		if c.Name != "" {
			continue
		}
		wish := cmp.Or(strings.Map(allowed, c.Attribute), "_")
		c.Name = wish
		for n := 2; used[folded(c.Name)]; n++ {
			end := "_" + strconv.Itoa(n)
			c.Name = cut(wish, longestName-len(end)) + end
		}
		used[folded(c.Name)] = true
	}
	return columns
}

// folded returns a text that names have in common if some engine takes them for one. Engines fold letters in different ways. For Spark, İ is i with a
// dot above (U+0307), ı is i, ς is σ, and ſ is s.
func folded(name string) string {
	name = strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		if least == 'İ' || least == 'ı' {
			return 'I'
		}
		return least
	}, name)
	return strings.ReplaceAll(name, "I\u0307", "I")
}

// sorted returns columns in the order of their names.
func sorted(columns []candidate) []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
	}
	slices.SortFunc(out, func(a, b Column) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// cut cuts text to a number of bytes, between characters.
func cut(text string, most int) string { return strings.ToValidUTF8(text[:min(len(text), most)], "") }

func mostUsed(a, b candidate) int {
	switch {
	case a.pinned != b.pinned && a.pinned:
		return -1
	case a.pinned != b.pinned:
		return 1
	}
	return cmp.Or(-cmp.Compare(a.values, b.values), cmp.Compare(a.Attribute, b.Attribute))
}

func allowed(r rune) rune {
	if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(forbidden, r) {
		return '_'
	}
	return r
}
