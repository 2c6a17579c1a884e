package request

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/migration"
	"dynamodb-to-s3/lambda/problem"
)

// RootFolder is the folder that native exports write to. A run writes there too, so that one reader serves both.
const RootFolder = "AWSDynamoDB"

// placeholders are the names that a prefix can have in braces. The function plan fills them in.
var placeholders = []string{"table", "date", "year", "month", "day", "hour", "runId"}

// checkPrefix allows the characters that S3 calls safe or needing some care, and printable characters beyond ASCII: letters of all scripts
// with their marks. It refuses the characters that S3 advises against, and those that nobody sees, such as a mark that changes the direction
// of writing.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func checkPrefix(prefix string, found *document.Report) {
	got := problem.Quote(prefix)
	if strings.ContainsFunc(prefix, unsafeInKey) {
		found.Add("prefix", got, "letters, digits, spaces, !-_.*'()/=@:+,&$;? and placeholders")
	}
	for _, want := range BadFolders(prefix) {
		found.Add("prefix", got, "%s", want)
	}
	for rest := prefix; ; {
		before, after, open := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			found.Add("prefix", got, "a { before each }")
		}
		if !open {
			return
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			found.Add("prefix", got, "a } after each {")
		} else if !slices.Contains(placeholders, name) {
			found.Add("prefix", got, "one of {%s} in place of %.40q%s", strings.Join(placeholders, "} {"), "{"+name+"}", suggestPlaceholder(name))
		}
		rest = tail
	}
}

// suggestPlaceholder suggests the placeholder that a name means, or that it is similar to.
func suggestPlaceholder(name string) string {
	if here := migration.PlaceholderFor(name); here != "" {
		return ", did you mean " + strconv.Quote(here) + "?"
	}
	return document.Suggestion(name, placeholders)
}

// BadFolders returns what is wanted in place of each bad folder of a prefix. Placeholders may be filled in.
func BadFolders(prefix string) (wants []string) {
	if prefix == "" {
		return nil
	}
	for folder := range strings.SplitSeq(strings.TrimSuffix(prefix, "/"), "/") {
		want := ""
		switch folder {
		case "":
			want = "a prefix that does not begin with / and has no //"
		case ".", "..":
			want = "a prefix without the folder " + strconv.Quote(folder)
		case RootFolder:
			want = "a prefix without " + RootFolder + ", which the run adds itself"
		}
		if want != "" && !slices.Contains(wants, want) {
			wants = append(wants, want)
		}
	}
	return wants
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
