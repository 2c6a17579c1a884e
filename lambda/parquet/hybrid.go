package parquet

import "encoding/binary"

// hybrid encodes small numbers as Parquet's hybrid of runs and packed bits. It takes them one by one and keeps no list of them.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3
type hybrid struct {
	width  int // of a number, in bits
	out    []byte
	last   uint32 // the number that came last
	times  int    // how often it has come since the last group began
	group  [8]uint32
	filled int // numbers in the group
	packed int // where in out the length of the last sequence of packed groups is
	groups int // how many groups that sequence has; 0 if something else follows it
}

func (h *hybrid) reset() { *h = hybrid{width: h.width, out: h.out[:0]} }

// add adds a number.
func (h *hybrid) add(v uint32) {
	if v == h.last {
		if h.times++; h.times >= len(h.group) {
			return // a run, which holds the numbers of the group, too
		}
	} else {
		if h.times >= len(h.group) {
			h.run()
		}
		h.last, h.times = v, 1
	}
	h.group[h.filled] = v
	if h.filled++; h.filled == len(h.group) {
		h.pack()
	}
}

// repeat adds a number several times.
func (h *hybrid) repeat(v uint32, times int) {
	for ; times > 0 && (v != h.last || h.times < len(h.group)); times-- {
		h.add(v)
	}
	h.times += times
}

// run writes a run of the last number.
func (h *hybrid) run() {
	h.out = binary.AppendUvarint(h.out, uint64(h.times)<<1) //nolint:gosec // not negative
	for shift := 0; shift < h.width; shift += 8 {
		h.out = append(h.out, byte(h.last>>shift))
	}
	h.times, h.filled, h.groups = 0, 0, 0
}

// pack writes the group as packed bits.
func (h *hybrid) pack() {
	if h.groups == 63 { // the length has one byte
		h.groups = 0
	}
	if h.groups == 0 {
		h.packed, h.out = len(h.out), append(h.out, 0)
	}
	h.groups++
	h.out[h.packed] = byte(h.groups)<<1 | 1
	bits, size := uint64(0), 0
	for _, v := range h.group {
		bits |= uint64(v) << size
		for size += h.width; size >= 8; size -= 8 {
			h.out = append(h.out, byte(bits))
			bits >>= 8
		}
	}
	h.filled, h.times = 0, 0
}

// end returns the encoded numbers.
func (h *hybrid) end() []byte {
	if h.times >= len(h.group) {
		h.run()
	} else if h.filled > 0 {
		clear(h.group[h.filled:])
		h.pack()
	}
	return h.out
}
