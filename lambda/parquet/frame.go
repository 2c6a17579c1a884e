package parquet

import (
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/huff0"
)

// The parts of a ZSTD frame: https://www.rfc-editor.org/rfc/rfc8878.html#section-3

// The bounds of a block.
const (
	mostBlock     = 128 << 10 // bytes that it stands for
	mostSequences = 0x7eff    // more need a longer number
)

// appendFrame begins a frame that stands for size bytes.
func appendFrame(dst []byte, size int) []byte {
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd, 0b10_1_00000)    // the size has four bytes, there is one segment and no checksum
	return binary.LittleEndian.AppendUint32(dst, uint32(size)) //nolint:gosec // of a page
}

// sequences is a sequence that comes several times. It has some fresh bytes, and then some that are repeated.
type sequences struct {
	times, fresh, repeated int
	back                   int // how many bytes before the repeated ones stand; 0 is the same as in the block before, and not for the first block
}

// appendBlock appends a block. fresh has the fresh bytes of all sequences and those after the last one.
func (r *records) appendBlock(dst, fresh []byte, s sequences, last bool) []byte {
	from := len(dst)
	dst = r.appendLiterals(append(dst, 0, 0, 0), fresh)
	if s.times >= 128 {
		dst = append(dst, byte(s.times>>8)+128)
	}
	length, match, offset := codeOf(s.fresh, 16, lengthBits), codeOf(s.repeated-3, 32, matchBits), offsetCode(s.back)
	dst = append(dst, byte(s.times), 0b01_01_01_00, length.symbol, offset.symbol, match.symbol) // each symbol is that of all sequences
	dst = appendBits(dst, s.times, length, match, offset)
	header := (len(dst)-from-3)<<3 | 2<<1 // compressed
	if last {
		header |= 1
	}
	dst[from], dst[from+1], dst[from+2] = byte(header), byte(header>>8), byte(header>>16)
	return dst
}

// appendLiterals appends fresh bytes, with a Huffman code if that saves something.
func (r *records) appendLiterals(dst, fresh []byte) []byte {
	if n := len(fresh); n >= 1024 {
		r.huffman.Reuse, r.huffman.WantLogLess = huff0.ReusePolicyNone, 7
		if out, _, err := huff0.Compress4X(fresh, &r.huffman); err == nil {
			header := 2 | 3<<2 | uint64(n)<<4 | uint64(len(out))<<22
			return append(append(dst, byte(header), byte(header>>8), byte(header>>16), byte(header>>24), byte(header>>32)), out...)
		}
	}
	header := 3<<2 | len(fresh)<<4 // as they are
	return append(append(dst, byte(header), byte(header>>8), byte(header>>16)), fresh...)
}

// code is a symbol for a number and the bits that say which of its numbers it is.
type code struct {
	symbol byte
	width  int
	extra  uint64
}

// How many bits follow the symbols of lengths and matches, after those with none.
var (
	lengthBits = []int{1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	matchBits  = []int{1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7}
)

// codeOf returns the code of a number. The first numbers have symbols of their own.
func codeOf(n, own int, widths []int) code {
	if n < own {
		return code{symbol: byte(n)}
	}
	least, symbol := own, own
	for _, width := range widths {
		if n < least+1<<width {
			return code{byte(symbol), width, uint64(n - least)} //nolint:gosec // not negative
		}
		least, symbol = least+1<<width, symbol+1
	}
	panic("internal error: a number without a code")
}

func offsetCode(back int) code {
	if back == 0 {
		return code{}
	}
	n := uint64(back + 3) //nolint:gosec // not negative
	width := bits.Len64(n) - 1
	return code{byte(width), width, n - 1<<width}
}

// appendBits appends the bits of sequences, the last sequence first.
func appendBits(dst []byte, times int, codes ...code) []byte {
	one, width := uint64(0), 0
	for _, c := range codes {
		one, width = one|c.extra<<width, width+c.width
	}
	pending, filled := uint64(0), 0
	for range times {
		pending, filled = pending|one<<filled, filled+width
		for ; filled >= 8; filled -= 8 {
			dst = append(dst, byte(pending))
			pending >>= 8
		}
	}
	return append(dst, byte(pending|1<<filled)) // the end
}
