package schema

import (
	"maps"
	"strconv"
)

// Precision is how many digits a decimal column has. A number of DynamoDB has at most as many significant digits.
const Precision = 38

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
	if n := len(digits); n > 0 && n < int64Digits && digits[0] != '0' && onlyDigits(digits) { // most numbers
		return shape{whole: uint8(n), int64: true} //nolint:gosec // below int64Digits
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

// numbers counts numbers by their shapes.
type numbers struct {
	ints   [int64Digits + 1]uint64 // those that fit an int64, by their digits
	others map[shape]uint64
}

func (n *numbers) add(s shape) {
	if s.int64 {
		n.ints[s.whole]++
		return
	}
	if n.others == nil {
		n.others = map[shape]uint64{}
	}
	n.others[s]++
}

// merge adds the numbers of another tree.
func (n *numbers) merge(o *numbers) {
	for digits, count := range o.ints {
		n.ints[digits] += count
	}
	if n.others == nil {
		n.others = maps.Clone(o.others)
		return
	}
	for s, count := range o.others {
		n.others[s] += count
	}
}

// integers reports whether all numbers fit an int64.
func (n *numbers) integers() bool { return len(n.others) == 0 }

// scale returns the scale with which decimal(38, scale) holds the most numbers, and how many it does not hold. Of several such scales, it returns
// the smallest.
func (n *numbers) scale() (scale int, left uint64) {
	most := uint64(0)
	for s := range Precision + 1 {
		if held := n.held(s); held > most {
			scale, most = s, held
		}
	}
	all := uint64(0)
	for _, count := range n.ints {
		all += count
	}
	for _, count := range n.others {
		all += count
	}
	return scale, all - most
}

// held returns how many of the numbers decimal(38, scale) holds.
func (n *numbers) held(scale int) (count uint64) {
	for digits, times := range n.ints {
		if digits <= Precision-scale {
			count += times
		}
	}
	for s, times := range n.others {
		if s.fits(scale) {
			count += times
		}
	}
	return count
}

// fits reports whether decimal(38, scale) holds the number.
func (s shape) fits(scale int) bool {
	return int(s.whole)+scale <= Precision && int(s.fraction) <= scale
}

func (n *numbers) clone() *numbers {
	if n == nil {
		return nil
	}
	return &numbers{n.ints, maps.Clone(n.others)}
}
