package page

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
)

const wantOnce = "a name that occurs once in its map"

// names tells whether a name occurs twice in one object of an item, in one pass over the item and whatever its names
// are: they may be many, and spelled with escapes. It is one open hash table for all objects of an item. The first of
// it lies in the struct, so that most items need no more; the zero value is empty.
type names struct {
	few     [128]nameSlot
	many    *[]nameSlot // instead of few, once that is too full; of slotPool
	count   int
	escaped bool // some name has an escape
}

// nameSlot is where a name is: the offset of its object in the upper half, that of its quote and 1 in the lower. Both
// are below 2^32: an answer is 1 MB.
type nameSlot uint64

// slotPool keeps the large tables: an item of 400 KB can have a hundred thousand names.
var slotPool = sync.Pool{New: func() any { return new([]nameSlot) }}

// nameSeed makes the table's order another one in each process, so that nobody can choose names that collide.
var nameSeed = rand.Uint64()

// hashOf begins the hash of a name of the object that opens at b[object].
func hashOf(object int) uint64 { return nameSeed ^ uint64(object) }

// foldName adds eight bytes of a name to its hash.
func foldName(hash, word uint64) uint64 {
	high, low := bits.Mul64(hash^word, 0x9e3779b97f4a7c15)
	return high ^ low
}

// hashName returns the hash of a name between its quotes: that of its characters, eight bytes at once, the last of them
// filled with zeros.
func hashName(name []byte, object int) uint64 {
	var scratch [64]byte
	if bytes.IndexByte(name, '\\') >= 0 {
		name = unescape(scratch[:0], name)
	}
	hash := hashOf(object)
	for ; len(name) >= 8; name = name[8:] {
		hash = foldName(hash, binary.LittleEndian.Uint64(name))
	}
	var last [8]byte
	copy(last[:], name)
	return foldName(hash, binary.LittleEndian.Uint64(last[:]))
}

// add keeps the name in b[i:end], quotes included, of the object that opens at b[object], and reports whether it is
// the first of its kind there. hash is its hashName, and escaped is false if there is no escape in it for sure.
func (s *names) add(b []byte, object, i, end int, hash uint64, escaped bool) bool {
	s.escaped = s.escaped || escaped
	return s.addFree(object, i, hash) || s.addAny(b, object, i, end, hash)
}

// addFree keeps a name if its first slot is free: the way of most names, which the compiler can inline.
func (s *names) addFree(object, i int, hash uint64) bool {
	slot := &s.few[hash%uint64(len(s.few))]
	if *slot != 0 || s.count >= len(s.few)/2 {
		return false
	}
	*slot = keyOf(object, i)
	s.count++
	return true
}

// addAny is add for all names.
func (s *names) addAny(b []byte, object, i, end int, hash uint64) bool {
	slots := s.few[:]
	if s.many != nil {
		slots = *s.many
	}
	if s.count >= len(slots)/2 {
		slots = s.grow(b, slots)
	}
	key := keyOf(object, i)
	for n := hash; ; n++ {
		slot := &slots[n&uint64(len(slots)-1)]
		if *slot == 0 {
			*slot = key
			s.count++
			return true
		}
		if (*slot^key)>>32 == 0 && s.same(b, int(uint32(*slot))-1, i, end) {
			return false
		}
	}
}

func keyOf(object, i int) nameSlot { return nameSlot(object)<<32 | nameSlot(i+1) }

// same reports whether the name whose opening quote is b[other] is that in b[i:end].
func (s *names) same(b []byte, other, i, end int) bool {
	if bytes.HasPrefix(b[other:], b[i:end]) {
		return true
	}
	if !s.escaped {
		return false
	}
	var scratch [2][64]byte
	return bytes.Equal(unescape(scratch[0][:0], b[other+1:endOfName(b, other)-1]), unescape(scratch[1][:0], b[i+1:end-1]))
}

// endOfName returns the offset after a name that was kept.
func endOfName(b []byte, i int) int {
	end, err := skipString(b, i)
	if err != nil {
		panic("internal error: a name was kept that is none")
	}
	return end
}

// grow moves the names into a table of eight times as many slots, and returns that.
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
		n := hashName(b[i+1:endOfName(b, i)-1], int(slot>>32))
		for to[n&uint64(len(to)-1)] != 0 {
			n++
		}
		to[n&uint64(len(to)-1)] = slot
	}
	s.free()
	s.many = table
	return to
}

// free gives back what grow has taken.
func (s *names) free() {
	if s.many != nil {
		slotPool.Put(s.many)
		s.many = nil
	}
}
