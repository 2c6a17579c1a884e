package ddbjson

import "sync"

// nameTable keeps names, each in its object. It is one open hash table for all objects of an item, because an item of 400 KB can have
// a hundred thousand names. A small table is part of the struct, so that most items need no other. The zero value is empty.
type nameTable struct {
	few   [128]nameSlot
	many  *[]nameSlot // in place of few when few is too full; from slotPool
	count int
}

// nameSlot is the place of a name: the offset of its object in the upper half, and the offset of its quote plus 1 in the lower
// half. Both are below 2^32, because an answer has 1 MB.
type nameSlot uint64

// slotPool keeps the large tables.
var slotPool = sync.Pool{New: func() any { return new([]nameSlot) }}

// reset forgets all names.
func (t *nameTable) reset() {
	if t.count > 0 {
		clear(t.few[:])
	}
	if t.many != nil {
		slotPool.Put(t.many)
		t.many = nil
	}
	t.count = 0
}

// keep keeps a name and reports whether it is new in the object that opens at b[open]. escaped says that a name may have an escape.
func (t *nameTable) keep(b []byte, open int, name spelled, escaped bool) bool {
	slots := t.few[:]
	if t.many != nil {
		slots = *t.many
	}
	if t.count >= len(slots)/2 {
		slots = t.grow(b, slots)
	}
	key := nameSlot(open)<<32 | nameSlot(name.i+1)
	for n := foldName(name.hash, uint64(open)); ; n++ {
		slot := &slots[n&uint64(len(slots)-1)]
		if *slot == 0 {
			*slot = key
			t.count++
			return true
		}
		if (*slot^key)>>32 == 0 && same(b, int(uint32(*slot))-1, name, escaped) {
			return false
		}
	}
}

// grow moves the names into a table with eight times as many slots, and returns it.
func (t *nameTable) grow(b []byte, from []nameSlot) []nameSlot {
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
		hash, _ := hashName(b[i+1 : endOfName(b, i)-1])
		n := foldName(hash, uint64(slot>>32))
		for to[n&uint64(len(to)-1)] != 0 {
			n++
		}
		to[n&uint64(len(to)-1)] = slot
	}
	if t.many != nil {
		slotPool.Put(t.many)
	}
	t.many = table
	return to
}
