package model

import "slices"

// scan is lambda/scan. In the second pass it is lambda/convert, which does the same with other pages.
func (m model) scan(s *state, at int, next emit) {
	c := s.invocations[at].call
	m.fetch(s, at, next)
	switch c.progress {
	case called:
		next(c.step(Asks), func(n *state) {
			switch {
			case s.owner != c.execution+1 && !m.ScansUnasked, !m.leadsTo(s, c), c.schema > 0 && s.schema != c.schema:
				n.fail(at)
			case c.from == Checkpoint{} && c.takeovers > 0:
				n.invocations[at].progress = owning
			default:
				n.invocations[at].progress = scanning
			}
		})
	case owning:
		m.resume(s, at, next)
	case scanning:
		m.read(s, at, next)
		m.abort(s, at, next)
	case confirmed:
		if m.LooksEarly {
			m.read(s, at, next)
			return
		}
		m.list(s, at, next)
		m.abort(s, at, next)
	case aborting: // a request to begin an upload, sent before, can arrive late
		m.open(s, at, next)
		m.abort(s, at, next)
	case finished:
		m.hand(s, at, next)
		if m.AbortsListed {
			m.abort(s, at, next)
		}
	}
}

// leadsTo tells whether the bucket has the list with the key at which an invocation begins.
func (m model) leadsTo(s *state, c call) bool {
	return c.from.Invocation == 0 || slices.ContainsFunc(s.bucket, func(l Item) bool {
		return l.Kind == List && l.Segment == c.segment && m.planOf(l.Schema) == m.planOf(c.schema) && l.checkpoint() == c.from
	})
}

// hidden is a step that only the invocation itself sees.
func (c call) hidden(kind Kind) Step {
	step := c.step(kind)
	step.hidden = true
	return step
}

// resume decides, after a takeover, how much of what the earlier executions have done stays.
func (m model) resume(s *state, at int, next emit) {
	c := s.invocations[at].call
	if m.settle(s, at, next) {
		return
	}
	for _, from := range m.continuations(s, c.segment, c.schema) {
		next(c.hidden(settles), func(n *state) {
			own := &n.invocations[at]
			own.progress, own.from, own.resumed = scanning, from, from != Checkpoint{}
			own.part, own.page = from.Part, from.Page
		})
	}
}

// read reads pages and uploads objects. After the last page it looks at the table.
func (m model) read(s *state, at int, next emit) {
	c, pages := s.invocations[at].call, m.pages(s, s.invocations[at].segment)
	if m.miss(s, at, pages, next) {
		return
	}
	for _, upload := range m.nextUploads(c, uint8(len(pages))) {
		m.upload(s, at, upload, next)
	}
	m.open(s, at, next)
	switch planned := s.now == c.table; {
	case m.LooksEarly && planned && c.progress == scanning && c.page == c.from.Page:
		next(c.hidden(confirms), func(n *state) { n.invocations[at].progress = confirmed })
	case c.heldEnd != 0 || c.page == c.from.Page:
	case m.Replacements == 0 || m.ReadsAnyTable || c.schema > 0 || m.LooksEarly && c.progress == confirmed:
		m.list(s, at, next)
	case planned:
		next(c.hidden(confirms), func(n *state) { n.invocations[at].progress = confirmed })
	default:
		next(c.hidden(confirms), func(n *state) {
			n.fail(at)
			n.bucket = slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind == Upload && c.wrote(i) })
		})
	}
	if int(c.page) < len(pages) && pages[c.page] == Sparse {
		next(c.hidden(passes), func(n *state) { n.invocations[at].page++ })
	}
	if c.page == c.from.Page && c.try == 0 { // throttled or not paid for: it returns the checkpoint that it was given, and the state machine waits
		back := c.step(Returns)
		if c.resumed {
			back.At = c.from
		}
		next(back, func(n *state) {
			if c.live {
				n.executions[c.execution].scanned[c.segment] = c.from
			}
			n.stop(at)
		})
	}
}

