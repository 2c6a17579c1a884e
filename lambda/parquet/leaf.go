package parquet

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The bounds of a page.
const (
	mostPageBytes = 512 << 10
	mostPageRows  = 20_000
)

// A chunk does without a dictionary if more than mostDifferent of its first firstLook values are different. Then a page has so many different
// values that the dictionary saves too little.
const (
	firstLook     = 1024
	mostDifferent = 980
)

// leaf takes the values of a leaf column. It encodes them at once as Parquet stores them, and compresses each page when it is full. So a row
// group takes about as much memory as it will take in the file.
type leaf struct {
	form form
	path []string // the names of the nodes from the root to the leaf
	most uint32   // the greatest definition level: that of a value
	deep bool     // it has repetition levels
	with *tools

	// The page that is being filled.
	definitions, repetitions hybrid
	values                   []byte   // as the page will have them
	places                   []uint32 // in the dictionary, if the chunk uses one
	rows, count, nulls       int      // count counts values and nulls
	bounds                   bounds

	chunk
}

// row begins a row, or continues it with another element.
func (l *leaf) row(repetition uint32) {
	if repetition == 0 {
		if len(l.values) >= mostPageBytes || l.rows >= mostPageRows || len(l.places) >= mostPageBytes/4 {
			l.endPage()
		}
		l.rows++
	}
	if l.deep {
		l.repetitions.add(repetition)
	}
	l.count++
}

// null adds that there is no value.
func (l *leaf) null(definition, repetition uint32) {
	l.row(repetition)
	l.definitions.add(definition)
	l.nulls++
}

// skip adds rows without a value.
func (l *leaf) skip(rows int) {
	l.definitions.repeat(0, rows)
	if l.deep {
		l.repetitions.repeat(0, rows)
	}
	l.rows, l.count, l.nulls = l.rows+rows, l.count+rows, l.nulls+rows
}

func (l *leaf) integer(v int64, repetition uint32) {
	l.row(repetition)
	from := len(l.values)
	l.values = binary.LittleEndian.AppendUint64(l.values, uint64(v)) //nolint:gosec // the bits
	l.bounds.addNumber(integerNumber(v))
	l.value(from)
}

func (l *leaf) double(v float64, repetition uint32) {
	l.row(repetition)
	from := len(l.values)
	l.values = binary.LittleEndian.AppendUint64(l.values, math.Float64bits(v))
	l.bounds.addNumber(doubleNumber(v))
	l.value(from)
}

func (l *leaf) decimal(v decimal, repetition uint32) {
	l.row(repetition)
	from := len(l.values)
	l.values = v.appendTo(l.values)
	l.bounds.addNumber(number{v.high ^ sign, v.low})
	l.value(from)
}

func (l *leaf) boolean(v bool, repetition uint32) {
	l.row(repetition)
	l.definitions.add(l.most)
	bit := (l.count - l.nulls - 1) & 7
	if bit == 0 {
		l.values = append(l.values, 0)
	}
	n := number{}
	if v {
		n.low = 1
		l.values[len(l.values)-1] |= 1 << bit
	}
	l.bounds.addNumber(n)
}

// bytes adds a text or a binary value.
func (l *leaf) bytes(v []byte, repetition uint32) {
	l.row(repetition)
	if l.form != formJSON {
		l.bounds.addBytes(v, l.form == formString)
	}
	if l.coded {
		l.definitions.add(l.most)
		l.place(v)
		return
	}
	l.values = binary.LittleEndian.AppendUint32(l.values, uint32(len(v))) //nolint:gosec // a value of DynamoDB
	l.values = append(l.values, v...)
	l.definitions.add(l.most)
}

// value is called for a number that was added to values.
func (l *leaf) value(from int) {
	l.definitions.add(l.most)
	if l.coded {
		v := l.values[from:]
		l.values = l.values[:from]
		l.place(v)
	}
}

