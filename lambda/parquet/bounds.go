package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// mostBound is how many bytes the least or the greatest text or binary value may have in the statistics. A longer one is replaced by a shorter
// one that is still a bound.
const mostBound = 64

// number is a value that is not text: an integer, a double, a decimal or a boolean. Numbers have the order of their values.
type number struct{ high, low uint64 }

func (n number) less(o number) bool { return n.high < o.high || n.high == o.high && n.low < o.low }

const sign = 1 << 63

func integerNumber(v int64) number { return number{0, uint64(v) ^ sign} } //nolint:gosec // the bits

func doubleNumber(v float64) number {
	b := math.Float64bits(v)
	if b&sign == 0 {
		return number{0, b | sign}
	}
	return number{0, ^b}
}

// appendTo appends the number as Parquet has it. up says that it is an upper bound.
func (n number) appendTo(dst []byte, f form, up bool) []byte {
	switch f {
	case formBoolean:
		return append(dst, byte(n.low))
	case formDecimal:
		return decimal{n.high ^ sign, n.low}.appendTo(dst)
	case formDouble:
		b := ^n.low
		if n.low&sign != 0 {
			b = n.low ^ sign
		}
		if b&^sign == 0 { // some readers take 0 for greater than -0, and others for equal
			b = sign
			if up {
				b = 0
			}
		}
		return binary.LittleEndian.AppendUint64(dst, b)
	default:
		return binary.LittleEndian.AppendUint64(dst, n.low^sign)
	}
}

// bounds are between which values all values of a page or a column chunk are.
type bounds struct {
	some              bool // there is a value
	least, most       number
	first, last       []byte // of texts and binary values
	after, before     uint64 // the first eight bytes of first and last
	firstCut, lastCut bool   // they are not values, but shorter bounds
	unbounded         bool   // there is no last that is short enough
}

func (b *bounds) reset() {
	*b = bounds{first: b.first[:0], last: b.last[:0]}
}

func (b *bounds) addNumber(n number) {
	if !b.some {
		b.some, b.least, b.most = true, n, n
		return
	}
	if n.less(b.least) {
		b.least = n
	}
	if b.most.less(n) {
		b.most = n
	}
}

// addBytes adds a text or a binary value.
func (b *bounds) addBytes(v []byte, text bool) {
	at := prefix(v)
	if b.after < at && at < b.before { // most values; both are 0 before the first value
		return
	}
	if !b.some || bytes.Compare(v, b.first) < 0 {
		b.first, b.firstCut = append(b.first[:0], cut(v, text)...), len(v) > mostBound
		b.after = prefix(b.first)
	}
	if !b.unbounded && (!b.some || bytes.Compare(v, b.last) > 0) {
		b.last, b.lastCut = append(b.last[:0], cut(v, text)...), len(v) > mostBound
		if b.lastCut {
			b.last, b.unbounded = raise(b.last, text)
		}
		b.before = prefix(b.last)
		if b.unbounded {
			b.before = math.MaxUint64
		}
	}
	b.some = true
}

// prefix returns the first eight bytes as a number. If one value has a smaller number than another, it is less.
func prefix(v []byte) (n uint64) {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	for i, c := range v {
		n |= uint64(c) << (56 - 8*i)
	}
	return n
}

// merge adds the values of another page.
func (b *bounds) merge(o *bounds) {
	if !o.some {
		return
	}
	if !b.some || o.least.less(b.least) {
		b.least = o.least
	}
	if !b.some || b.most.less(o.most) {
		b.most = o.most
	}
	if !b.some || bytes.Compare(o.first, b.first) < 0 {
		b.first, b.firstCut = append(b.first[:0], o.first...), o.firstCut
	}
	if !b.some || bytes.Compare(o.last, b.last) > 0 {
		b.last, b.lastCut = append(b.last[:0], o.last...), o.lastCut
	}
	b.unbounded, b.some = b.unbounded || o.unbounded, true
}

// cut returns the beginning of a value, and of a text whole characters.
func cut(v []byte, text bool) []byte {
	if len(v) <= mostBound {
		return v
	}
	v = v[:mostBound]
	for text && len(v) > 0 && !utf8.Valid(lastRune(v)) {
		v = v[:len(v)-1]
	}
	return v
}

// lastRune returns the bytes from the beginning of the last character, which may be incomplete.
func lastRune(v []byte) []byte {
	i := len(v) - 1
	for i > 0 && !utf8.RuneStart(v[i]) {
		i--
	}
	return v[i:]
}

// raise makes the beginning of a value greater than all values that begin so. none says that there is nothing greater.
func raise(v []byte, text bool) (raised []byte, none bool) {
	for len(v) > 0 {
		last := len(v) - 1
		if !text && v[last] < 0xff {
			v[last]++
			return v, false
		}
		if text {
			r, size := utf8.DecodeLastRune(v)
			last = len(v) - size
			if r < utf8.MaxRune {
				return utf8.AppendRune(v[:last], r+1), false // after U+D7FF there is no character, and AppendRune takes U+FFFD
			}
		}
		v = v[:last]
	}
	return v, true
}

// appendFirst appends the lower bound as Parquet has it.
func (b *bounds) appendFirst(dst []byte, f form) []byte {
	if f >= formString {
		return append(dst, b.first...)
	}
	return b.least.appendTo(dst, f, false)
}

// appendLast appends the upper bound.
func (b *bounds) appendLast(dst []byte, f form) []byte {
	if f >= formString {
		return append(dst, b.last...)
	}
	return b.most.appendTo(dst, f, true)
}
