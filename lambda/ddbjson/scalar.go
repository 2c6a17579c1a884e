package ddbjson

import (
	"encoding/binary"
	"math/bits"
)

// The attribute types, as the bytes of their names in little-endian order.
const (
	typeS    = 'S'
	typeN    = 'N'
	typeB    = 'B'
	typeM    = 'M'
	typeL    = 'L'
	typeSS   = 'S' | 'S'<<8
	typeNS   = 'N' | 'S'<<8
	typeBS   = 'B' | 'S'<<8
	typeBOOL = 'B' | 'O'<<8 | 'O'<<16 | 'L'<<24
	typeNULL = 'N' | 'U'<<8 | 'L'<<16 | 'L'<<24
)

// The beginnings of their values, {"BOOL": and {"NULL":.
const (
	frameBOOL = '{' | '"'<<8 | typeBOOL<<16 | '"'<<48 | ':'<<56
	frameNULL = '{' | '"'<<8 | typeNULL<<16 | '"'<<48 | ':'<<56
)

// typeOf reads the beginning of the attribute value at b[i], such as {"S":. It returns the bytes of the type's name (0 for an
// unknown type), the offset of that name, and the offset of the type's content.
func typeOf(b []byte, i, depth int) (kind uint32, tag, value int, err *MalformedError) {
	if i+8 < len(b) && depth <= MaxDepth { // without white space, like DynamoDB's
		n := 0
		switch word := binary.LittleEndian.Uint64(b[i:]); {
		case word&0xff_ff_00_ff_ff == '{'|'"'<<8|'"'<<24|':'<<32:
			kind, n = uint32(word>>16&0xff), 5
		case word&0xff_ff_ff_00_ff_ff == '{'|'"'<<8|'S'<<24|'"'<<32|':'<<40:
			kind, n = uint32(word>>16&0xffff), 6
		case word == frameBOOL, word == frameNULL:
			kind, n = uint32(word>>16), 8
		}
		if n > 0 && b[i+n] > ' ' {
			return kind, i + 1, i + n, nil
		}
	}
	if err = opens(b, i, depth, '{', "an attribute value, an object"); err != nil {
		return 0, 0, 0, err
	}
	tag, _ = next(b, i+1)
	name, value, err := member(b, tag)
	if err != nil || len(name) > 4 {
		return 0, tag, value, err
	}
	kind = 0
	for i, c := range name {
		kind |= uint32(c) << (8 * i)
	}
	return kind, tag, value, nil
}

// text writes a string. It copies eight bytes at a time, and looks for what interrupts them as skipString does.
func (w *writer) text(i, n int) (int, int, *MalformedError) {
	b, d := w.b, w.d
	if at(b, i) != '"' {
		return 0, 0, malformed(b, i, "a string")
	}
	d[n] = '"'
	for i, n = i+1, n+1; ; {
		for i+8 <= len(b) && n+8 <= len(d) {
			word := binary.LittleEndian.Uint64(b[i:])
			binary.LittleEndian.PutUint64(d[n:], word)
			if m := stops(word); m != 0 {
				size := bits.TrailingZeros64(m) >> 3
				i, n = i+size, n+size
				break
			}
			i, n = i+8, n+8
		}
		switch c := at(b, i); {
		case c == '"':
			d[n] = '"'
			return i + 1, n + 1, nil
		case c == '\\':
			var err *MalformedError
			if i, n, err = w.escape(i, n); err != nil {
				return 0, 0, err
			}
		case c < ' ':
			return 0, 0, malformed(b, i, wantCharacter)
		default: // one of the last seven bytes
			d[n] = c
			i, n = i+1, n+1
		}
	}
}

// escape writes an escape sequence as it was sent. In Ion it writes a surrogate pair as its character.
func (w *writer) escape(i, n int) (int, int, *MalformedError) {
	size := escapeLen(w.b, i)
	if size == 0 {
		return 0, 0, malformed(w.b, i, wantCharacter)
	}
	if size == 6 && w.ion && isSurrogate(w.b, i) {
		r, size := decodeEscape(w.b, i)
		if size != 12 {
			return 0, 0, malformed(w.b, i, wantPair)
		}
		return i + size, len(appendRune(w.d[:n], r)), nil
	}
	return i + size, n + copy(w.d[n:], w.b[i:i+size]), nil
}

// number writes the number in a string.
func (w *writer) number(i, n int) (int, int, *MalformedError) {
	b, d := w.b, w.d
	if at(b, i) != '"' {
		return 0, 0, malformed(b, i, "a number in a string")
	}
	if size, point := plainNumber(b, i+1); size > 0 && at(b, i+1+size) == '"' {
		if size <= 8 && i+9 <= len(b) && n+9 <= len(d) {
			binary.LittleEndian.PutUint64(d[n:], binary.LittleEndian.Uint64(b[i+1:]))
		} else {
			copy(d[n:], b[i+1:i+1+size])
		}
		n += size
		if w.ion && !point {
			d[n] = '.'
			n++
		}
		return i + size + 2, n, nil
	}
	end, err := skipString(b, i)
	if err != nil {
		return 0, 0, err
	}
	appendTo := appendNumber
	if w.ion {
		appendTo = appendDecimal
	}
	out, ok := appendTo(d[:n], b[i+1:end-1])
	if !ok {
		return 0, 0, malformed(b, i+1, "a number")
	}
	return end, len(out), nil
}

// binary writes base64: a string in JSON, a blob in Ion.
func (w *writer) binary(i, n int) (int, int, *MalformedError) {
	if w.ion {
		return w.blob(i, n)
	}
	return w.text(i, n)
}

// boolean writes true or false.
func (w *writer) boolean(i, n int) (int, int, *MalformedError) {
	for _, word := range [...]string{"true", "false"} {
		if hasWord(w.b, i, word) {
			return i + len(word), n + copy(w.d[n:], word), nil
		}
	}
	return 0, 0, malformed(w.b, i, "true or false")
}

// null writes null for true.
func (w *writer) null(i, n int) (int, int, *MalformedError) {
	if !hasWord(w.b, i, "true") {
		return 0, 0, malformed(w.b, i, "true")
	}
	return i + len("true"), n + copy(w.d[n:], "null"), nil
}
