package ddbjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// skipString returns the offset after the string whose opening quote is b[i].
func skipString(b []byte, i int) (int, *MalformedError) {
	end := endOfText(b, i+1)
	if end < 0 {
		return 0, malformed(b, ^end, wantCharacter)
	}
	return end + 1, nil
}

// endOfText returns the offset of the quote that ends a string whose text continues at b[i]. If something else ends the text, which is
// no character, it returns the complement of the offset, which is negative.
//
// It must look at every byte, and most strings in a page have a few bytes. So it looks at eight bytes at the same time for
// everything that does not stand for itself. bytes.IndexByte would find only quotes, and each call would cost more. An escape makes
// no byte be read twice, so a string of escapes takes linear time.
func endOfText(b []byte, i int) int {
	for {
		for ; i+8 <= len(b); i += 8 {
			if m := marks(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
		}
		switch c := at(b, i); {
		case c >= utf8.RuneSelf:
			end := endOfRun(b, i)
			if !utf8.Valid(b[i:end]) {
				return ^i
			}
			i = end
		case c == '\\':
			for at(b, i) == '\\' { // escapes come in runs
				n := escapeLen(b, i)
				if n == 0 {
					return ^i
				}
				i += n
			}
		case c == '"':
			return i
		case c < ' ':
			return ^i
		default: // one of the last seven bytes
			i++
		}
	}
}

// endOfRun returns the offset of the first ASCII byte from b[i] on.
func endOfRun(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if ascii := ^binary.LittleEndian.Uint64(b[i:]) & highs; ascii != 0 {
			return i + bits.TrailingZeros64(ascii)>>3
		}
	}
	for at(b, i) >= utf8.RuneSelf {
		i++
	}
	return i
}

// word returns the eight bytes at b[i]. Bytes after the end of b are 0.
func word(b []byte, i int) uint64 {
	if i+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[i:])
	}
	var last [8]byte
	copy(last[:], b[i:])
	return binary.LittleEndian.Uint64(last[:])
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// marks marks the bytes of w that do not stand for themselves in a string: quotes, backslashes, control characters, and all bytes
// that are not ASCII. The lowest bit that is set is in the first of them. Marks above it may be wrong.
func marks(w uint64) uint64 { return (special(w) | w) & highs }

// stops is like marks, but does not mark bytes that are not ASCII.
func stops(w uint64) uint64 { return special(w) &^ w & highs }

// special sets the top bits of quotes, backslashes and control characters. The top bits after the first of them, and those of bytes
// that are not ASCII, may be wrong.
func special(w uint64) uint64 {
	// Subtracting n from each byte sets the top bit of bytes below n. The first ^ swaps '"' and ' ', and '!' and '#', so that the
	// quote is next to the control characters.
	control := (w ^ '"'*ones ^ ' '*ones) - '!'*ones
	slash := (w ^ '\\'*ones) - ones
	return control | slash
}

// escapeLen returns the length of the escape sequence at the start of b[i:]. It returns 0 if b[i:] starts with anything else. Half a surrogate
// pair is an escape sequence too: JSON's grammar allows it, and it is passed on.
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
