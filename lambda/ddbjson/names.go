package ddbjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
)

const wantOnce = "a name that occurs once in its object"

// names finds names that occur twice in one object of an item, in one pass over the item. There may be many names, and they may
// have escapes. It is one open hash table for all objects of an item. A small table is part of the struct, so that most items need
// no other. The zero value is empty.
type names struct {
	few     [128]nameSlot
	many    *[]nameSlot // in place of few when few is too full; from slotPool
	count   int
	escaped bool             // some name has an escape
	objects [MaxDepth]object // the open ones
}

// object is an open object: the offsets of its bracket and of its first name. When a second name comes, the first is kept in the
// table and first is 0. Most objects have one name, which is a type.
type object struct{ open, first int }

// spelled is a name in its spelling: b[i:end], with its quotes.
type spelled struct {
	i, end  int
	hash    uint64 // of its characters and the offset of its object
	escaped bool
}

// nameSlot is the place of a name: the offset of its object in the upper half, and the offset of its quote plus 1 in the lower
// half. Both are below 2^32, because an answer has 1 MB.
type nameSlot uint64

// slotPool keeps the large tables: an item of 400 KB can have a hundred thousand names.
var slotPool = sync.Pool{New: func() any { return new([]nameSlot) }}

// nameSeed changes the table's order in each process, so that nobody can choose names that collide.
var nameSeed = rand.Uint64()

// hashName returns the hash of a name, given without quotes, in the object that opens at an offset. It also returns whether the
// name has an escape.
func hashName(name []byte, open int) (hash uint64, escaped bool) {
	var scratch [64]byte
	if escaped = bytes.IndexByte(name, '\\') >= 0; escaped {
		name = unescape(scratch[:0], name)
	}
	hash = nameSeed ^ uint64(open)
	for ; len(name) >= 8; name = name[8:] {
		hash = foldName(hash, binary.LittleEndian.Uint64(name))
	}
	var last [8]byte
	copy(last[:], name)
	return foldName(hash, binary.LittleEndian.Uint64(last[:])), escaped
}

// foldName adds eight bytes of a name to its hash.
func foldName(hash, word uint64) uint64 {
	high, low := bits.Mul64(hash^word, 0x9e3779b97f4a7c15)
	return high ^ low
}

// reset forgets all names.
func (s *names) reset() {
	if s.count > 0 {
		clear(s.few[:])
	}
	if s.many != nil {
		slotPool.Put(s.many)
		s.many = nil
	}
	s.count, s.escaped = 0, false
}

// next reads, from b[i] on, a name that is not the first of its object, and its colon. The object is the open one at depth. next
// returns the offset of the value.
func (s *names) next(b []byte, i, depth int) (int, *MalformedError) {
	of := &s.objects[depth-1]
	if of.first > 0 {
		first, _, err := readName(b, of.first, of.open)
		if err != nil {
			return 0, err
		}
		s.keep(b, of.open, first)
		of.first = 0
	}
	name, value, err := readName(b, i, of.open)
	if err != nil {
		return 0, err
	}
	if !s.keep(b, of.open, name) {
		return 0, malformed(b, i, wantOnce)
	}
	return value, nil
}

// readName is like member, and also hashes the name: eight bytes at a time, the last of them filled with zeros.
func readName(b []byte, i, open int) (name spelled, value int, err *MalformedError) {
	hash := nameSeed ^ uint64(open)
	if isTag(b, i) {
		return spelled{i: i, end: i + 3, hash: foldName(hash, uint64(b[i+1]))}, i + 4, nil
	}
	for j := i + 1; at(b, i) == '"' && j+9 < len(b); j += 8 {
		word := binary.LittleEndian.Uint64(b[j:])
		m := stops(word)
		if m == 0 {
			hash = foldName(hash, word)
			continue
		}
		size := bits.TrailingZeros64(m) &^ 7
		end := j + size>>3
		if b[end] != '"' || b[end+1] != ':' {
			break // an escape or white space
		}
		value, _ = next(b, end+2)
		return spelled{i: i, end: end + 1, hash: foldName(hash, word&(1<<size-1))}, value, nil
	}
	text, value, err := member(b, i)
	if err != nil {
		return spelled{}, 0, err
	}
	end := i + len(text) + 2
	hash, escaped := hashName(text, open)
	return spelled{i: i, end: end, hash: hash, escaped: escaped}, value, nil
}

// keep keeps a name and reports whether it is new in its object.
func (s *names) keep(b []byte, open int, name spelled) bool {
	s.escaped = s.escaped || name.escaped
	slots := s.few[:]
	if s.many != nil {
		slots = *s.many
	}
	if s.count >= len(slots)/2 {
		slots = s.grow(b, slots)
	}
	key := nameSlot(open)<<32 | nameSlot(name.i+1)
	for n := name.hash; ; n++ {
		slot := &slots[n&uint64(len(slots)-1)]
		if *slot == 0 {
			*slot = key
			s.count++
			return true
		}
		if (*slot^key)>>32 == 0 && s.same(b, int(uint32(*slot))-1, name) {
			return false
		}
	}
}

// same reports whether the name whose opening quote is b[other] is the same as name.
func (s *names) same(b []byte, other int, name spelled) bool {
	if bytes.HasPrefix(b[other:], b[name.i:name.end]) {
		return true
	}
	if !s.escaped {
		return false
	}
	var scratch [2][64]byte
	return bytes.Equal(unescape(scratch[0][:0], b[other+1:endOfName(b, other)-1]), unescape(scratch[1][:0], b[name.i+1:name.end-1]))
}

// endOfName returns the offset after a name in the table.
func endOfName(b []byte, i int) int {
	end, err := skipString(b, i)
	if err != nil {
		panic("internal error: the table of names holds no name here")
	}
	return end
}

// grow moves the names into a table with eight times as many slots, and returns it.
func (s *names) grow(b []byte, from []nameSlot) []nameSlot {
	table := slotPool.Get().(*[]nameSlot)
	if size := len(from) * 8; cap(*table) < size {
		*table = make([]nameSlot, size)
	} else {
		*table = (*table)[:size]
		clear(*table)
	}
	to := *table
	for _, slot := range from {
		if slot == 0 {
			continue
		}
		i := int(uint32(slot)) - 1
		n, _ := hashName(b[i+1:endOfName(b, i)-1], int(slot>>32))
		for to[n&uint64(len(to)-1)] != 0 {
			n++
		}
		to[n&uint64(len(to)-1)] = slot
	}
	if s.many != nil {
		slotPool.Put(s.many)
	}
	s.many = table
	return to
}
