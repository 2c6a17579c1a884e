package ddbjson

import (
	"bytes"
	"unicode/utf8"
)

// isSurrogate reports whether the escape \uXXXX at b[i] is half of a surrogate pair: \uD800 to \uDFFF.
func isSurrogate(b []byte, i int) bool { return b[i+2]|0x20 == 'd' && b[i+3] >= '8' }

// decodeEscape returns the character of the valid escape sequence at b[i], and its length, which is 12 for a surrogate pair. Half a
// pair counts as a character.
func decodeEscape(b []byte, i int) (rune, int) {
	switch c := b[i+1]; c {
	case 'u':
		r := hex4(b[i+2:])
		if r&^0x3ff == 0xd800 && escapeLen(b, i+6) == 6 {
			if low := hex4(b[i+8:]); low&^0x3ff == 0xdc00 {
				return (r&0x3ff<<10 | low&0x3ff) + 0x10000, 12
			}
		}
		return r, 6
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	default:
		return rune(c), 2
	}
}

// hex4 returns the number of the four hexadecimal digits at the start of b.
func hex4(b []byte) rune {
	r := rune(0)
	for _, c := range b[:4] {
		digit := rune(c & 0xf)
		if c > '9' {
			digit += 9
		}
		r = r<<4 | digit
	}
	return r
}

// unescape appends the characters of text, which is the content of a valid string without its quotes.
func unescape(dst, text []byte) []byte {
	dst, _ = unescapeText(dst, text)
	return dst
}

// unescapeText is like unescape. It also reports whether no character is half a surrogate pair.
func unescapeText(dst, text []byte) (out []byte, whole bool) {
	whole = true
	for {
		plain := bytes.IndexByte(text, '\\')
		if plain < 0 {
			return append(dst, text...), whole
		}
		dst = append(dst, text[:plain]...)
		r, n := decodeEscape(text, plain)
		dst = appendRune(dst, r)
		whole = whole && r&^0x7ff != 0xd800
		text = text[plain+n:]
	}
}

// appendRune appends r in UTF-8. It appends half a surrogate pair as the three bytes that UTF-8 would have for it, so that
// different texts stay different.
func appendRune(dst []byte, r rune) []byte {
	if r&^0x7ff == 0xd800 {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}
