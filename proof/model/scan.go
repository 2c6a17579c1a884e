package model

import (
	"strconv"

	"dynamodb-to-s3/lambda/run"
)

// scan is lambda/scan.
func (m model) scan(s *state, at int, next emit) {
	n, w := *s, s.workers[at]
	own, who, pages := &n.workers[at], w.execution+1, m.Pages[w.segment]
	switch {
	case !w.asked && s.owner != who && !m.ScansUnasked:
		*own = worker{}
		if w.live {
			m.end(&n, w.execution, dead)
		}
		next(n, "scan of execution %d finds that execution %d has the run", who, s.owner)
	case !w.asked && w.start == 0 && s.executions[w.execution].tookOver && m.settled(s, w.segment):
		*own = worker{}
		if w.live {
			n.executions[w.execution].scanned[w.segment].done = true
		}
		next(n, "scan of execution %d finds segment %d done", who, w.segment)
	case !w.asked:
		own.asked = true
		next(n, "scan of execution %d finds the run its own", who)
	case w.listed:
		*own = worker{}
		if w.live {
			to := checkpoint{invocation: w.invocation + 1, part: w.part, pos: w.pos, try: w.try}
			if w.pos == pages {
				to = checkpoint{done: true}
			}
			n.executions[w.execution].scanned[w.segment] = to
		}
		next(n, "scan of segment %d by execution %d returns the checkpoint of page %d", w.segment, who, w.pos)
	default:
		for size := uint8(1); size <= 2 && w.pos+size <= pages && w.part < parts; size++ {
			n := *s
			own := &n.workers[at]
			if own.try == 0 {
				n.drawn[w.segment]++
				own.try = n.drawn[w.segment]
			}
			written := object{w.pos, w.pos + size, own.try}
			n.tries[w.segment][m.dataOf(own.try)].objects[w.part], own.objects[w.part] = written, written
			m.wrote(&n, w)
			own.pos += size
			own.part++
			next(n, "scan of execution %d writes pages %d to %d as part %d of segment %d, try %d", who, w.pos, own.pos-1, w.part, w.segment, own.try)
		}
		if w.pos > w.start && w.invocation < parts {
			m.list(&n, w)
			own.listed = true
			next(n, "scan of execution %d writes list %d of segment %d, try %d", who, w.invocation, w.segment, w.try)
		}
	}
}

// list writes the list of a worker; at the segment's end if it is the first there.
func (m model) list(n *state, w worker) {
	l := list{
		there: true, done: w.pos == m.Pages[w.segment], invocation: w.invocation, try: w.try, after: w.after,
		first: w.first, next: w.part, start: w.start, end: w.pos, objects: w.objects,
	}
	switch {
	case !l.done:
		n.tries[w.segment][m.listOf(l)].list = l
	case n.ends[w.segment].there && !m.EndsAnew && m.settled(n, w.segment):
		return
	default:
		n.ends[w.segment] = l
	}
	m.wrote(n, w)
}

// wrote enters that an invocation has written.
func (m model) wrote(n *state, w worker) {
	n.wroteOthers = n.wroteOthers || trespasses(n, w.execution)
	n.late = n.late || n.committed
	for _, f := range n.finalizers {
		n.late = n.late || f.step >= hasMerged
	}
}

// dataOf is where the objects of a try lie, and listOf where a list does, that is not of an end.
func (m model) dataOf(try uint8) int {
	if m.SharesData {
		return 0
	}
	return int(try) - 1
}

func (m model) listOf(l list) int {
	if m.SharesLists {
		return int(l.invocation)
	}
	return int(l.try) - 1
}

// trespasses tells whether a run is at work, or done, that is not the execution's which writes to it.
func trespasses(s *state, e uint8) bool {
	return s.owner != e+1 && (s.executions[s.owner-1].phase == working || s.executions[s.owner-1].phase == succeeded)
}

// settled is segment's settled.
func (m model) settled(s *state, g uint8) bool {
	var merged manifest
	return m.chain(s, g, &merged) && merged.objects[g] == m.present(s, g, merged.objects[g])
}

// present are those of the listed objects that the bucket has as they were listed.
func (m model) present(s *state, g uint8, listed [parts]object) [parts]object {
	for p, o := range listed {
		if o != (object{}) && s.tries[g][m.dataOf(o.try)].objects[p] != o {
			listed[p] = object{}
		}
	}
	return listed
}

// chain joins the lists of a segment by the rule that the functions have: run.Chain.
func (m model) chain(s *state, g uint8, into *manifest) bool {
	all := make([]list, 0, tries+1)
	for try := range s.tries[g] {
		if l := s.tries[g][try].list; l.there {
			all = append(all, l)
		}
	}
	if s.ends[g].there {
		all = append(all, s.ends[g])
	}
	lists := make([]run.SegmentList, len(all))
	byTry := [tries + 1]list{}
	for i, l := range all {
		byTry[l.try] = l
		lists[i] = run.SegmentList{
			Segment: int(g), Invocation: int(l.invocation), Try: position(l.try), After: position(l.after),
			FirstPart: int(l.first), NextPart: int(l.next), Start: position(l.start), End: position(l.end), Done: l.done,
		}
	}
	chain, fault := run.Chain(int(g), lists)
	if m.TakesAllLists && s.ends[g].there {
		chain, fault = lists, ""
	}
	if fault != "" {
		return false
	}
	for _, l := range chain {
		try, _ := strconv.Atoi(l.Try)
		into.lists[g][l.Invocation] = uint8(try)
		for p := l.FirstPart; p < l.NextPart; p++ {
			into.objects[g][p] = byTry[try].objects[p]
		}
	}
	return true
}

// names are of positions, and of tries: "" for the start, and for none.
var names = func() (names [tries + 1]string) {
	for i := range names[1:] {
		names[i+1] = strconv.Itoa(i + 1)
	}
	return names
}()

// position names a position or a try.
func position(of uint8) string { return names[of] }
