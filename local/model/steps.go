package model

import (
	"fmt"
	"slices"
	"strconv"

	"dynamodb-to-s3/lambda/job"
)

// fresh is the ETag of an object that was just written; canonical numbers them anew.
const fresh = 0xff

// model is one instance.
type model struct {
	Bounds
	Rules
}

// emit is told of each state that may follow, and what has happened.
type emit func(next state, format string, args ...any)

// steps emits all that may happen next.
func (m model) steps(s *state, next emit) {
	for e := range m.Executions {
		m.plan(s, e, next)
		m.schedule(s, e, next)
		m.die(s, e, next)
	}
	for w := range s.workers {
		if s.workers[w].there {
			m.scan(s, w, next)
		}
	}
	for f := range s.finalizers {
		if s.finalizers[f].step != none {
			m.finalize(s, f, next)
		}
	}
}

// plan is lambda/planner: claim the run, or take it over. An execution that is turned away leaves everything as it was.
func (m model) plan(s *state, e uint8, next emit) {
	n, who := *s, e+1
	own := &n.executions[e]
	switch own.phase {
	case planning:
		switch {
		case s.owner == 0 && e == 0: // whoever is the first is called so
			n.owner, own.phase = who, working
			n.version++
			next(n, "execution %d claims the run", who)
		case s.owner == 0, s.committed, e > 1 && s.executions[e-1].phase == planning: // the others come in their order
		case m.ClaimsOverAnother:
			n.owner, own.phase = who, working
			n.version++
			next(n, "execution %d claims the run, too", who)
		case m.TakesOverTheLiving, isDead(s.executions[s.owner-1]) && (m.TakesOverAtOnce || quiet(s, s.owner-1)):
			own.phase, own.read, own.from = taking, s.version, s.owner
			next(n, "execution %d finds that it may take the run over from execution %d", who, s.owner)
		}
	case taking:
		if own.read != s.version && !m.TakesOverBlindly {
			own.phase = planning
			next(n, "execution %d finds the claim changed", who)
			return
		}
		n.owner, own.phase, own.tookOver = who, looking, true
		n.version++
		next(n, "execution %d takes the run over", who)
	case looking:
		for from := own.from; from != 0 && !m.LooksOnce && !m.TakesOverTheLiving; from = s.executions[from-1].from {
			if !isDead(s.executions[from-1]) || !m.TakesOverAtOnce && !quiet(s, from-1) {
				own.phase = refused
				next(n, "execution %d finds execution %d redriven", who, from)
				return
			}
		}
		own.phase = working
		next(n, "execution %d goes on", who)
	default:
	}
}

func isDead(e execution) bool { return e.phase == dead || e.phase == refused }

// quiet tells whether nothing that an execution has called is at work.
func quiet(s *state, e uint8) bool {
	for _, w := range s.workers {
		if w.there && w.execution == e {
			return false
		}
	}
	for _, f := range s.finalizers {
		if f.step != none && f.execution == e {
			return false
		}
	}
	return true
}

// schedule is Step Functions: it calls scan for each segment from the last checkpoint, and then finalize.
func (m model) schedule(s *state, e uint8, next emit) {
	own := s.executions[e]
	if own.phase != working {
		return
	}
	open := uint8(0)
	for g, at := range own.scanned {
		if at.done || open == m.Concurrency {
			continue
		}
		open++
		if w := freeWorker(s); w >= 0 && !called(s, e, uint8(g)) {
			n := *s
			n.workers[w] = worker{
				there: true, live: true, execution: e, segment: uint8(g),
				invocation: at.invocation, first: at.part, part: at.part, start: at.pos, pos: at.pos,
			}
			next(n, "execution %d calls scan for segment %d from page %d", e+1, g, at.pos)
		}
	}
	if open > 0 {
		return
	}
	free := -1
	for f, each := range s.finalizers {
		switch {
		case each.step == none:
			free = f
		case each.live && each.execution == e:
			return
		}
	}
	if free >= 0 {
		n := *s
		n.finalizers[free] = finalizer{step: begun, live: true, execution: e}
		next(n, "execution %d calls finalize", e+1)
	}
}

func freeWorker(s *state) int {
	for w := range s.workers {
		if !s.workers[w].there {
			return w
		}
	}
	return -1
}

func called(s *state, e, g uint8) bool {
	for _, w := range s.workers {
		if w.there && w.live && w.execution == e && w.segment == g {
			return true
		}
	}
	return false
}

