package model

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unsafe"

	"dynamodb-to-s3/lambda/run"
)

// Item is something in the bucket. It consists of bytes alone.
type Item struct {
	Kind       ItemKind
	Segment    uint8
	Number     uint8 // of the part or of the invocation
	Try        uint8 // counted from 1
	Start, End uint8 // the pages [Start, End)
	// Twin tells the uploads of one key apart. It is 0 for the upload that the try fills. The others were begun and their answers were lost.
	Twin uint8
	// Table is the TableId of the table that the pages of an upload or object come from.
	Table uint8
	// Schema belongs to what the second pass makes: the schema of its rows, and that of the plan of a list. It is 0 in the first pass.
	Schema uint8
	// After, First, Next and Done belong to lists: the try that the list follows, its objects [First, Next), and whether it has come
	// to the segment's end.
	After, First, Next uint8
	Done               bool
	// Takeovers is how often the run had been taken over when the list was written. It counts only at the segment's end.
	Takeovers uint8
}

// ItemKind is the kind of an item.
type ItemKind uint8

// The kinds of items.
const (
	Object ItemKind = iota // a data object, which every reader sees
	Upload                 // an upload that is open: nobody sees it
	List                   // a segment list
)

// String returns the item in words.
func (i Item) String() string {
	switch i.Kind {
	case Object:
		return fmt.Sprintf("object %d/%d of try %d (pages %d to %d)", i.Segment, i.Number, i.Try, i.Start, i.End)
	case Upload:
		return fmt.Sprintf("upload %d/%d of try %d (pages %d to %d, twin %d)", i.Segment, i.Number, i.Try, i.Start, i.End, i.Twin)
	default:
		return fmt.Sprintf("list %d/%d of try %d (after %d, parts %d to %d, pages %d to %d, done: %t, takeovers %d)",
			i.Segment, i.Number, i.Try, i.After, i.First, i.Next, i.Start, i.End, i.Done, i.Takeovers)
	}
}

// as returns the item as another kind: an upload that is completed becomes an object.
func (i Item) as(kind ItemKind) Item {
	i.Kind = kind
	return i
}

// sameKey tells whether one of two items replaces the other. Uploads do not replace each other.
func (m model) sameKey(a, b Item) bool {
	shared := a.Kind == List && m.SharesLists || a.Kind == Object && m.SharesData
	return a.Kind == b.Kind && a.Segment == b.Segment && a.Twin == b.Twin && a.Done == b.Done &&
		(a.Done || a.Number == b.Number && (a.Try == b.Try || shared))
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

// write writes an item of an invocation of scan. before is the state before the write.
func (m model) write(n, before *state, at int, item Item) {
	c := &n.invocations[at]
	c.try, n.drawn[c.segment] = item.Try, max(n.drawn[c.segment], item.Try)
	n.bucket = m.put(n.bucket, item)
	n.wroteOthers = n.wroteOthers || m.trespasses(before, c.execution)
	own := &n.passes[c.pass()]
	own.late = own.late || n.commit[c.pass()] != nil
	for _, i := range n.invocations {
		own.late = own.late || i.segment == Finalize && i.pass() == c.pass() && (i.read&uploads != 0 || i.progress >= compared)
	}
}

// trespasses tells whether an execution that writes has lost the run to another one, which works on it or has completed it. It has not if
// it has committed the run itself: then the other one only returns the result.
func (m model) trespasses(s *state, e uint8) bool {
	owner := s.executions[s.owner-1].phase
	return s.owner != e+1 && s.passes[m.last()].committer != e+1 && (owner == working || owner == succeeded)
}

// named tells whether one of the lists names an upload or an object.
func named(lists []Item, i Item) bool {
	return i.Kind != List && i.Twin == 0 && slices.ContainsFunc(lists, func(l Item) bool {
		return l.Segment == i.Segment && l.Try == i.Try && l.First <= i.Number && i.Number < l.Next
	})
}

// has returns what the bucket has, of a kind, of what the lists name. whole tells whether it has it all.
func (s *state) has(lists []Item, kinds ...ItemKind) (items []Item, whole bool) {
	count := 0
	for _, l := range lists {
		count += int(l.Next - l.First)
	}
	for _, i := range s.bucket {
		if slices.Contains(kinds, i.Kind) && named(lists, i) {
			items = append(items, i)
		}
	}
	return items, len(items) == count
}

// ended returns the list that ends a segment, and the zero Item if there is none. whole tells, as the function resume in lambda/scan does,
// whether S3 still has all that its chain names.
func (m model) ended(s *state, segment, schema uint8) (end Item, whole bool) {
	chain, ok := m.chain(s, segment, schema)
	for _, l := range s.bucket {
		if l.Kind == List && l.Segment == segment && l.Done {
			end = l
		}
	}
	_, whole = s.has(chain, Upload, Object)
	return end, ok && whole
}

// chain joins the lists of a segment, and of the plan with this schema, with the function that finalize uses.
func (m model) chain(s *state, segment, schema uint8) (chain []Item, ok bool) {
	var lists []run.SegmentList
	for _, l := range s.bucket {
		if l.Kind == List && l.Segment == segment {
			chain = append(chain, l)
			ok = ok || l.Done
			lists = append(lists, m.listOf(l))
		}
	}
	if m.TakesAllLists && ok {
		return chain, true
	}
	if !ok {
		return nil, false
	}
	joined, fault := run.Chain(m.planOf(schema), int(segment), lists)
	return slices.DeleteFunc(chain, func(l Item) bool {
		return !slices.ContainsFunc(joined, func(j run.SegmentList) bool {
			return j.Plan == m.planOf(l.Schema) && j.Done == l.Done && j.Invocation == int(l.Number) && j.Try == digits[l.Try]
		})
	}), fault == ""
}

// planOf returns the digest of a plan with a schema.
func (m model) planOf(schema uint8) string {
	if m.MixesPlans {
		return ""
	}
	return digits[schema]
}

func (m model) listOf(l Item) run.SegmentList {
	return run.SegmentList{
		Plan: m.planOf(l.Schema), Segment: int(l.Segment), Invocation: int(l.Number), Try: digits[l.Try], After: digits[l.After],
		FirstPart: int(l.First), NextPart: int(l.Next), Start: digits[l.Start], End: digits[l.End], Done: l.Done,
	}
}

// continuations returns the checkpoints from which a segment can continue: its start, and the end of each chain of lists all of whose uploads
// are open or completed.
func (m model) continuations(s *state, segment, schema uint8) []Checkpoint {
	found := []Checkpoint{{}}
	for at := 0; at < len(found); at++ {
		for _, l := range s.bucket {
			if l.Kind != List || l.Segment != segment || m.planOf(l.Schema) != m.planOf(schema) || l.Done || !l.follows(found[at]) {
				continue
			}
			if _, whole := s.has([]Item{l}, Upload, Object); whole {
				found = append(found, l.checkpoint())
			}
		}
	}
	return found
}

// follows tells whether a list begins where a checkpoint ends.
func (i Item) follows(c Checkpoint) bool {
	return i.Number == c.Invocation && i.After == c.Try && i.First == c.Part && i.Start == c.Page
}

// checkpoint is the one after a list.
func (i Item) checkpoint() Checkpoint {
	return Checkpoint{Invocation: i.Number + 1, Part: i.Next, Page: i.End, Try: i.Try}
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
