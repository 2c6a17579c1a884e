package pace

import "math"

// sizer finds the number of items for which a page costs what it should. DynamoDB rounds the bytes of a page up to its unit, so a
// page of few items tells little of what an item costs: it begins with one, and no page has more than growth times the last one's.
type sizer struct {
	least float64 // what a page costs at least: half a unit, or a whole one
	full  float64 // what a page of 1 MB costs
	own   int64   // the request's own limit, 0 for none

	units, items float64 // of the last pages, older ones for less
	margin       float64 // by what factor a page has cost more than those before it, of late; at least 1
	last         float64 // how many items the last page had
	lastEach     float64 // what each of them cost at least
}

const (
	growth = 4
	// weight is what a page counts for once another has come; ease is how much of a margin is left by then.
	weight = 0.75
	ease   = 0.9
	// mostMargin bounds the margin: one page of giants among small items is not to stop a segment.
	mostMargin = 4
)

func newSizer(consistent bool, own int64) sizer {
	s := sizer{least: 0.5, full: 130, own: own, margin: 1}
	if consistent {
		s.least, s.full = 2*s.least, 2*s.full
	}
	return s
}

// limit returns how many items a page may evaluate that is to cost so many units, 0 for no limit but the request's own, and what
// it is expected to cost.
func (s *sizer) limit(units float64) (limit int32, expected float64) {
	each := s.each()
	own := float64(s.own)
	if own == 0 {
		own = math.MaxInt32
	}
	if units >= s.full {
		if each == 0 {
			return 0, s.full
		}
		return 0, min(s.full, max(s.least, own*each))
	}
	if each == 0 {
		return 1, s.least
	}
	items := max(1, min(math.Floor(units/each), growth*max(1, s.last), own))
	return int32(items), min(s.full, max(s.least, items*each))
}

// each is what an item is expected to cost, 0 where it is not known.
func (s *sizer) each() float64 {
	if s.items == 0 {
		return 0
	}
	return max(s.units/s.items*s.margin, s.lastEach)
}

// paid learns from a page. One for which nothing was evaluated tells nothing.
func (s *sizer) paid(items int64, units float64) {
	if items == 0 {
		return
	}
	s.margin = 1 + (s.margin-1)*ease
	if s.items > 0 {
		surprise := (units - s.least) / (float64(items) * s.units / s.items)
		s.margin = min(mostMargin, max(s.margin, surprise))
	}
	s.units, s.items = s.units*weight+units, s.items*weight+float64(items)
	s.last, s.lastEach = float64(items), (units-s.least)/float64(items)
}
