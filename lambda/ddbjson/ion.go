package ddbjson

import "bytes"

const (
	wantBase64 = "base64"
	wantPair   = "both halves of a surrogate pair"
)

// Ion writes items in the text form of Amazon Ion, as native exports do and as imports accept it. A line is $ion_1_0
// {Item:{id:"a",price:12.50,…}}, in the order that was sent:
//
//	S             a string
//	N             a decimal with all its digits: 123., 12.50, 1d-130
//	B             a blob: {{3q2+7w==}}
//	BOOL, NULL    true, false, null
//	M, L          a struct, a list
//	SS, NS, BS    a list with an annotation: $dynamodb_SS::["x"], $dynamodb_NS::[1.], $dynamodb_BS::[{{AA==}}]
//
// The mapping is from https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html, and the grammar
// from https://amazon-ion.github.io/ion-docs/docs/spec.html. A number keeps the digits that were sent: 600 is 600., where a native
// export has 6d2, which is the same value.
//
// A name is a symbol. It has quotes ('first name') unless it is an identifier and not a word of Ion. Escapes stay as they were
// sent, except that a surrogate pair becomes its character. Half a pair is not text in Ion, so it is an error. Invalid base64 is an
// error too, and so is everything that is one for [JSON].
type Ion struct{}

// Append implements [Encoder].
func (Ion) Append(dst, item []byte) ([]byte, error) {
	return appendRecord(dst, item, true, "$ion_1_0 {Item:", "}\n")
}

// identifier has the bytes that an identifier may contain.
var identifier = func() (set [256]bool) {
	for c := range set {
		c := byte(c)
		set[c] = isDigit(c) || c|0x20-'a' < 26 || c == '_' || c == '$'
	}
	return set
}()

// isIdentifier reports whether name needs no quotes: it is an identifier, not a word of Ion, and not like $10, which is the number
// of a symbol.
func isIdentifier(name []byte) bool {
	for _, c := range name {
		if !identifier[c] {
			return false
		}
	}
	switch string(name) {
	case "", "null", "true", "false", "nan":
		return false
	}
	return !isDigit(name[0]) && (name[0] != '$' || len(name) == 1 || skipDigits(name, 1) < len(name))
}

// symbol writes the name in b[i:end], with its quotes, from d[n] on, and returns the offset after it.
func (w *writer) symbol(i, n, end int) (int, *MalformedError) {
	if name := w.b[i+1 : end-1]; isIdentifier(name) {
		return n + copy(w.d[n:], name), nil
	}
	w.d[n] = '\''
	n++
	for i++; i < end-1; {
		c := w.b[i]
		if c == '\\' {
			var err *MalformedError
			if i, n, err = w.escape(i, n); err != nil {
				return 0, err
			}
			continue
		}
		if c == '\'' {
			w.d[n] = '\\'
			n++
		}
		w.d[n] = c
		i, n = i+1, n+1
	}
	w.d[n] = '\''
	return n + 1, nil
}

// blob writes the base64 in a string.
func (w *writer) blob(i, n int) (int, int, *MalformedError) {
	b, d := w.b, w.d
	d[n] = '{'
	start := n + 2
	end, n, err := w.text(i, n+1)
	if err != nil {
		return 0, 0, err
	}
	n-- // before the closing quote
	if !isBase64(d[start:n]) {
		// Base64 may contain an escape: \/ for /.
		n = len(unescape(d[:start], b[i+1:end-1]))
		if !isBase64(d[start:n]) {
			return 0, 0, malformed(b, i+1, wantBase64)
		}
	}
	d[start-1], d[n], d[n+1] = '{', '}', '}'
	return end, n + 2, nil
}

// notBase64 has the bytes that are not digits of base64.
var notBase64 = func() (set [256]uint8) {
	for c := range set {
		if c := byte(c); !isDigit(c) && c|0x20-'a' >= 26 && c != '+' && c != '/' {
			set[c] = 1
		}
	}
	return set
}()

// isBase64 reports whether text is base64 with its padding, and nothing else.
func isBase64(text []byte) bool {
	if len(text)%4 != 0 {
		return false
	}
	if text = bytes.TrimSuffix(text, padding); len(text)%4 == 3 {
		text = bytes.TrimSuffix(text, padding)
	}
	var wrong uint8
	for ; len(text) >= 4; text = text[4:] {
		wrong |= notBase64[text[0]] | notBase64[text[1]] | notBase64[text[2]] | notBase64[text[3]]
	}
	for _, c := range text {
		wrong |= notBase64[c]
	}
	return wrong == 0
}

var padding = []byte("=")

// appendDecimal appends the number in text as an Ion decimal, and reports whether it is a number. It is appendNumber's JSON number
// with a d for the e. If it has neither point nor exponent, it gets a point: without it, Ion would read an int.
func appendDecimal(dst, text []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := appendNumber(dst, text)
	if !ok {
		return dst, false
	}
	decimal := false
	for i, c := range dst[start:] {
		if c|0x20 == 'e' {
			dst[start+i] = 'd'
			return dst, true
		}
		decimal = decimal || c == '.'
	}
	if !decimal {
		dst = append(dst, '.')
	}
	return dst, true
}
