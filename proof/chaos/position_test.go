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
	// A position is the digest in a segment list, the end of an object that a list names, "" for the start, or endOfSegment.
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

// draw numbers a try.
func (s *segment) draw(try string) {
	if s.tries[try] == 0 && try != "" {
		s.tries[try] = uint8(1 + len(s.tries))
	}
}

// follow adds the positions that a list leads through.
func (s *segment) follow(l *run.SegmentList) {
	from := l.Start
	if l.NextPart == l.FirstPart {
		s.gaps = append(s.gaps, gap{from, endOf(l, l.NextPart-1), true})
	}
	for part := l.FirstPart; part < l.NextPart; part++ {
		s.gaps = append(s.gaps, gap{from, endOf(l, part), false})
		from = endOf(l, part)
	}
}

// endOf is the position where a part of a list ends. The last one ends where the list does.
func endOf(l *run.SegmentList, part int) string {
	switch {
	case part < l.NextPart-1:
		return fmt.Sprintf("%s/%d", l.Try, part)
	case l.Done:
		return endOfSegment
	default:
		return l.End
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
		return errUnknown
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

// upload is the upload of a part that a list names.
func (s *segment) upload(l *run.SegmentList, part int) model.Item {
	start := l.Start
	if part > l.FirstPart {
		start = endOf(l, part-1)
	}
	return model.Item{
		Kind: model.Upload, Segment: uint8(l.Segment), Number: uint8(part), Try: s.tries[l.Try], Start: s.page(start), End: s.page(endOf(l, part)),
	}
}

// list is a segment list.
func (s *segment) list(l *run.SegmentList) model.Item {
	end := l.End
	if l.Done {
		end = endOfSegment
	}
	return model.Item{
		Kind: model.List, Segment: uint8(l.Segment), Number: uint8(l.Invocation), Try: s.tries[l.Try], Start: s.page(l.Start), End: s.page(end),
		After: s.tries[l.After], First: uint8(l.FirstPart), Next: uint8(l.NextPart), Done: l.Done, Takeovers: uint8(l.Takeovers),
	}
}
