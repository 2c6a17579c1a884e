package ddbjson

import (
	"encoding/binary"
	"math/bits"
)

// MaxDepth is how many JSON objects and arrays may be nested in an item, including the item itself. DynamoDB nests maps and lists
// 32 levels deep, and each level is two here ({"M":{…}}). With the item, the innermost value and its set, that makes 67.
const MaxDepth = 128

// at returns b[i]. At the end of b it returns 0, which starts no token.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// next skips white space from b[i] on and returns the offset and the first byte of the next token. At the end of b it returns
// len(b) and 0.
func next(b []byte, i int) (int, byte) {
	for i < len(b) {
		c := b[i]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i, c
		}
		i++
	}
	return i, 0
}

// member reads the name that must start at b[i], and its colon. It returns the name's bytes between the quotes, and the offset of
// the value.
func member(b []byte, i int) (name []byte, value int, err *MalformedError) {
	if isTag(b, i) {
		return b[i+1 : i+2], i + 4, nil
	}
	if at(b, i) != '"' {
		return nil, 0, malformed(b, i, wantName)
	}
	end, err := skipString(b, i)
	if err != nil {
		return nil, 0, err
	}
	colon, c := next(b, end)
	if c != ':' {
		return nil, 0, malformed(b, colon, wantColon)
	}
	value, _ = next(b, colon+1)
	return b[i+1 : end-1], value, nil
}

// isTag reports whether b[i:] starts with a name of one capital letter, a colon and no white space. Half the names of a page are
// such, like "S":. It is only a shortcut.
func isTag(b []byte, i int) bool {
	if len(b)-i < 5 {
		return false
	}
	const frame = '"' | '"'<<16 | ':'<<24
	return binary.LittleEndian.Uint32(b[i:])&0xffff00ff == frame && b[i+1]-'A' < 26 && b[i+4] > ' '
}

// skipValue returns the offset after the value that must start at b[i].
func skipValue(b []byte, i int) (int, *MalformedError) { return skipNamed(b, i, nil) }

// skipNamed is like skipValue. If seen is not nil, it also fails if a name occurs twice in an object.
func skipNamed(b []byte, i int, seen *names) (int, *MalformedError) {
	var (
		closers [MaxDepth]byte // the closing bracket of each open object and array
		depth   int
		done    bool
		err     *MalformedError
	)
	for {
		// A value must start at b[i]: skip it, or open it.
		c := at(b, i)
		switch c {
		case '"':
			i, err = skipString(b, i)
		case '{', '[':
			if depth == MaxDepth {
				return 0, malformed(b, i, wantShallower)
			}
			if end := skipScalar(b, i); end > 0 {
				i = end
				break
			}
			open, closer := i, c+2 // in ASCII, '{' '|' '}' and '[' '\\' ']' follow each other
			closers[depth] = closer
			depth++
			i++
			first := at(b, i)
			if first <= ' ' {
				i, first = seen.skipSpace(b, i)
			}
			if first == closer {
				break // empty: it is closed below
			}
			if c == '[' {
				continue
			}
			if i, done, err = seen.first(b, open, i, depth); err == nil && !done {
				continue
			}
		default:
			i, err = skipLiteral(b, i)
		}
		if err != nil {
			return 0, err
		}

		// A value has ended, or an empty object or array is about to end. Close everything that ends here, up to the next value.
		for {
			if depth == 0 {
				return i, nil
			}
			if c = at(b, i); c <= ' ' {
				i, c = seen.skipSpace(b, i)
			}
			closer := closers[depth-1]
			if c == closer {
				depth--
				i++
				continue
			}
			if c != ',' {
				if closer == '}' {
					return 0, malformed(b, i, wantCommaOrBrace)
				}
				return 0, malformed(b, i, wantCommaOrBracket)
			}
			if i++; at(b, i) <= ' ' {
				i, _ = seen.skipSpace(b, i)
			}
			if closer == ']' {
				break
			}
			if i, done, err = seen.next(b, i, depth); err != nil {
				return 0, err
			}
			if !done {
				break
			}
		}
	}
}

// skipScalar returns the offset after a scalar that starts at b[i] and has no white space: an object with one capital letter and a
// string, like {"S":"…"}, or with BOOL or NULL and true or false. These are nine of ten values in a page. Otherwise it returns 0, also
// near the end of b. It is only a shortcut.
func skipScalar(b []byte, i int) int {
	if i+14 > len(b) {
		return 0
	}
	const frame = '{' | '"'<<8 | '"'<<24 | ':'<<32 | '"'<<40
	w := binary.LittleEndian.Uint64(b[i:])
	if w&0xff_ff_ff_00_ff_ff != frame || b[i+2]-'A' >= 26 {
		return skipWord(b, i, w)
	}
	i += 6
	m := marks(binary.LittleEndian.Uint64(b[i:]))
	for m == 0 {
		if i += 8; i+8 > len(b) {
			return 0
		}
		m = marks(binary.LittleEndian.Uint64(b[i:]))
	}
	i += bits.TrailingZeros64(m) >> 3
	if b[i] != '"' {
		if i = endOfText(b, i); i < 0 {
			return 0
		}
	}
	if at(b, i+1) != '}' {
		return 0
	}
	return i + 2
}

// skipWord is skipScalar for BOOL and NULL. w are the first eight bytes.
func skipWord(b []byte, i int, w uint64) int {
	switch {
	case w != frameBOOL && w != frameNULL:
		return 0
	case hasWord(b, i+8, "true}"):
		return i + 13
	case hasWord(b, i+8, "false}"):
		return i + 14
	default:
		return 0
	}
}

// skipLiteral returns the offset after the number, true, false or null that must start at b[i].
func skipLiteral(b []byte, i int) (int, *MalformedError) {
	word := ""
	switch at(b, i) {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	case 'n':
		word = "null"
	default:
		if n := numberLen(b[i:]); n > 0 {
			return i + n, nil
		}
	}
	if word == "" || !hasWord(b, i, word) {
		return 0, malformed(b, i, "a value")
	}
	return i + len(word), nil
}

// hasWord reports whether b[i:] starts with word.
func hasWord(b []byte, i int, word string) bool {
	return len(b)-i >= len(word) && string(b[i:i+len(word)]) == word
}
