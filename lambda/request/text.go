package request

import (
	"encoding/json"
	"strconv"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/failure"
)

// checkUnicode holds a request to text that every reader reads alike. Go's decoder puts U+FFFD in the place of bytes that are no
// UTF-8, and of half a surrogate pair, without a word: what is written then is not what was asked for.
func checkUnicode(request json.RawMessage, found *failure.Problems) {
	for i := 0; i < len(request); {
		r, size := utf8.DecodeRune(request[i:])
		if r == utf8.RuneError && size == 1 {
			found.Add("the request", "not valid UTF-8: byte %d is %#02x", i, request[i])
			return
		}
		if r == '\\' {
			var valid bool
			if size, valid = escape(request[i:]); !valid {
				found.Add("the request", "not valid Unicode: byte %d begins half a surrogate pair, %s", i, request[i:i+6])
				return
			}
		}
		i += size
	}
}

// escape returns the length of the escape that text, valid JSON, begins with, a surrogate pair as one; valid is false for half a pair.
func escape(text json.RawMessage) (size int, valid bool) {
	const pair, last = 0xd800, 0xdfff
	first, ok := unicodeEscape(text)
	switch {
	case !ok:
		return 2, true
	case first < pair || first > last:
		return 6, true
	}
	second, ok := unicodeEscape(text[6:])
	return 12, ok && first < 0xdc00 && second >= 0xdc00 && second <= last
}

func unicodeEscape(text json.RawMessage) (uint64, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return unit, err == nil
}

// unsafeInExpression tells what no expression has: DynamoDB's grammar knows words, marks and white space, and no quoted text.
func unsafeInExpression(r rune) bool {
	return r != '\t' && r != '\n' && r != '\r' && !unicode.IsPrint(r) || r == utf8.RuneError
}

// controls tells the control characters of ASCII but white space. A compiler of jq takes NUL for the end, whatever follows.
func controls(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }

func firstRune(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return text[:size]
}
