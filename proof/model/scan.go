package model

// scan is lambda/scan.
func (m model) scan(s *state, at int, next emit) {
	c, pages := s.invocations[at].call, m.Pages[s.invocations[at].segment]
	hidden := func(kind Kind) Step {
		return Step{Kind: kind, Execution: c.execution, Segment: c.segment, hidden: true}
	}
	for _, item := range s.swept { // if the answer to a write was lost, the SDK repeats it: that shows if finalize has removed the item
		if c.wrote(item) {
			next(c.step(Writes, item), func(n *state) {
				n.swept = without(n.swept, []Item{item})
				m.write(n, s, at, item)
			})
		}
	}
	switch c.progress {
	case called:
		next(c.step(Asks), func(n *state) {
			switch {
			case s.owner != c.execution+1 && !m.ScansUnasked:
				n.fail(at)
			case c.from == Checkpoint{} && s.executions[c.execution].tookOver:
				n.invocations[at].progress = owning
			default:
				n.invocations[at].progress = scanning
			}
		})
	case owning:
		next(hidden(settles), func(n *state) {
			if n.invocations[at].progress = scanning; m.settled(s, c.segment) {
				n.invocations[at].progress, n.invocations[at].page = finished, uint8(len(pages))
			}
		})
	case scanning:
		for _, object := range m.nextObjects(c, uint8(len(pages))) {
			m.upload(s, at, object, next)
		}
		if c.heldEnd == 0 && c.page > c.from.Page {
			m.list(s, at, next)
		}
		if int(c.page) < len(pages) && pages[c.page] == Sparse {
			next(hidden(passes), func(n *state) { n.invocations[at].page++ })
		}
		if c.page == c.from.Page && c.try == 0 { // throttled or not paid for: it returns the checkpoint that it was given, and the state machine waits
			next(c.step(Returns), func(n *state) { n.stop(at) })
		}
	case finished:
		back := c.step(Returns)
		back.At = Checkpoint{Invocation: c.from.Invocation + 1, Part: c.part, Page: c.page, Try: c.try}
		if int(c.page) == len(pages) {
			back.At = Checkpoint{Done: true}
		}
		next(back, func(n *state) {
			if c.live {
				n.executions[c.execution].scanned[c.segment] = back.At
			}
			n.stop(at)
		})
	}
}

// maxObjectPages is how many pages an object has at most, unless a trace says otherwise.
const maxObjectPages = 2

// nextObjects returns the objects that can arrive next. An object begins where the one before it ends. Uploads run in parallel, so that
// one object can arrive after later ones.
func (m model) nextObjects(c call, pages uint8) (objects []Item) {
	add := func(part, start, end uint8) {
		o := Item{Segment: c.segment, Number: part, Start: start, End: end}
		if objects = append(objects, o); c.heldEnd == 0 && part == c.part {
			for later := end + 1; m.wanted == nil && later <= min(end+maxObjectPages, pages); later++ {
				objects = append(objects, Item{Segment: c.segment, Number: part + 1, Start: end, End: later})
			}
		}
	}
	if c.heldEnd != 0 {
		add(c.heldPart, c.heldStart, c.heldEnd)
	}
	for end := c.page + 1; m.wanted == nil && end <= min(c.page+maxObjectPages, pages); end++ {
		add(c.part, c.page, end)
	}
	if m.wanted != nil && len(m.wanted.Items) == 1 {
		o := m.wanted.Items[0]
		if !o.List && (o.Number == c.part && o.Start == c.page || c.heldEnd == 0 && o.Number == c.part+1 && o.Start > c.page) {
			add(o.Number, o.Start, o.End)
		}
	}
	return objects
}

// upload writes an object. At its first write, an invocation draws the number of its try.
func (m model) upload(s *state, at int, object Item, next emit) {
	c := s.invocations[at].call
	object.Try = c.tryOf(s)
	next(c.step(Writes, object), func(n *state) {
		own := &n.invocations[at]
		switch {
		case object.Number < c.part:
			own.heldPart, own.heldStart, own.heldEnd = 0, 0, 0
		case object.Number > c.part:
			own.heldPart, own.heldStart, own.heldEnd = c.part, c.page, object.Start
			fallthrough
		default:
			own.part, own.page = object.Number+1, object.End
		}
		m.write(n, s, at, object)
	})
}

// tryOf returns the number of a call's try.
func (c call) tryOf(s *state) uint8 {
	if c.try == 0 {
		return s.drawn[c.segment] + 1
	}
	return c.try
}

// list writes the list of an invocation. At the segment's end it writes only if it is the first one there, or if what the first one has
// listed is not whole.
func (m model) list(s *state, at int, next emit) {
	c := s.invocations[at].call
	l := Item{
		List: true, Segment: c.segment, Number: c.from.Invocation, Try: c.tryOf(s), Start: c.from.Page, End: c.page,
		After: c.from.Try, First: c.from.Part, Next: c.part, Done: int(c.page) == len(m.Pages[c.segment]),
	}
	step := c.step(Writes, l)
	step.hidden = l.Done && !m.EndsAnew && m.settled(s, c.segment)
	next(step, func(n *state) {
		if n.invocations[at].progress = finished; !step.hidden {
			m.write(n, s, at, l)
		}
	})
}

// write writes an item of an invocation of scan. before is the state before the write.
func (m model) write(n, before *state, at int, item Item) {
	c := &n.invocations[at]
	c.try, n.drawn[c.segment] = item.Try, max(n.drawn[c.segment], item.Try)
	n.bucket = m.put(n.bucket, item)
	n.wroteOthers = n.wroteOthers || before.trespasses(c.execution)
	n.late = n.late || n.commit != nil
	for _, i := range n.invocations {
		n.late = n.late || i.segment == Finalize && i.progress >= compared
	}
}

// trespasses tells whether an execution that writes has lost the run to another one, which works on it or has completed it. It has not if
// it has committed the run itself: then the other one only returns the result.
func (s *state) trespasses(e uint8) bool {
	owner := s.executions[s.owner-1].phase
	return s.owner != e+1 && s.committer != e+1 && (owner == working || owner == succeeded)
}
