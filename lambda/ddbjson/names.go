package ddbjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

const wantOnce = "a name that occurs once in its object"

// names finds names that occur twice in one object of an item, in one pass over the item. There may be many names, and they may
// have escapes.
//
// The items of a table have the same names, mostly in the same order. So the first 64 different names of an answer get numbers, and
// each open object has a set of the numbers in it. names guesses each name: the one that followed the name before it the last time.
// If the guess is right, a name costs one comparison. After the first 64, other names are in a hash table of the item. The zero
// value is empty.
type names struct {
	known   [64]knownName
	numbers [256]uint8 // an open hash table of known: a number plus 1, or 0
	size    int        // of known
	last    uint8      // the number of the known name that was read last
	others  nameTable
	escaped bool // there may be a name with an escape
	spaced  bool // there may be white space between the tokens of an item

	objects [MaxDepth]object // the open ones
}

// knownName is a name with a number: b[i:end], with its quotes.
type knownName struct {
	i, end int
	hash   uint64
	start  uint64 // its first eight bytes, or all of it and zeros
	mask   uint64 // the bits of start that belong to it
	next   uint8  // the number of the name that followed it the last time
}

// object is an open object: the offset of its bracket, and the numbers of the known names in it as bits. If its first name is like
// a type, first is the offset of that name until a second name comes: most objects have one name, a type, and need not keep it.
type object struct {
	open, first int
	known       uint64
}

// spelled is a name in its spelling: b[i:end], with its quotes.
type spelled struct {
	i, end  int
	hash    uint64 // of its characters
	escaped bool
}

// restart forgets everything, before the items of an answer.
func (s *names) restart() {
	s.others.reset()
	s.known[0], s.numbers, s.size, s.last = knownName{}, [256]uint8{}, 0, 0
	s.escaped, s.spaced = false, false
}

// skipSpace is like the function next, and notes that there is white space. s may be nil.
func (s *names) skipSpace(b []byte, i int) (int, byte) {
	if s != nil {
		s.spaced = true
	}
	return next(b, i)
}

// first is like the method next, for the first name of the object that opens at b[open].
func (s *names) first(b []byte, open, i, depth int) (end int, done bool, err *MalformedError) {
	if s != nil {
		s.objects[depth-1] = object{open: open}
		if isTag(b, i) {
			s.objects[depth-1].first = i
			return i + 4, false, nil
		}
	}
	return s.next(b, i, depth)
}

// next reads a name of the open object at depth, from b[i] on, and its colon. It returns the offset of the value. If the value is a
// scalar, next also skips it, and all attributes with scalars after it. Then done is true, and end is the offset after them. If s is
// nil, next keeps no names and skips no values.
func (s *names) next(b []byte, i, depth int) (end int, done bool, err *MalformedError) {
	if s == nil {
		_, end, err = member(b, i)
		return end, false, err
	}
	of := &s.objects[depth-1]
	if of.first > 0 {
		if _, err = s.lookUp(b, of.first, of); err != nil {
			return 0, false, err
		}
		of.first = 0
	}
	for {
		guess := s.known[s.last].next
		if end = s.known[guess].after(b, i); end == 0 {
			end, err = s.lookUp(b, i, of)
		} else if !s.put(of, guess) {
			err = malformed(b, i, wantOnce)
		} else if b[end] <= ' ' {
			end, _ = s.skipSpace(b, end)
		}
		if err != nil || depth == MaxDepth {
			return end, false, err
		}
		scalar := skipScalar(b, end)
		if scalar == 0 {
			return end, false, nil
		}
		if at(b, scalar) != ',' || at(b, scalar+1) != '"' {
			return scalar, true, nil
		}
		i = scalar + 1
	}
}

// put puts a known name into an object, and reports whether it is new there.
func (s *names) put(of *object, number uint8) bool {
	s.last = number
	before := of.known
	of.known |= 1 << (number & 63)
	return of.known != before
}

// lookUp reads a name of an object, from b[i] on, and its colon, and returns the offset of the value. It finds the name by its hash.
func (s *names) lookUp(b []byte, i int, of *object) (value int, err *MalformedError) {
	name, value, err := readName(b, i)
	if err != nil {
		return 0, err
	}
	s.escaped = s.escaped || name.escaped
	s.spaced = s.spaced || value != name.end+1
	isNew := false
	if number := s.numberOf(b, name); int(number) < len(s.known) {
		s.known[s.last].next = number
		isNew = s.put(of, number)
	} else {
		isNew = s.others.keep(b, of.open, name, s.escaped)
	}
	if !isNew {
		return 0, malformed(b, i, wantOnce)
	}
	return value, nil
}