// die is all that can go wrong with an execution and what it has called, and its redrive.
func (m model) die(s *state, e uint8, next emit) {
	own := s.executions[e]
	if own.phase == dead && s.redrives < m.Redrives {
		n := *s
		n.redrives++
		n.executions[e].phase = working
		next(n, "execution %d is redriven", e+1)
	}
	if s.crashes == m.Crashes {
		return
	}
	if own.phase == working {
		n := *s
		n.crashes++
		m.end(&n, e, dead)
		next(n, "execution %d is aborted", e+1)
	}
	for w, each := range s.workers {
		if each.there && each.execution == e {
			n := *s
			n.crashes++
			n.workers[w] = worker{}
			next(n, "scan of segment %d by execution %d is killed", each.segment, e+1)
			if each.live {
				n = *s
				n.crashes++
				n.workers[w].live = false
				next(n, "scan of segment %d by execution %d is given up, and goes on", each.segment, e+1)
			}
		}
	}
	for f, each := range s.finalizers {
		if each.step != none && each.execution == e {
			n := *s
			n.crashes++
			n.finalizers[f] = finalizer{}
			next(n, "finalize of execution %d is killed", e+1)
			if each.live {
				n = *s
				n.crashes++
				n.finalizers[f].live = false
				next(n, "finalize of execution %d is given up, and goes on", e+1)
			}
		}
	}
}

// end ends an execution; nobody waits for what it has called any more.
func (m model) end(s *state, e uint8, as phase) {
	s.executions[e].phase = as
	for w := range s.workers {
		if s.workers[w].execution == e {
			s.workers[w].live = false
		}
	}
	for f := range s.finalizers {
		if s.finalizers[f].execution == e {
			s.finalizers[f].live = false
		}
	}
}

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

// finalize is lambda/commit.
func (m model) finalize(s *state, at int, next emit) {
	n, f := *s, s.finalizers[at]
	own, who := &n.finalizers[at], f.execution+1
	ends := func(as phase, format string, args ...any) {
		if *own = (finalizer{}); f.live {
			m.end(&n, f.execution, as)
		}
		next(n, format, args...)
	}
	switch f.step {
	case begun:
		switch {
		case s.committed && !m.CommitsOverAnother:
			ends(succeeded, "finalize of execution %d finds the run committed", who)
		case s.owner != who && !m.CommitsUnasked:
			ends(dead, "finalize of execution %d finds that execution %d has the run", who, s.owner)
		default:
			own.step = mayCommit
			next(n, "finalize of execution %d finds the run its own", who)
		}
	case mayCommit:
		for g := range uint8(segments) {
			if !m.chain(s, g, &own.merged) {
				ends(dead, "finalize of execution %d finds no chain of lists", who)
				return
			}
		}
		own.step = hasMerged
		next(n, "finalize of execution %d merges the lists", who)
	case hasMerged:
		if !m.OutlivedByAnAttempt && attemptsAtWork(s, f.execution) {
			return
		}
		for g := range s.objects {
			if !m.TrustsLists && present(f.merged.objects[g], s.objects[g]) != f.merged.objects[g] {
				ends(dead, "finalize of execution %d finds objects that are not as listed", who)
				return
			}
		}
		own.step = hasCompared
		next(n, "finalize of execution %d holds the lists against the bucket", who)
	case hasCompared:
		for g := range n.objects {
			for p := range n.objects[g] {
				if f.merged.objects[g][p] == (object{}) && !m.LeavesLeftovers {
					n.objects[g][p] = object{}
				}
			}
			for i := f.merged.ends[g]; i < parts && !m.LeavesLeftovers; i++ {
				n.lists[g][i] = list{}
			}
		}
		own.step = hasSwept
		next(n, "finalize of execution %d removes what no list names", who)
	case hasSwept:
		n.files, own.step = f.merged, hasListed
		next(n, "finalize of execution %d writes manifest-files.json", who)
	case hasListed:
		if !s.committed || m.CommitsOverAnother {
			n.committed, n.commit = true, f.merged
			n.commits++
		}
		ends(succeeded, "finalize of execution %d commits", who)
	default:
		panic(fmt.Sprintf("internal error: there is no step %d", f.step))
	}
}

// attemptsAtWork tells whether an invocation of scan is at work that its execution does not wait for any more.
func attemptsAtWork(s *state, e uint8) bool {
	for _, w := range s.workers {
		if w.there && w.execution == e {
			return true
		}
	}
	return false
}
