package job

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeholders are what a prefix may hold in braces; Root fills them in.
var placeholders = []string{"table", "date", "year", "month", "day", "hour", "runId"}

// checkPrefix holds a prefix to what is safe as a key everywhere: in S3, in the tools that read it, and as a folder.
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
		found.add("prefix", "got %q, allowed are letters, digits, spaces and !-_.*'()/=@:+,&$ besides the placeholders", prefix)
		return
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(prefix, "/"), "/") {
		switch segment {
		case "":
			found.add("prefix", "got %q: it may not begin with / or hold //", prefix)
			return
		case ".", "..":
			found.add("prefix", "got %q: %q is no name for a folder", prefix, segment)
			return
		case rootFolder:
			found.add("prefix", "got %q: the run adds %s itself", prefix, rootFolder)
			return
		}
	}
	rest := prefix
	for {
		_, after, open := strings.Cut(rest, "{")
		if !open {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || !slices.Contains(placeholders, name) {
			found.add("prefix", "got %q: unknown placeholder {%s}%s; allowed: {%s}",
				prefix, strings.TrimSuffix(name, "/"), Suggestion(name, placeholders), strings.Join(placeholders, "} {"))
			return
		}
		rest = tail
	}
	if strings.Count(prefix, "{") != strings.Count(prefix, "}") {
		found.add("prefix", "got %q: a } without its {", prefix)
	}
}

func unsafeInKey(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	case r > 0x7f:
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	default:
		return !strings.ContainsRune(" !-_.*'()/=@:+,&${}", r)
	}
}
