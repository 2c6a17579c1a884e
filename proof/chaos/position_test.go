package chaos_test

import (
	"bytes"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/model"
)

// segment numbers the tries and positions of a segment of the table, as the model has them.
type segment struct {
	tries map[string]uint8 // in the order of their first writes; 0 for none
	// A position is the digest in a segment list, the end of an object that a try has written, "" for the start, or endOfSegment.
	positions map[string]int
	gaps      []gap
}

// gap is what lies between two positions that a try has come to, one after the other. sparse says that it wrote no object of it.
type gap struct {
	from, to string
	sparse   bool
}

const endOfSegment = "end"

// most is how many positions, tries, parts or invocations of a segment the model can number.
const most = 250

func newSegment() *segment {
	return &segment{tries: map[string]uint8{}, positions: map[string]int{"": 0}}
}

// follow adds the positions that an invocation has come to.
func (s *segment) follow(i *invocation) {
	from := i.from.Position
	if i.list != nil && i.next == i.from.Part {
		s.gaps = append(s.gaps, gap{from, endOf(i, i.next-1), true})
	}
	for part := i.from.Part; part < i.next; part++ {
		s.gaps = append(s.gaps, gap{from, endOf(i, part), false})
		from = endOf(i, part)
	}
}

// endOf is the position where a part of an invocation ends. The last one ends where its list does.
func endOf(i *invocation, part int) string {
	switch {
	case part < i.next-1 || i.list == nil:
		return fmt.Sprintf("%s/%d", i.try, part)
	case i.list.Done:
		return endOfSegment
	default:
		return i.list.End
	}
}

// number gives each position a number that is greater than those of all positions before it in some try. The number is the model's
// page. So the model compares positions as the functions do: those of lists by their digests, whatever try wrote them.
func (s *segment) number() error {
	for round, moved := 0, true; moved; round++ {
		if moved = false; round > len(s.gaps) {
			return errors.New("the positions of a segment do not follow on each other")
		}
		for _, g := range s.gaps {
			if after := s.positions[g.from] + 1; s.positions[g.to] < after {
				s.positions[g.to], moved = after, true
			}
		}
	}
	end := 1
	for position, at := range s.positions {
		if position != endOfSegment {
			end = max(end, at+1)
		}
	}
	if s.positions[endOfSegment] = end; end > most || len(s.tries) > most {
		return errTooLarge
	}
	return nil
}

// pages returns the pages of the segment for the model's bounds.
func (s *segment) pages() string {
	pages := bytes.Repeat([]byte{model.Full}, s.positions[endOfSegment])
	for _, g := range s.gaps {
		for page := s.positions[g.from]; g.sparse && page < s.positions[g.to]; page++ {
			pages[page] = model.Sparse
		}
	}
	return string(pages)
}

func (s *segment) page(position string) uint8 { return uint8(s.positions[position]) }

// object is an object that an invocation has written.
func (s *segment) object(i *invocation, part int) model.Item {
	start := i.from.Position
	if part > i.from.Part {
		start = endOf(i, part-1)
	}
	return model.Item{Segment: uint8(i.segment), Number: uint8(part), Try: s.tries[i.try], Start: s.page(start), End: s.page(endOf(i, part))}
}

// list is a segment list.
func (s *segment) list(l *run.SegmentList) model.Item {
	end := l.End
	if l.Done {
		end = endOfSegment
	}
	return model.Item{
		List: true, Segment: uint8(l.Segment), Number: uint8(l.Invocation), Try: s.tries[l.Try], Start: s.page(l.Start), End: s.page(end),
		After: s.tries[l.After], First: uint8(l.FirstPart), Next: uint8(l.NextPart), Done: l.Done,
	}
}