// numberOf returns the number of a name. A new name gets one. If there are no more, numberOf returns 64.
func (s *names) numberOf(b []byte, name spelled) uint8 {
	place := uint8(name.hash)
	for ; s.numbers[place] > 0; place++ {
		number := s.numbers[place] - 1
		if k := &s.known[number]; k.hash == name.hash && same(b, k.i, name, s.escaped) {
			return number
		}
	}
	number := uint8(s.size)
	if s.size < len(s.known) {
		k := knownName{i: name.i, end: name.end, hash: name.hash, mask: 1<<(8*(name.end-name.i)) - 1}
		k.start = word(b, name.i) & k.mask
		s.known[number] = k
		s.size++
		s.numbers[place] = number + 1
	}
	return number
}

// after returns the offset after the known name and a colon, if b[i:] starts with them. Otherwise, and near the end of b, it returns
// 0.
func (k *knownName) after(b []byte, i int) int {
	size := k.end - k.i
	end := i + size
	if size == 0 || end+8 > len(b) || (binary.LittleEndian.Uint64(b[i:])^k.start)&k.mask != 0 || b[end] != ':' {
		return 0
	}
	if size > 8 && binary.LittleEndian.Uint64(b[end-8:]) != binary.LittleEndian.Uint64(b[k.end-8:]) {
		return 0
	}
	if size > 16 && !bytes.Equal(b[i+8:end-8], b[k.i+8:k.end-8]) {
		return 0
	}
	return end + 1
}

// readName is like member, and also hashes the name: eight bytes at a time, the last of them filled with zeros.
func readName(b []byte, i int) (name spelled, value int, err *MalformedError) {
	hash := nameSeed
	for j := i + 1; at(b, i) == '"' && j+9 < len(b); j += 8 {
		word := binary.LittleEndian.Uint64(b[j:])
		m := marks(word)
		if m == 0 {
			hash = foldName(hash, word)
			continue
		}
		size := bits.TrailingZeros64(m) &^ 7
		end := j + size>>3
		if b[end] != '"' || b[end+1] != ':' {
			break // an escape, a character that is not ASCII, or white space
		}
		value, _ = next(b, end+2)
		return spelled{i: i, end: end + 1, hash: foldName(hash, word&(1<<size-1))}, value, nil
	}
	text, value, err := member(b, i)
	if err != nil {
		return spelled{}, 0, err
	}
	end := i + len(text) + 2
	hash, escaped := hashName(text)
	return spelled{i: i, end: end, hash: hash, escaped: escaped}, value, nil
}

// nameSeed changes the hashes in each process, so that nobody can choose names that collide.
var nameSeed = rand.Uint64()

// hashName returns the hash of a name, given without quotes, and whether it has an escape.
func hashName(name []byte) (hash uint64, escaped bool) {
	var scratch [64]byte
	if escaped = bytes.IndexByte(name, '\\') >= 0; escaped {
		name = unescape(scratch[:0], name)
	}
	hash = nameSeed
	for ; len(name) >= 8; name = name[8:] {
		hash = foldName(hash, binary.LittleEndian.Uint64(name))
	}
	return foldName(hash, word(name, 0)), escaped
}

// foldName adds eight bytes of a name to its hash.
func foldName(hash, word uint64) uint64 {
	high, low := bits.Mul64(hash^word, 0x9e3779b97f4a7c15)
	return high ^ low
}

// same reports whether the name whose opening quote is b[other] is the same as name. escaped says that one may have an escape.
func same(b []byte, other int, name spelled, escaped bool) bool {
	if bytes.HasPrefix(b[other:], b[name.i:name.end]) {
		return true
	}
	if !escaped {
		return false
	}
	var scratch [2][64]byte
	return bytes.Equal(unescape(scratch[0][:0], b[other+1:endOfName(b, other)-1]), unescape(scratch[1][:0], b[name.i+1:name.end-1]))
}

// endOfName returns the offset after a name that was read before.
func endOfName(b []byte, i int) int {
	end, err := skipString(b, i)
	if err != nil {
		panic("internal error: there is no name here")
	}
	return end
}
