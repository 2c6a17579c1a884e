package transform

import (
	"fmt"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"

	"github.com/itchyny/gojq"
)

// Error is why an expression failed for an item. It has no byte of the item.
type Error struct {
	What string // what the expression did, after "the transform …"
	Do   string // what to do about it
}

func (e *Error) Error() string { return "the transform " + e.What + ": " + e.Do }

// handle is what to do about most failures.
const handle = "leave such items out with select(…), give a default with //, step over it with ?, or handle it with try … catch"

func tooMuch(what string) *Error {
	return &Error{What: what, Do: "an expression that does not end, such as repeat(…) or range(infinite), needs a limit(…; …)"}
}

// failure describes gojq's error without the item's values, which gojq's own messages show.
func failure(err error) *Error {
	if _, own := err.(gojq.ValueError); own { //nolint:errorlint // what was given to error(…) is what gojq looks at too
		return &Error{What: "calls error(…), whose message is not shown because it may contain values", Do: handle}
	}
	message := err.Error()
	for _, s := range shapes {
		if m := s.match().FindStringSubmatch(message); m != nil {
			return &Error{What: s.words(m), Do: handle}
		}
	}
	return &Error{What: "fails with a message that is not shown because it may contain values", Do: handle}
}

// shapes are the forms of gojq's errors, each with the part that may be shown: words from gojq's source, and types of values.
var shapes = []shape{
	{matching(`^cannot (add|subtract|multiply|modulo|divide): TYPE\b(?s:.*) and TYPE`), func(m []string) string {
		return fmt.Sprintf("cannot %s %s and %s", m[1], a(m[2]), a(m[3]))
	}},
	{matching(`^cannot (negate|plus): TYPE`), func(m []string) string { return fmt.Sprintf("cannot %s %s", m[1], a(m[2])) }},
	{matching(`^cannot (divide|modulo) TYPE (?s:.*)by: number`), func(m []string) string { return fmt.Sprintf("cannot %s %s by 0", m[1], a(m[2])) }},
	{matching(`^cannot iterate over: TYPE`), func(m []string) string { return "cannot iterate over " + a(m[1]) }},
	{matching(`^(NAME)(?s:\(.*\))? cannot be applied to: TYPE`), func(m []string) string { return fmt.Sprintf("cannot apply %s to %s", m[1], a(m[2])) }},
	{matching(`^(NAME)(?s:\(.*\))? cannot be applied to `), func(m []string) string { return fmt.Sprintf("cannot apply %s to its arguments", m[1]) }},
	{matching(`^@(NAME) cannot format an array including: TYPE`), func(m []string) string {
		return fmt.Sprintf("cannot format an array that has %s with @%s", a(m[2]), m[1])
	}},
	{matching(`^(expected (?:an object|an array|a string for object key|a number for indexing an array|a number for indexing a string|` +
		`"start" and "end" for slicing) but got): TYPE`), func(m []string) string { return m[1] + " " + a(m[2]) }},
	{matching(`^(array index should not be negative|array index too large|repeat string result too large|flatten depth should not be negative|` +
		`length mismatch|expected an array of 8 numbers|format not defined|invalid path|invalid regular expression|` +
		`unsupported regular expression flag)\b`), func(m []string) string { return "fails: " + m[1] }},
}

type shape struct {
	match func() *regexp.Regexp
	words func(match []string) string
}

// matching makes a pattern in which TYPE is the name of a type and NAME the name of a function.
func matching(pattern string) func() *regexp.Regexp {
	return lazyregexp.New(strings.NewReplacer("TYPE", "(null|boolean|number|string|array|object)", "NAME", "[a-z0-9_]{1,20}").Replace(pattern))
}

// a puts an article before the name of a type.
func a(kind string) string {
	switch {
	case kind == "null":
		return kind
	case strings.HasPrefix(kind, "a"), strings.HasPrefix(kind, "o"):
		return "an " + kind
	default:
		return "a " + kind
	}
}
