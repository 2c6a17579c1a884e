package ddbjson

import "bytes"

// appendNumber appends the number in text as a JSON number, and reports whether it is a number. It keeps every digit: DynamoDB's
// numbers have up to 38 and do not fit a float. It copies what is JSON already. It writes "+5", "007", ".5", "5." and the like as
// JSON numbers of the same value. DynamoDB itself does not send these.
func appendNumber(dst, text []byte) ([]byte, bool) {
	if n := numberLen(text); n > 0 && n == len(text) {
		return append(dst, text...), true
	}
	start := 0
	if c := at(text, 0); c == '+' || c == '-' {
		start = 1
	}
	point := skipDigits(text, start)
	whole := text[start:point]
	end := point
	var fraction []byte
	if at(text, point) == '.' {
		end = skipDigits(text, point+1)
		fraction = text[point+1 : end]
	}
	if len(whole)+len(fraction) == 0 || skipExponent(text, end) != len(text) {
		return dst, false
	}

	if text[0] == '-' {
		dst = append(dst, '-')
	}
	if whole = bytes.TrimLeft(whole, "0"); len(whole) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, whole...)
	if len(fraction) > 0 {
		dst = append(dst, '.')
		dst = append(dst, fraction...)
	}
	return append(dst, text[end:]...), true
}

// plainNumber returns the length of the number that b[i:] starts with, and whether it has a point. It is a shortcut for most
// numbers, such as -12.50. It returns 0 for anything else, which numberLen measures.
func plainNumber(b []byte, i int) (size int, point bool) {
	start := i
	if at(b, i) == '-' {
		i++
	}
	whole := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == whole || b[whole] == '0' && i > whole+1 {
		return 0, false
	}
	if at(b, i) == '.' {
		fraction := i + 1
		for i++; i < len(b) && isDigit(b[i]); i++ {
		}
		if i == fraction {
			return 0, false
		}
		point = true
	}
	return i - start, point
}

// numberLen returns the length of the longest JSON number that b starts with, or 0.
func numberLen(b []byte) int {
	start := 0
	if at(b, 0) == '-' {
		start = 1
	}
	end := skipDigits(b, start)
	if end == start {
		return 0
	}
	if b[start] == '0' {
		end = start + 1
	}
	if at(b, end) == '.' {
		fraction := skipDigits(b, end+1)
		if fraction == end+1 {
			return end
		}
		end = fraction
	}
	return skipExponent(b, end)
}

// skipExponent returns the offset after the exponent that starts at b[i], or i if there is none.
func skipExponent(b []byte, i int) int {
	if at(b, i)|0x20 != 'e' {
		return i
	}
	start := i + 1
	if c := at(b, start); c == '+' || c == '-' {
		start++
	}
	if end := skipDigits(b, start); end > start {
		return end
	}
	return i
}

// skipDigits returns the offset of the first byte from b[i] on that is not a digit.
func skipDigits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }
