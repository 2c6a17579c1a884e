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

// skipNamed is like skipValue. If seen is not nil, it also fails if a name occurs twice in an object. It keeps names only for
// objects with more than one. An object with one name, like each typed value, costs nothing more.
func skipNamed(b []byte, i int, seen *names) (int, *MalformedError) {
	var (
		closers [MaxDepth]byte // the closing bracket of each open object and array
		depth   int
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
			closers[depth] = c + 2 // in ASCII, '{' '|' '}' and '[' '\\' ']' follow each other
			depth++
			var first byte
			open := i
			i, first = next(b, i+1)
			if first == c+2 {
				break // empty: it is closed below
			}
			if c == '{' {
				if seen != nil {
					seen.objects[depth-1] = object{open: open, first: i}
				}
				if _, i, err = member(b, i); err != nil {
					return 0, err
				}
			}
			continue
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
			i, c = next(b, i)
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
			i, _ = next(b, i+1)
			if closer == '}' {
				if seen == nil {
					_, i, err = member(b, i)
				} else {
					i, err = seen.next(b, i, depth)
				}
				if err != nil {
					return 0, err
				}
			}
			break
		}
	}
}

// skipScalar returns the offset after an object with one capital letter and a string, like {"S":"…"}, if it starts at b[i], has no
// white space, and its string has no escape. These are nine of ten values in a page. Otherwise it returns 0. It is only a shortcut.
func skipScalar(b []byte, i int) int {
	if at(b, i+5) != '"' || !isTag(b, i+1) || b[i] != '{' {
		return 0
	}
	for i += 6; i+8 < len(b); i += 8 {
		m := stops(binary.LittleEndian.Uint64(b[i:]))
		if m == 0 {
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if b[i] == '"' && b[i+1] == '}' {
			return i + 2
		}
		return 0
	}
	return 0
}

// skipString returns the offset after the string whose opening quote is b[i].
//
// It must look at every byte for control characters, and most strings in a page have a few bytes. So it looks at eight bytes at the
// same time for everything that interrupts a string. bytes.IndexByte would find only quotes, and each call would cost more. An
// escape makes no byte be read twice, so a string of escapes takes linear time.
func skipString(b []byte, i int) (int, *MalformedError) {
	i++
	for i+8 <= len(b) {
		m := stops(binary.LittleEndian.Uint64(b[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if b[i] == '"' {
			return i + 1, nil
		}
		n := escapeLen(b, i)
		if n == 0 {
			return 0, malformed(b, i, wantCharacter)
		}
		for i += n; at(b, i) == '\\'; i += n { // escapes come in runs
			if n = escapeLen(b, i); n == 0 {
				return 0, malformed(b, i, wantCharacter)
			}
		}
	}
	for at(b, i) != '"' { // the last seven bytes of b
		n := 1
		if c := at(b, i); c < ' ' || c == '\\' {
			n = escapeLen(b, i)
		}
		if n == 0 {
			return 0, malformed(b, i, wantCharacter)
		}
		i += n
	}
	return i + 1, nil
}

// stops marks the bytes of w that interrupt a string: quotes, backslashes and control characters. The lowest bit that is set is in
// the first of them. Marks above it may be wrong.
func stops(w uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	// Subtracting n from each byte sets the top bit of bytes below n. A byte that had this bit before is not ASCII. The first ^
	// swaps '"' and ' ', and '!' and '#', so that the quote is next to the control characters.
	control := (w ^ '"'*ones ^ ' '*ones) - '!'*ones
	slash := (w ^ '\\'*ones) - ones
	return (control | slash) &^ w & highs
}

// escapeLen returns the length of the escape sequence at the start of b[i:], or 0 if there is none. Half a surrogate pair counts as
// one: JSON's grammar allows it, and it is passed on.
func escapeLen(b []byte, i int) int {
	if at(b, i) != '\\' {
		return 0
	}
	switch at(b, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b)-i >= 6 && isHex(b[i+2]) && isHex(b[i+3]) && isHex(b[i+4]) && isHex(b[i+5]) {
			return 6
		}
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

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