// maxObjectPages is how many pages an object has at most, unless a trace says otherwise.
const maxObjectPages = 2

// nextUploads returns the uploads that can be whole next. An object begins where the one before it ends. In a trace, one upload can be whole
// after later ones, because parts upload in parallel. Nobody can see the difference before there is a list.
func (m model) nextUploads(c call, pages uint8) (uploads []Item) {
	if m.wanted == nil {
		for end := c.page + 1; end <= min(c.page+maxObjectPages, pages); end++ {
			uploads = append(uploads, Item{Kind: Upload, Segment: c.segment, Number: c.part, Start: c.page, End: end})
		}
		return uploads
	}
	if m.wanted.Kind != Writes || len(m.wanted.Items) != 1 || m.wanted.Items[0].Kind != Upload {
		return nil
	}
	switch u := m.wanted.Items[0]; {
	case c.heldEnd != 0 && u.Number == c.heldPart && u.Start == c.heldStart && u.End == c.heldEnd,
		u.Number == c.part && u.Start == c.page,
		c.heldEnd == 0 && u.Number == c.part+1 && u.Start > c.page:
		return []Item{u}
	}
	return nil
}

// upload writes all parts of an upload. At its first write, an invocation draws the number of its try.
func (m model) upload(s *state, at int, upload Item, next emit) {
	c := s.invocations[at].call
	upload.Try, upload.Table, upload.Schema = c.tryOf(s), s.now, c.schema
	if c.schema > 0 {
		var readable bool
		if upload.Table, readable = m.convert(s, upload); !readable {
			return
		}
	}
	if m.wanted != nil && !slices.Contains(s.bucket, upload) { // it was not begun, or somebody has aborted it
		return
	}
	next(c.step(Writes, upload), func(n *state) {
		own := &n.invocations[at]
		switch {
		case upload.Number < c.part:
			own.heldPart, own.heldStart, own.heldEnd = 0, 0, 0
		case upload.Number > c.part:
			own.heldPart, own.heldStart, own.heldEnd = c.part, c.page, upload.Start
			fallthrough
		default:
			own.part, own.page = upload.Number+1, upload.End
		}
		if m.CompletesAtScan || m.CompletesConverted && c.schema > 0 {
			upload = upload.as(Object)
		}
		m.write(n, s, at, upload)
	})
}

// open begins an upload. In a trace, each upload begins so. Otherwise only those do whose answer is lost.
func (m model) open(s *state, at int, next emit) {
	c := s.invocations[at].call
	upload := Item{Kind: Upload, Segment: c.segment, Number: c.part, Try: c.tryOf(s), Start: c.page, End: c.page + 1, Twin: 1, Schema: c.schema}
	switch {
	case m.wanted == nil && (s.crashes == m.Crashes || int(c.page) == len(m.pages(s, c.segment)) || slices.Contains(s.bucket, upload)):
		return
	case m.wanted != nil && (m.wanted.Kind != Opens || len(m.wanted.Items) != 1):
		return
	case m.wanted != nil:
		if upload = m.wanted.Items[0]; upload.Kind != Upload || upload.Segment != c.segment || upload.Number < c.from.Part || upload.Try != c.tryOf(s) || upload.Schema != c.schema {
			return
		}
	}
	next(c.step(Opens, upload), func(n *state) {
		if m.wanted == nil {
			count(&n.crashes)
		}
		m.write(n, s, at, upload)
	})
}

// tryOf returns the number of a call's try.
func (c call) tryOf(s *state) uint8 {
	if c.try == 0 {
		return s.drawn[c.segment] + 1
	}
	return c.try
}

