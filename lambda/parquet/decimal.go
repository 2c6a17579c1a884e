package parquet

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// decimalSize is how many bytes a decimal of 38 digits has.
const decimalSize = 16

// appendDecimal appends the number times 10^scale as Parquet's decimal: 16 bytes in two's complement, the highest first. The number must fit
// decimal(38, scale), and be a number.
func appendDecimal(dst, text []byte, scale int) []byte {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	var high, low uint64
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
			high, low = timesTen(high, low, pending+1)
			pending = 0
			var carry uint64
			low, carry = bits.Add64(low, uint64(c-'0'), 0)
			high += carry
		}
	}
	high, low = timesTen(high, low, zeros+pending)
	if negative {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, high), low)
}

// timesTen multiplies a number of 128 bits by 10^times. It does nothing if times is negative.
func timesTen(high, low uint64, times int) (uint64, uint64) {
	if high|low == 0 {
		return 0, 0
	}
	for ; times > 0; times-- {
		carry, product := bits.Mul64(low, 10)
		high, low = high*10+carry, product
	}
	return high, low
}