// lengthSize is how many bytes the length of a value has.
const lengthSize = 4

// sized reports whether values have their lengths in front of them.
func (l *leaf) sized() bool { return l.form >= formString }

// place adds a value of a chunk with a dictionary.
func (l *leaf) place(v []byte) {
	l.places = append(l.places, l.dictionary.place(v, l.sized()))
	l.plain += len(v)
	if l.sized() {
		l.plain += lengthSize
	}
	if len(l.dictionary.page) > mostDictionary || len(l.places) == firstLook && l.used == 0 && len(l.dictionary.entries) > mostDifferent {
		l.uncode()
	}
}

// uncode writes the values of this page and of all that follow in the chunk without the dictionary.
func (l *leaf) uncode() {
	d := &l.dictionary
	l.hopeless = l.hopeless || l.used == 0 && len(l.places) >= firstLook
	for _, place := range l.places {
		e := d.entries[place]
		if l.sized() {
			e.from -= lengthSize
		}
		l.values = append(l.values, d.page[e.from:e.end]...)
	}
	l.places, l.coded = l.places[:0], false
	d.entries = d.entries[:l.used] // those that the pages before refer to
	end := uint32(0)
	if l.used > 0 {
		end = d.entries[l.used-1].end
	}
	d.page = d.page[:end]
}

// endPage compresses the page and adds it to the chunk.
func (l *leaf) endPage() {
	if l.coded && l.used == 0 && 2*len(l.dictionary.page) > l.plain {
		l.uncode()
	}
	raw := l.with.raw[:0]
	if l.deep {
		raw = appendLevels(raw, &l.repetitions)
	}
	raw = appendLevels(raw, &l.definitions)
	encoding := encodingPlain
	l.with.layout = layout{}
	if l.coded && len(l.dictionary.entries) > 0 {
		encoding = encodingDictionary
		raw = l.appendPlaces(raw)
		l.used = len(l.dictionary.entries)
	} else {
		l.with.layout = layout{len(raw), l.size(), &l.way}
		raw = append(raw, l.values...)
	}
	l.with.raw = raw
	l.add(l, encoding)
	l.clear()
}

// size returns how many bytes the first value of the page has in it.
func (l *leaf) size() int {
	switch {
	case l.form == formDecimal:
		return decimalSize
	case l.form == formBoolean || len(l.values) == 0:
		return 0
	case l.sized():
		return lengthSize + int(binary.LittleEndian.Uint32(l.values))
	default:
		return 8
	}
}

// drop frees the buffers.
func (l *leaf) drop() {
	l.definitions.out, l.repetitions.out, l.values, l.places = nil, nil, nil, nil
	l.chunk = chunk{hopeless: l.hopeless, way: l.way}
}

// room returns about how many bytes the buffers have.
func (l *leaf) room() int {
	d := &l.dictionary
	return cap(l.definitions.out) + cap(l.repetitions.out) + cap(l.values) + 4*cap(l.places) + cap(l.pages) + cap(d.page) + 12*cap(d.entries) + 4*cap(d.slots)
}

// clear begins a page.
func (l *leaf) clear() {
	l.values, l.places = l.values[:0], l.places[:0]
	l.definitions.reset()
	l.repetitions.reset()
	l.bounds.reset()
	l.rows, l.count, l.nulls = 0, 0, 0
}

// appendLevels appends levels and their length.
func appendLevels(dst []byte, levels *hybrid) []byte {
	encoded := levels.end()
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(encoded))), encoded...) //nolint:gosec // of a page
}

// appendPlaces appends the places in the dictionary and how many bits each has.
func (l *leaf) appendPlaces(dst []byte) []byte {
	width := bits.Len(uint(max(1, len(l.dictionary.entries)) - 1))
	h := &l.with.places
	*h = hybrid{width: width, out: append(dst, byte(width))}
	for _, place := range l.places {
		h.add(place)
	}
	return h.end()
}
