package schema

import (
	"encoding/binary"
	"strconv"

	"dynamodb-to-s3/lambda/ddbjson"
)

// How many digits a decimal column has. A number of DynamoDB has at most Precision significant digits. A decimal of ShortPrecision digits fits an
// int64, with any scale. So it is smaller, engines compute faster with it, and a sum of it has room for more digits than its column.
const (
	Precision      = 38
	ShortPrecision = 18
)

// int64Digits is how many digits the greatest int64 has.
const int64Digits = 19

// shape is how large a number is: its digits before the point, without zeros in front, and after the point, without zeros at the end. Both are
// at most Precision, or the number fits no decimal column and its shape is beyond.
type shape struct {
	whole, fraction uint8
	int64           bool // it is whole, and fits
}

var beyond = shape{whole: Precision + 1}

// shapeOf returns the shape of a number in any form that servers of DynamoDB send: 12, -1.50, .5, 1E+20. What is no number is beyond.
func shapeOf(text []byte) shape {
	digits := text
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		digits = text[1:]
	}
	if s := plainShape(digits); s != beyond {
		return s
	}
	s := shapeOfAny(digits)
	switch {
	case s.fraction > 0 || s.whole > int64Digits:
	case s.whole < int64Digits:
		s.int64 = true
	case onlyDigits(digits): // with an exponent, it is left to the decimal columns
		_, err := strconv.ParseInt(string(text), 10, 64)
		s.int64 = err == nil
	}
	return s
}

// plainShape returns the shape of most numbers: up to 18 digits, which may have a point among them, without a zero in front or at the end that does
// not count. It returns beyond for all others.
func plainShape(text []byte) shape {
	n := len(text)
	if n == 0 || n > int64Digits {
		return beyond
	}
	if 8 <= n && n <= 16 && text[0] != '0' && digits(text) && digits(text[n-8:]) { // identifiers and times
		return shape{whole: uint8(n), int64: true} //nolint:gosec // at most 16
	}
	point := n
	for i, c := range text {
		if c-'0' > 9 {
			if c != '.' || point < n {
				return beyond
			}
			point = i
		}
	}
	switch {
	case point == n && n < int64Digits && (text[0] != '0' || n == 1):
		if text[0] == '0' {
			n = 0
		}
		return shape{whole: uint8(n), int64: true} //nolint:gosec // below int64Digits
	case 0 < point && point < n-1 && text[n-1] != '0' && (text[0] != '0' || point == 1):
		fraction := n - point - 1
		if text[0] == '0' {
			point = 0
		}
		return shape{whole: uint8(point), fraction: uint8(fraction)} //nolint:gosec // below int64Digits
	default:
		return beyond
	}
}

// digits reports whether the first eight bytes are digits.
func digits(text []byte) bool {
	const zeros, tens = 0x30 * 0x0101010101010101, 0x06 * 0x0101010101010101
	w := binary.LittleEndian.Uint64(text)
	return (w|(w+tens))&0xf0f0f0f0f0f0f0f0 == zeros && w&0xf0f0f0f0f0f0f0f0 == zeros
}

// shapeOfAny returns the shape of a number without a sign. int64 is not set.
func shapeOfAny(text []byte) shape {
	mantissa, exponent, ok := cutExponent(text)
	significant, last, point := 0, 0, -1 // significant digits; how many of the read digits stand before the end of them; where the point is
	read := 0
	for _, c := range mantissa {
		switch {
		case c == '.' && point < 0:
			point = read
			continue
		case c-'0' > 9:
			return beyond
		}
		if read++; c != '0' || significant > 0 {
			significant++
		}
		if c != '0' {
			last = read
		}
	}
	if !ok || read == 0 {
		return beyond
	}
	if last == 0 {
		return shape{} // 0
	}
	if point < 0 {
		point = read
	}
	first := read - significant // how many zeros are in front
	whole, fraction := max(0, point+exponent-first), max(0, last-point-exponent)
	if whole > Precision || fraction > Precision || last-first > Precision {
		return beyond
	}
	return shape{whole: uint8(whole), fraction: uint8(fraction)} //nolint:gosec // at most Precision
}

// cutExponent cuts an exponent off.
func cutExponent(text []byte) (mantissa []byte, exponent int, ok bool) {
	for i, c := range text {
		if c|0x20 == 'e' {
			exponent, err := strconv.Atoi(string(text[i+1:]))
			return text[:i], exponent, err == nil && -1000 < exponent && exponent < 1000
		}
	}
	return text, 0, true
}

func onlyDigits(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// numbers counts numbers by their digits.
type numbers struct {
	whole    [Precision + 2]uint64 // by the digits before the point; those that are beyond have the last place
	fraction [Precision + 1]uint64 // by the digits after the point; those without any are not counted
	large    uint64                // those that are whole, but fit no int64
}

func (n *numbers) add(s shape) {
	n.whole[s.whole]++
	if !s.int64 {
		n.addOther(s)
	}
}

// addOther adds what only numbers have that are no int64.
func (n *numbers) addOther(s shape) {
	switch {
	case s.fraction > 0:
		n.fraction[s.fraction]++
	case s.whole <= Precision:
		n.large++
	}
}

// merge adds the numbers of another tree.
func (n *numbers) merge(o *numbers) {
	for digits, count := range o.whole {
		n.whole[digits] += count
	}
	for digits, count := range o.fraction {
		n.fraction[digits] += count
	}
	n.large += o.large
}

// integers reports whether all numbers fit an int64.
func (n *numbers) integers() bool {
	return n.large == 0 && n.whole[Precision+1] == 0 && n.fraction == [Precision + 1]uint64{}
}

// decimal returns the type of numbers that are not all integers. The short form never loses a number that the long one holds: a single number that
// does not fit makes the long form. There are no spare digits, because these would not keep the type the same in every run. They would only move the
// size at which it changes.
func (n *numbers) decimal() Type {
	t := Type{Name: Decimal, Kind: ddbjson.KindN, Precision: ShortPrecision}
	whole := 0
	for digits, count := range n.whole {
		if count > 0 {
			whole = digits
		}
	}
	for digits, count := range n.fraction {
		if count > 0 {
			t.Scale = digits
		}
	}
	if whole+t.Scale > ShortPrecision {
		t.Precision, t.Scale = Precision, n.scale()
	}
	return t
}

// scale returns the scale with which decimal(38, scale) holds the most numbers. Of several such scales, it returns the smallest.
func (n *numbers) scale() (scale int) {
	fewest := n.misfits(0)
	for s := 1; s <= Precision; s++ {
		if left := n.misfits(s); left < fewest {
			scale, fewest = s, left
		}
	}
	return scale
}

// misfits returns how many numbers decimal(38, scale) does not hold. A number that is not beyond has too many digits before the point or after it,
// but never both: it has at most Precision digits.
func (n *numbers) misfits(scale int) (count uint64) {
	for _, of := range n.fraction[scale+1:] {
		count += of
	}
	for _, of := range n.whole[Precision-scale+1:] {
		count += of
	}
	return count
}

func (n *numbers) clone() *numbers {
	if n == nil {
		return nil
	}
	out := *n
	return &out
}

// fits reports whether a decimal holds the number.
func (s shape) fits(precision, scale int) bool {
	return int(s.whole)+scale <= precision && int(s.fraction) <= scale
}

// FitsInteger reports whether the number in the text fits an int64.
func FitsInteger(text []byte) bool { return shapeOf(text).int64 }

// FitsDecimal reports whether a decimal holds the number in the text.
func FitsDecimal(text []byte, precision, scale int) bool { return shapeOf(text).fits(precision, scale) }
