package model

import (
	"slices"
	"strconv"

	"dynamodb-to-s3/lambda/job"
)

// scan is lambda/segment.
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
		if m.KeysOfItsOwn {
			for own.invocation < parts && s.lists[w.segment][own.invocation].there {
				own.invocation++
			}
			for own.part < parts && s.objects[w.segment][own.part] != (object{}) {
				own.part++
			}
			own.first = own.part
		}
		next(n, "scan of execution %d finds the run its own", who)
	case w.listed:
		*own = worker{}
		if w.live {
			n.executions[w.execution].scanned[w.segment] = checkpoint{w.pos == pages, w.invocation + 1, w.part, w.pos}
		}
		next(n, "scan of segment %d by execution %d returns the checkpoint of page %d", w.segment, who, w.pos)
	default:
		for size := uint8(1); size <= 2 && w.pos+size <= pages && w.part < parts; size++ {
			n := *s
			own := &n.workers[at]
			written := object{w.pos, w.pos + size, fresh}
			n.objects[w.segment][w.part], own.objects[w.part] = written, written
			n.wroteOthers = n.wroteOthers || trespasses(s, w.execution)
			own.pos += size
			own.part++
			next(n, "scan of execution %d writes pages %d to %d as part %d of segment %d", who, w.pos, own.pos-1, w.part, w.segment)
		}
		if w.pos > w.start && w.invocation < parts {
			own.listed = true
			n.lists[w.segment][w.invocation] = list{
				there: true, done: w.pos == pages, first: w.first, next: w.part, start: w.start, end: w.pos, objects: w.objects,
			}
			n.wroteOthers = n.wroteOthers || trespasses(s, w.execution)
			next(n, "scan of execution %d writes list %d of segment %d", who, w.invocation, w.segment)
		}
	}
}

// trespasses tells whether a run is at work, or done, that is not the execution's which writes to it.
func trespasses(s *state, e uint8) bool {
	return s.owner != e+1 && (s.executions[s.owner-1].phase == working || s.executions[s.owner-1].phase == succeeded)
}

// settled is segment.settled.
func (m model) settled(s *state, g uint8) bool {
	var merged manifest
	if !m.chain(s, g, &merged) {
		return false
	}
	return merged.objects[g] == present(merged.objects[g], s.objects[g])
}

// present are those of the listed objects that the bucket has as they were listed.
func present(listed, has [parts]object) [parts]object {
	for p := range listed {
		if listed[p] != has[p] {
			listed[p] = object{}
		}
	}
	return listed
}

// chain joins the lists of a segment by the rule that the functions have: job.Chain.
func (m model) chain(s *state, g uint8, into *manifest) bool {
	var lists []job.SegmentList
	for i, l := range s.lists[g] {
		if l.there {
			lists = append(lists, job.SegmentList{
				Segment: int(g), Invocation: i, FirstPart: int(l.first), NextPart: int(l.next),
				Start: position(l.start), End: position(l.end), Done: l.done,
			})
		}
	}
	end, fault := job.Chain(int(g), lists)
	if m.KeysOfItsOwn && slices.ContainsFunc(lists, func(l job.SegmentList) bool { return l.Done }) {
		end, fault = len(lists), ""
	}
	if fault != "" {
		return false
	}
	for _, l := range lists[:end] {
		for p := l.FirstPart; p < l.NextPart; p++ {
			into.objects[g][p] = s.lists[g][l.Invocation].objects[p]
		}
	}
	into.ends[g] = uint8(end)
	return true
}

// position is as job.Position gives it: "" for the start, and for the end.
func position(page uint8) string {
	if page == 0 {
		return ""
	}
	return strconv.Itoa(int(page))
}
