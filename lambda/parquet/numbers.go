package parquet

import (
	"encoding/binary"
	"math/bits"
	"strconv"

	"dynamodb-to-s3/lambda/schema"
)

// shortDigits is how many digits always fit an int64.
const shortDigits = schema.ShortPrecision

// integer returns a number if it fits an int64.
func integer(text []byte) (v int64, held bool) {
	if v, point, short := shortNumber(text); short && point == 0 { // most numbers
		return v, true
	}
	if !schema.FitsInteger(text) {
		return 0, false
	}
	return int64(anyDecimal(text, 0).low), true //nolint:gosec // it fits
}

// shortNumber returns the digits of a number that has few, and how many of them are after its point.
func shortNumber(text []byte) (v int64, after int, short bool) {
	digits, negative := text, false
	if len(digits) > 0 && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	if len(digits) == 0 || len(digits) > shortDigits {
		return 0, 0, false
	}
	for i, c := range digits {
		if c-'0' <= 9 {
			v = v*10 + int64(c-'0')
			continue
		}
		if c != '.' || after > 0 || i == 0 || i == len(digits)-1 {
			return 0, 0, false
		}
		after = len(digits) - 1 - i
	}
	if negative {
		v = -v
	}
	return v, after, true
}

// powers are the powers of ten up to 10^18.
var powers = func() (p [shortDigits + 1]int64) {
	p[0] = 1
	for i := range shortDigits {
		p[i+1] = 10 * p[i]
	}
	return p
}()

// shortDecimal returns a number times 10^scale if it fits decimal(18, scale).
func shortDecimal(text []byte, scale int) (v int64, held bool) {
	if v, after, short := shortNumber(text); short && after <= scale { // most numbers
		if max(v, -v) >= powers[shortDigits-(scale-after)] {
			return 0, false
		}
		return v * powers[scale-after], true
	}
	if !schema.FitsDecimal(text, schema.ShortPrecision, scale) {
		return 0, false
	}
	return int64(anyDecimal(text, scale).low), true //nolint:gosec // it fits
}

// decimal is a number times 10^scale, as an integer of 128 bits in two's complement.
type decimal struct{ high, low uint64 }

// decimalSize is how many bytes Parquet has for a decimal of 38 digits.
const decimalSize = 16

// decimalOf returns a number if it fits decimal(38, scale).
func decimalOf(text []byte, scale int) (d decimal, held bool) {
	if v, after, short := shortNumber(text); short && after <= scale && scale-after <= schema.Precision-shortDigits { // most numbers
		d = timesTen(decimal{low: uint64(max(v, -v))}, scale-after) //nolint:gosec // not negative
		if v < 0 {
			d = d.negative()
		}
		return d, true
	}
	if !schema.FitsDecimal(text, schema.Precision, scale) {
		return decimal{}, false
	}
	return anyDecimal(text, scale), true
}

// anyDecimal returns a number that fits decimal(38, scale).
func anyDecimal(text []byte, scale int) (d decimal) {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	zeros := scale // by how many powers of ten the digits must still be multiplied
	pending := 0   // zeros that nothing has followed yet: at the end of a number, 128 bits may have no room for them
	point, exponent := false, false
	for i, c := range text {
		switch {
		case exponent:
		case c == '.':
			point = true
		case c|0x20 == 'e':
			n, _ := strconv.Atoi(string(text[i+1:])) // it is a number
			zeros, exponent = zeros+n, true
		default:
			if point {
				zeros--
			}
			if c == '0' {
				pending++
				continue
			}
			d = timesTen(d, pending+1)
			pending = 0
			var carry uint64
			d.low, carry = bits.Add64(d.low, uint64(c-'0'), 0)
			d.high += carry
		}
	}
	d = timesTen(d, zeros+pending)
	if negative {
		d = d.negative()
	}
	return d
}

func (d decimal) negative() decimal {
	low, borrow := bits.Sub64(0, d.low, 0)
	high, _ := bits.Sub64(0, d.high, borrow)
	return decimal{high, low}
}

// timesTen multiplies a number that is not negative by 10^times. It does nothing if times is negative.
func timesTen(d decimal, times int) decimal {
	for ; times > 0 && d.high|d.low > 0; times -= shortDigits {
		power := uint64(powers[min(times, shortDigits)]) //nolint:gosec // not negative
		carry, product := bits.Mul64(d.low, power)
		d.high, d.low = d.high*power+carry, product
	}
	return d
}

// appendTo appends the decimal as Parquet has it, the highest byte first.
func (d decimal) appendTo(dst []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, d.high), d.low)
}

// double returns the double that is nearest to a number.
func double(text []byte) (v float64, held bool) {
	for _, c := range text {
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return 0, false // ParseFloat knows more than numbers
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	return v, err == nil
}