// abort aborts the uploads of an invocation that fails. In a trace it aborts one after the other.
func (m model) abort(s *state, at int, next emit) {
	c := s.invocations[at].call
	uploads := slices.DeleteFunc(slices.Clone(s.bucket), func(i Item) bool { return i.Kind != Upload || !c.wrote(i) || i.Number < c.from.Part })
	if len(uploads) == 0 || s.crashes == m.Crashes {
		return
	}
	if m.wanted != nil {
		uploads = slices.DeleteFunc(uploads, func(i Item) bool { return !slices.Contains(m.wanted.Items, i) })
	}
	next(c.step(Aborts, uploads...), func(n *state) {
		count(&n.crashes)
		if m.aborts(n, s, c, uploads); m.wanted != nil {
			n.invocations[at].progress = aborting
		} else {
			n.stop(at)
		}
	})
}

// aborts removes uploads that a function aborts. What is left of the first pass when its files are removed leads nowhere.
func (m model) aborts(n, before *state, by call, uploads []Item) {
	n.bucket = without(n.bucket, uploads)
	for g := range m.segments(by.pass()) {
		chain, _ := m.chain(before, g, by.schema)
		n.abortedNamed = n.abortedNamed || (by.schema > 0 || !before.removed) && slices.ContainsFunc(uploads, func(u Item) bool { return named(chain, u) })
	}
}

// settle decides about the list of a segment's end, if there is one and nothing is to be written in its place. A list of the invocation's own
// execution stays, and finalize decides whether S3 has everything. A list of an earlier execution becomes one of this execution if S3 has all that its chain names.
func (m model) settle(s *state, at int, next emit) bool {
	c := s.invocations[at].call
	end, whole := m.ended(s, c.segment, c.schema)
	own := end.Done && end.Takeovers == c.takeovers && m.planOf(end.Schema) == m.planOf(c.schema)
	finish := func(n *state) {
		n.invocations[at].progress, n.invocations[at].page = finished, uint8(len(m.pages(s, c.segment)))
	}
	switch {
	case own && (whole || !m.ReplacesEnd), whole && m.LeavesEnd:
		next(c.hidden(settles), finish)
	case whole:
		adopted := end
		adopted.Takeovers = c.takeovers
		next(c.step(Writes, adopted), func(n *state) {
			finish(n)
			n.bucket = m.put(n.bucket, adopted)
			n.wroteOthers = n.wroteOthers || m.trespasses(s, c.execution)
		})
	default:
		return false
	}
	return true
}

// list writes the list of an invocation. At the segment's end it writes only if it is the first one there, or if it settles that a list of an
// earlier execution cannot stay.
func (m model) list(s *state, at int, next emit) {
	c := s.invocations[at].call
	l := Item{
		Kind: List, Segment: c.segment, Number: c.from.Invocation, Try: c.tryOf(s), Start: c.from.Page, End: c.page,
		After: c.from.Try, First: c.from.Part, Next: c.part, Done: int(c.page) == len(m.pages(s, c.segment)), Takeovers: c.takeovers, Schema: c.schema,
	}
	if l.Done && !m.EndsAnew && m.settle(s, at, next) {
		return
	}
	next(c.step(Writes, l), func(n *state) {
		n.invocations[at].progress = finished
		m.write(n, s, at, l)
	})
}

// hand returns the checkpoint of an invocation. If the answer to the write of its list was lost, it can write the list again: that
// shows if finalize has removed the list.
func (m model) hand(s *state, at int, next emit) {
	c := s.invocations[at].call
	back := c.step(Returns)
	if back.At = (Checkpoint{Invocation: c.from.Invocation + 1, Part: c.part, Page: c.page, Try: c.try}); int(c.page) == len(m.pages(s, c.segment)) {
		back.At = Checkpoint{Done: true}
	}
	next(back, func(n *state) {
		if c.live {
			n.executions[c.execution].scanned[c.segment] = back.At
		}
		n.stop(at)
	})
	l := Item{
		Kind: List, Segment: c.segment, Number: c.from.Invocation, Try: c.try, Start: c.from.Page, End: c.page,
		After: c.from.Try, First: c.from.Part, Next: c.part, Takeovers: c.takeovers, Schema: c.schema,
	}
	if !back.At.Done && !slices.Contains(s.bucket, l) {
		next(c.step(Writes, l), func(n *state) { m.write(n, s, at, l) })
	}
}
