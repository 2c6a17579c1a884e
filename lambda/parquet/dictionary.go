package parquet

import (
	"encoding/binary"
	"hash/maphash"
)

// mostDictionary is how many bytes the values of a dictionary may have.
const mostDictionary = 1 << 20

// dictionary has the different values of a column chunk. Its pages have the places of values in the dictionary in place of the values.
type dictionary struct {
	page    []byte // its values, as a page has them
	entries []entry
	slots   []uint32 // by hash: 1 + the place of a value, or 0
	seed    maphash.Seed
}

// entry is a value of a dictionary.
type entry struct {
	from, end uint32 // in page
	hash      uint32
}

func (d *dictionary) reset() {
	clear(d.slots)
	d.page, d.entries = d.page[:0], d.entries[:0]
}

// place returns the place of a value. It adds a new value at the end. sized says that the page has the length of a value in front of it.
func (d *dictionary) place(value []byte, sized bool) uint32 {
	if len(d.entries)*2 >= len(d.slots) {
		d.grow()
	}
	hash, mask := uint32(maphash.Bytes(d.seed, value)), uint32(len(d.slots)-1) //nolint:gosec // the lower half; few slots
	slot := hash & mask
	for ; d.slots[slot] > 0; slot = (slot + 1) & mask {
		e := &d.entries[d.slots[slot]-1]
		if e.hash == hash && string(d.page[e.from:e.end]) == string(value) {
			return d.slots[slot] - 1
		}
	}
	if sized {
		d.page = binary.LittleEndian.AppendUint32(d.page, uint32(len(value))) //nolint:gosec // a value of DynamoDB
	}
	from := len(d.page)
	d.page = append(d.page, value...)
	d.entries = append(d.entries, entry{uint32(from), uint32(len(d.page)), hash}) //nolint:gosec // at most mostDictionary and a value
	d.slots[slot] = uint32(len(d.entries))                                        //nolint:gosec // as many
	return d.slots[slot] - 1
}

// grow makes room for twice as many values.
func (d *dictionary) grow() {
	if d.slots == nil {
		d.seed = maphash.MakeSeed()
	}
	d.slots = make([]uint32, max(64, 2*len(d.slots)))
	mask := uint32(len(d.slots) - 1) //nolint:gosec // few slots
	for i, e := range d.entries {
		slot := e.hash & mask
		for d.slots[slot] > 0 {
			slot = (slot + 1) & mask
		}
		d.slots[slot] = uint32(i + 1) //nolint:gosec // few entries
	}
}
