package job

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeholders are what a prefix may hold in braces; Root fills them in.
var placeholders = []string{"table", "date", "year", "month", "day", "hour", "runId"}

// checkPrefix holds a prefix to what S3 recommends for keys, its characters that are safe or want some care, and to what is a folder
// everywhere. A printable character beyond ASCII, a letter of any script with its marks, is safe; what S3 says to avoid, and
// what does not show, such as a mark that changes the direction of writing, is not.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func checkPrefix(prefix string, found *problems) {
	if prefix == "" {
		return
	}
	if len(prefix) > maxPrefix {
		found.add("prefix", "has %d bytes, allowed are at most %d", len(prefix), maxPrefix)
		return
	}
	if !utf8.ValidString(prefix) || strings.ContainsFunc(prefix, unsafeInKey) {
		found.add("prefix", "got %s, allowed are letters, digits, spaces and !-_.*'()/=@:+,&$;? besides the placeholders", quoteName(prefix))
		return
	}
	if problem := badFolder(prefix); problem != "" {
		found.add("prefix", "got %s: %s", quoteName(prefix), problem)
		return
	}
	rest := prefix
	for {
		_, after, open := strings.Cut(rest, "{")
		if !open {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || !slices.Contains(placeholders, name) {
			found.add("prefix", "got %s: unknown placeholder {%.40s}%s; allowed: {%s}",
				quoteName(prefix), strings.TrimSuffix(name, "/"), Suggestion(name, placeholders), strings.Join(placeholders, "} {"))
			return
		}
		rest = tail
	}
	if strings.Count(prefix, "{") != strings.Count(prefix, "}") {
		found.add("prefix", "got %s: a } without its {", quoteName(prefix))
	}
}

// badFolder says what is wrong with the folders of a prefix, whose placeholders may be filled in: "" where nothing is.
func badFolder(prefix string) string {
	for folder := range strings.SplitSeq(strings.TrimSuffix(prefix, "/"), "/") {
		switch folder {
		case "":
			return "it may not begin with / or hold //"
		case ".", "..":
			return strconv.Quote(folder) + " is no name for a folder"
		case rootFolder:
			return "the run adds " + rootFolder + " itself"
		}
	}
	return ""
}

func unsafeInKey(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	case r > 0x7f:
		return !unicode.IsPrint(r) || r == utf8.RuneError
	default:
		return !strings.ContainsRune(" !-_.*'()/=@:+,&$;?{}", r)
	}
}
