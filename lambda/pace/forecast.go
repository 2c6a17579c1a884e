package pace

import (
	"math"
	"time"
)

// Run is a paced run before it begins. Its segments are taken to have the same size.
type Run struct {
	UnitsPerSecond        float64 // the pace
	Segments, Concurrency int
	// Items are the items that the run reads, and Units what they cost together before any page is rounded up. Spread is the standard
	// deviation of the cost of an item, as a part of the mean cost.
	Items, Units, Spread float64
	Consistent           bool  // reads are strongly consistent
	Limit                int64 // the request's own limit of items in a page, 0 for none
	// Page returns how long a page of so many units takes to arrive.
	Page func(units float64) time.Duration
	// Invocation is how long an invocation reads, and Between how long it takes to end one and to start the next one. Patience is the longest
	// wait that an invocation makes itself.
	Invocation, Between, Patience time.Duration
}

// Forecast is what a Run is expected to take.
type Forecast struct {
	Pages, Units float64
	Seconds      float64 // until the pace has paid for the last page
	Waits        float64 // of the state machine
}

// Forecast returns what the run takes if nothing but its pace and the time of its pages limits it. It asks the Pacer itself, in simulated time.
func (r Run) Forecast() Forecast {
	rounds, last := r.Segments/r.Concurrency, r.Segments%r.Concurrency
	var all Forecast
	if rounds > 0 {
		all.add(r.segment(r.Concurrency), float64(rounds), float64(r.Concurrency))
	}
	if last > 0 {
		rest := r.segment(last)
		if rounds > 0 { // the last segments keep their shares until they have seen the markers of the others
			share := Share{concurrency: r.Concurrency}
			rest.Seconds += share.interval().Seconds() * (1 - float64(last)/float64(r.Concurrency))
		}
		all.add(rest, 1, float64(last))
	}
	return all
}

// add adds rounds of so many segments at the same time.
func (f *Forecast) add(segment Forecast, rounds, atOnce float64) {
	f.Pages += segment.Pages * rounds * atOnce
	f.Units += segment.Units * rounds * atOnce
	f.Seconds += segment.Seconds * rounds
	f.Waits += segment.Waits * rounds * atOnce
}

const (
	// simulated is how many pages of a segment are simulated at most. The others are like the second half of these.
	simulated = 400
	// fullPage is what a page of 1 MB costs without rounding, if reads are eventually consistent.
	fullPage = 128
)

// segment returns the forecast of one of so many segments that run at the same time.
func (r Run) segment(atOnce int) Forecast {
	s := simulation{Run: r, share: NewShare(r.UnitsPerSecond, atOnce, atOnce, nil), now: time.Unix(0, 0)}
	s.invoke(time.Time{})
	begun, left := s.now, r.Items/float64(r.Segments)
	var half, did Forecast // after half of the pages that are simulated, and after all of them
	var halfLeft float64
	for ended := false; ; {
		var items float64
		items, ended = s.page(left)
		left -= items
		did = Forecast{s.pages, s.units, s.now.Sub(begun).Seconds(), s.waits}
		if ended || did.Pages == simulated {
			break
		}
		if did.Pages == simulated/2 {
			half, halfLeft = did, left
		}
	}
	handOvers := 0.0 // beyond the simulated ones
	if left > 0 {
		more, simulated := left/(halfLeft-left), did.Seconds
		did.Pages += more * (did.Pages - half.Pages)
		did.Units += more * (did.Units - half.Units)
		did.Seconds += more * (did.Seconds - half.Seconds)
		if more *= did.Waits - half.Waits; more > 0 {
			did.Waits += more
		} else {
			handOvers = math.Floor(did.Seconds/r.Invocation.Seconds()) - math.Floor(simulated/r.Invocation.Seconds())
		}
	}
	// The next invocation of the segment begins when all is paid for, and so does the next segment.
	before := s.waits
	did.Seconds += s.paid().Seconds() * (1 + handOvers)
	did.Waits += s.waits - before
	return did
}

// simulation is a segment in simulated time.
type simulation struct {
	Run
	share               *Share
	pacer               *Pacer
	now                 time.Time
	until               time.Time // when the invocation ends
	pages, units, waits float64
}

// invoke begins an invocation.
func (s *simulation) invoke(paidAt time.Time) {
	s.until = s.now.Add(s.Invocation)
	s.pacer = newPacer(s.now, Config{Share: s.share, Consistent: s.Consistent, Limit: s.Limit, PaidAt: paidAt})
}

// page reads the next page of at most so many items, and returns how many it has. A page that has as many as its limit is not the last one of its
// segment: DynamoDB does not look further.
func (s *simulation) page(left float64) (items float64, ended bool) {
	limit, wait := s.pacer.next(s.now)
	for ; wait > 0; limit, wait = s.pacer.next(s.now) {
		if resume := s.pacer.ResumeAt(); resume.Sub(s.now) > s.Patience || resume.After(s.until) {
			s.handOver()
		} else {
			s.now = s.now.Add(wait)
		}
	}
	each, full, step := s.Units/math.Max(1, s.Items), float64(fullPage), 0.5
	if s.Consistent {
		full, step = 2*full, 2*step
	}
	most := math.Max(1, math.Floor(full/math.Max(each, math.SmallestNonzeroFloat64)))
	for _, limit := range []float64{float64(limit), float64(s.Limit)} {
		if limit > 0 {
			most = math.Min(most, limit)
		}
	}
	items = math.Min(most, left)
	_, part := math.Modf(0.5 + s.pages*math.Sqrt2) // spreads evenly over [0, 1)
	noise := math.Sqrt(12) * (part - 0.5) * s.Spread * math.Sqrt(items)
	cost := math.Max(step, math.Ceil(math.Max(0, items+noise)*each/step-1e-9)*step)
	s.pacer.asked = s.now
	s.pages, s.units, s.now = s.pages+1, s.units+cost, s.now.Add(s.Page(cost))
	s.pacer.answered(s.now, int64(items), cost, 0)
	return items, items < most
}

// handOver ends an invocation and begins the next one.
func (s *simulation) handOver() {
	paid := s.pacer.continueAt(s.now)
	s.wait(paid, s.pacer.ResumeAt())
	s.now = s.now.Add(s.Between)
	s.invoke(paid)
}

// paid returns how long the last invocation waits until its pages are paid for.
func (s *simulation) paid() time.Duration {
	before := s.now
	s.wait(s.pacer.paidBy(s.now))
	return s.now.Add(s.Between).Sub(before)
}

// wait waits for the last of some moments. If that takes long, the state machine waits, for whole seconds.
func (s *simulation) wait(moments ...time.Time) {
	until := s.now
	for _, at := range moments {
		if at.After(until) {
			until = at
		}
	}
	if until.Sub(s.now) > s.Patience {
		s.waits++
		until = until.Add(time.Second / 2) // on average
	}
	s.now = until
}
