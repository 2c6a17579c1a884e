package document

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// CheckUnicode refuses valid JSON that readers read differently. Go's decoder replaces bytes that are not UTF-8, and half a surrogate pair, by
// U+FFFD without an error: the run would write something else than the request says.
func CheckUnicode(text []byte) error {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("not valid UTF-8: byte %d is %#02x", i, text[i])
		}
		if r == '\\' {
			var valid bool
			if size, valid = escape(text[i:]); !valid {
				return fmt.Errorf("not valid Unicode: byte %d begins half a surrogate pair, %s", i, text[i:i+6])
			}
		}
		i += size
	}
	return nil
}

// escape returns the length of the escape at the beginning of text, which is valid JSON. A surrogate pair is one escape; valid is false
// for half a pair.
func escape(text []byte) (size int, valid bool) {
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

func unicodeEscape(text []byte) (uint64, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return unit, err == nil
}
