package model

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unsafe"

	"dynamodb-to-s3/lambda/run"
)

// Item is an object in the bucket: a data object or a segment list. It consists of bytes alone.
type Item struct {
	List       bool
	Segment    uint8
	Number     uint8 // of the part or of the invocation
	Try        uint8 // counted from 1
	Start, End uint8 // the pages [Start, End)
	// After, First, Next and Done belong to lists: the try that the list follows, its objects [First, Next), and whether it has come
	// to the segment's end.
	After, First, Next uint8
	Done               bool
}

// String returns the item in words.
func (i Item) String() string {
	if !i.List {
		return fmt.Sprintf("object %d/%d of try %d (pages %d to %d)", i.Segment, i.Number, i.Try, i.Start, i.End)
	}
	return fmt.Sprintf("list %d/%d of try %d (after %d, parts %d to %d, pages %d to %d, done: %t)",
		i.Segment, i.Number, i.Try, i.After, i.First, i.Next, i.Start, i.End, i.Done)
}

// sameKey tells whether two items have the same key in the bucket.
func (m model) sameKey(a, b Item) bool {
	shared := m.SharesData
	if a.List {
		shared = m.SharesLists
	}
	return a.List == b.List && a.Segment == b.Segment && a.Done == b.Done && (a.Done || a.Number == b.Number && (a.Try == b.Try || shared))
}

// put returns the items with one more, which replaces the item of the same key. They are in order.
func (m model) put(items []Item, item Item) []Item {
	put := slices.DeleteFunc(append(make([]Item, 0, len(items)+1), items...), func(i Item) bool { return m.sameKey(i, item) })
	at, _ := slices.BinarySearchFunc(put, item, compare)
	return slices.Insert(put, at, item)
}

// without returns the items less some of them.
func without(items, less []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return slices.Contains(less, i) })
}

// objects returns the objects that lists name, as far as the bucket has them; whole tells whether it has them all.
func (s *state) objects(lists []Item) (objects []Item, whole bool) {
	count := 0
	for _, l := range lists {
		count += int(l.Next - l.First)
	}
	for _, o := range s.bucket {
		if !o.List && slices.ContainsFunc(lists, func(l Item) bool {
			return l.Segment == o.Segment && l.Try == o.Try && l.First <= o.Number && o.Number < l.Next
		}) {
			objects = append(objects, o)
		}
	}
	return objects, len(objects) == count
}

// settled tells, as the function of that name in lambda/scan does, whether a segment is scanned and whole.
func (m model) settled(s *state, segment uint8) bool {
	chain, ok := m.chain(s, segment)
	_, whole := s.objects(chain)
	return ok && whole
}

// chain joins the lists of a segment with the function that finalize uses.
func (m model) chain(s *state, segment uint8) (chain []Item, ok bool) {
	var lists []run.SegmentList
	for _, l := range s.bucket {
		if l.List && l.Segment == segment {
			chain = append(chain, l)
			ok = ok || l.Done
			lists = append(lists, run.SegmentList{
				Segment: int(segment), Invocation: int(l.Number), Try: digits[l.Try], After: digits[l.After],
				FirstPart: int(l.First), NextPart: int(l.Next), Start: digits[l.Start], End: digits[l.End], Done: l.Done,
			})
		}
	}
	if m.TakesAllLists && ok {
		return chain, true
	}
	joined, fault := run.Chain("", int(segment), lists)
	return slices.DeleteFunc(chain, func(l Item) bool {
		return !slices.ContainsFunc(joined, func(j run.SegmentList) bool {
			return j.Done == l.Done && j.Invocation == int(l.Number) && j.Try == digits[l.Try]
		})
	}), fault == ""
}

// digits are the texts of numbers, "" for 0: the position of a segment's start, and the try before the first one.
var digits = func() (texts [256]string) {
	for i := range texts[1:] {
		texts[i+1] = strconv.Itoa(i + 1)
	}
	return texts
}()

// bytesOf returns the bytes of values that consist of bytes alone.
func bytesOf[T any](values ...T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

func compare[T any](a, b T) int { return bytes.Compare(bytesOf(a), bytesOf(b)) }
