package request

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/failure"
)

// RootFolder is the folder that native exports write below, and so do we: one reader serves both.
const RootFolder = "AWSDynamoDB"

// placeholders are what a prefix may hold in braces; Root fills them in.
var placeholders = []string{"table", "date", "year", "month", "day", "hour", "runId"}

// checkPrefix holds a prefix to what S3 recommends for keys, its characters that are safe or want some care, and to what is a folder
// everywhere. A printable character beyond ASCII, a letter of any script with its marks, is safe; what S3 says to avoid, and
// what does not show, such as a mark that changes the direction of writing, is not.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func checkPrefix(prefix string, found *failure.Problems) {
	if prefix == "" {
		return
	}
	if len(prefix) > maxPrefix {
		found.Add("prefix", "has %d bytes, allowed are at most %d", len(prefix), maxPrefix)
		return
	}
	if !utf8.ValidString(prefix) || strings.ContainsFunc(prefix, unsafeInKey) {
		found.Add("prefix", "got %s, allowed are letters, digits, spaces and !-_.*'()/=@:+,&$;? besides the placeholders", failure.Quote(prefix))
		return
	}
	if problem := BadFolder(prefix); problem != "" {
		found.Add("prefix", "got %s: %s", failure.Quote(prefix), problem)
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
			found.Add("prefix", "got %s: unknown placeholder {%.40s}%s; allowed: {%s}",
				failure.Quote(prefix), strings.TrimSuffix(name, "/"), document.Suggestion(name, placeholders), strings.Join(placeholders, "} {"))
			return
		}
		rest = tail
	}
	if strings.Count(prefix, "{") != strings.Count(prefix, "}") {
		found.Add("prefix", "got %s: a } without its {", failure.Quote(prefix))
	}
}

// BadFolder says what is wrong with the folders of a prefix, whose placeholders may be filled in: "" where nothing is.
func BadFolder(prefix string) string {
	for folder := range strings.SplitSeq(strings.TrimSuffix(prefix, "/"), "/") {
		switch folder {
		case "":
			return "it may not begin with / or hold //"
		case ".", "..":
			return strconv.Quote(folder) + " is no name for a folder"
		case RootFolder:
			return "the run adds " + RootFolder + " itself"
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
