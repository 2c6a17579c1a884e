package parquet

import "encoding/binary"

// The types of Thrift's compact protocol that Parquet's metadata have.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftInt32  = 5
	thriftInt64  = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift appends structures in Thrift's compact protocol. The fields of a structure must come in the order of their numbers.
type thrift struct {
	b    []byte
	last []int // the number of the last field, of each open structure
}

// open begins a structure that is not a field: a whole message, or an element of a list.
func (t *thrift) open() { t.last = append(t.last, 0) }

// resume continues a structure whose fields up to a number have been appended as bytes.
func (t *thrift) resume(number int) { t.last = append(t.last, number) }

// close ends a structure.
func (t *thrift) close() {
	t.b = append(t.b, 0)
	t.last = t.last[:len(t.last)-1]
}

func (t *thrift) field(number int, of byte) {
	last := &t.last[len(t.last)-1]
	t.b = append(t.b, byte(number-*last)<<4|of) // Parquet's structures have fewer than 16 fields
	*last = number
}

// structure begins a structure that is a field.
func (t *thrift) structure(number int) {
	t.field(number, thriftStruct)
	t.open()
}

// list begins a list of size elements, which must follow.
func (t *thrift) list(number int, of byte, size int) {
	t.field(number, thriftList)
	if size < 15 {
		t.b = append(t.b, byte(size)<<4|of)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xf0|of), uint64(size))
}

func (t *thrift) int32(number, v int) {
	t.b = binary.AppendVarint(t.fieldOf(number, thriftInt32), int64(v))
}

func (t *thrift) int64(number int, v int64) {
	t.b = binary.AppendVarint(t.fieldOf(number, thriftInt64), v)
}

func (t *thrift) bool(number int, v bool) { t.field(number, thriftBool(v)) }

func (t *thrift) text(number int, v string) {
	t.field(number, thriftBinary)
	t.b = append(binary.AppendUvarint(t.b, uint64(len(v))), v...)
}

func (t *thrift) binary(number int, v []byte) {
	t.field(number, thriftBinary)
	t.b = appendBinary(t.b, v)
}

func (t *thrift) fieldOf(number int, of byte) []byte {
	t.field(number, of)
	return t.b
}

// appendBinary appends an element of a list.
func appendBinary(dst, v []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(v))), v...)
}

func thriftBool(v bool) byte {
	if v {
		return thriftTrue
	}
	return thriftFalse
}
