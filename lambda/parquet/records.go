package parquet

import "github.com/klauspost/compress/huff0"

// The bounds of what records compresses.
const (
	mostRecord   = 1 << 10 // bytes of a record
	leastRecords = 64      // in a page
	leastShared  = 3       // bytes; ZSTD repeats no fewer
	mostShared   = 128     // bytes
)

// records compresses records of one size to a ZSTD frame. These are numbers, or texts and binary values of one length, such as identifiers and
// hashes. Most of their bytes are as good as random, so a search for repetitions costs time and finds little. But some bytes are the same in each
// record: the length in front of a text, a prefix, or the zeros of a small number. They need no search, and nearly no bytes in the frame.
type records struct {
	huffman huff0.Scratch
	fresh   []byte // the bytes of a block that do not repeat
}

// append appends a frame with the page, whose records begin at from. It reports false if the records have too little in common.
func (r *records) append(dst, page []byte, from, size int) (out []byte, ok bool) {
	if size <= leastShared || size > mostRecord || len(page) < from+leastRecords*size || from+3*size > mostBlock/2 {
		return dst, false
	}
	at, shared := common(page[from:], size)
	if shared < leastShared {
		return dst, false
	}
	dst = appendFrame(dst, len(page))
	at += from + size // in the second record, which repeats bytes of the first; what is before it has half a block at most
	dst = r.appendBlock(dst, page[:at], sequences{times: 1, fresh: at, repeated: shared, back: size}, false)
	page = page[at+shared:]
	for left := len(page) / size; left > 0; {
		times := min(left, mostBlock/size-1, mostSequences)
		r.fresh = r.fresh[:0]
		for i := range times {
			r.fresh = append(r.fresh, page[i*size:(i+1)*size-shared]...)
		}
		page, left = page[times*size:], left-times
		if left == 0 {
			r.fresh = append(r.fresh, page...)
		}
		dst = r.appendBlock(dst, r.fresh, sequences{times: times, fresh: size - shared, repeated: shared}, left == 0)
	}
	return dst, true
}

// common returns the longest run of bytes that is the same in each record. It begins at a place in the first record, and may end in the second.
func common(values []byte, size int) (at, shared int) {
	var differs [mostRecord]bool
	for i := size; i < leastRecords*size; i++ {
		if values[i] != values[i-size] {
			differs[i%size] = true
		}
	}
	at, shared = longest(size, func(i int) bool { return !differs[i%size] })
	shared = min(shared, mostShared)
	for from := at; shared >= leastShared && from+size+shared <= len(values); from += size {
		before, run := values[from:from+shared], values[from+size:from+size+shared]
		if string(before) != string(run) {
			var skip int
			skip, shared = longest(shared, func(i int) bool { return i < len(run) && before[i] == run[i] })
			at, from = at+skip, from+skip
		}
	}
	return at, shared
}

// longest returns the longest run of places that begins at one of count places and is shorter than count.
func longest(count int, in func(int) bool) (at, length int) {
	run := 0
	for i := range 2 * count {
		if !in(i) {
			run = 0
			continue
		}
		if run++; run > length && run < count {
			at, length = i+1-run, run
		}
	}
	return at, length
}
