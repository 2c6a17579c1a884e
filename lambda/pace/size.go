package pace

import "math"

// sizer chooses the number of items for a page of a given cost. DynamoDB rounds the bytes of a page up to its unit, so a page of
// few items says little about the cost of an item. The first page has one item, and no page has more than growth times the items of
// the page before.
type sizer struct {
	least float64 // the least cost of a page: half a unit, or a whole one
	full  float64 // the cost of a page of 1 MB
	own   int64   // the request's own limit, 0 for none

	units, items float64 // of the last pages, with less weight for older ones
	margin       float64 // how many times more than expected a page has cost recently; 1 or more
	last         float64 // the number of items in the last page
	lastEach     float64 // the least cost of each of them
}

const (
	growth = 4
	// weight is what an older page counts when a new one comes. ease is the part of a margin that is left then.
	weight = 0.75
	ease   = 0.9
	// mostMargin limits the margin, so that one page of very large items does not stop a segment.
	mostMargin = 4
)

func newSizer(consistent bool, own int64) sizer {
	s := sizer{least: 0.5, full: 130, own: own, margin: 1}
	if consistent {
		s.least, s.full = 2*s.least, 2*s.full
	}
	return s
}

// limit returns how many items a page of so many units may evaluate, 0 for the request's own limit, and the page's expected cost.
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
		return 0, s.cost(0)
	}
	if each == 0 {
		return 1, s.least
	}
	items := int32(max(1, min(math.Floor(units/each), growth*max(1, s.last), own)))
	return items, s.cost(items)
}

// within returns how many items a page may evaluate that may cost so many units, 0 for the request's own limit. An item whose cost is not known
// counts as a page of the least cost. The page has one item at least.
func (s *sizer) within(units float64) int32 {
	if units >= s.full {
		return 0
	}
	items := max(1, math.Floor(units/max(s.one(), math.SmallestNonzeroFloat64)))
	if s.own > 0 && items >= float64(s.own) {
		return 0
	}
	return int32(min(items, math.MaxInt32))
}

// cost returns the expected cost of a page of so many items, 0 for the request's own limit.
func (s *sizer) cost(items int32) float64 {
	n := float64(items)
	if items == 0 {
		n = float64(s.own)
	}
	if n == 0 {
		return s.full
	}
	return min(s.full, max(s.least, n*s.one()))
}

// one returns the expected cost of an item in a page, the least cost of a page if it is not known.
func (s *sizer) one() float64 {
	if each := s.each(); each > 0 {
		return each
	}
	return s.least
}

// each returns the expected cost of an item, 0 if it is not known.
func (s *sizer) each() float64 {
	if s.items == 0 {
		return 0
	}
	return max(s.units/s.items*s.margin, s.lastEach)
}

// paid learns from a page's cost. A page without evaluated items says nothing.
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
