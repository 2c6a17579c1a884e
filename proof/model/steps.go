package model

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what happens in a step, in words.
type Kind string

// What happens to an execution.
const (
	Claims Kind = "claims the run"
	Looks  Kind = "checks that the executions before it are dead"
	Dies   Kind = "fails"
	Begins Kind = "starts again"
	plans  Kind = "finds its own claim"
	loses  Kind = "finds that the claim has changed"
)

// What happens to an invocation.
const (
	Calls     Kind = "is called"
	GivesUp   Kind = "is given up, but can continue"
	Stops     Kind = "stops"
	Returns   Kind = "returns"
	Asks      Kind = "reads the claim"
	Decides   Kind = "writes the schema"
	Fetches   Kind = "reads a staged file"
	Opens     Kind = "begins"
	Writes    Kind = "writes"
	Aborts    Kind = "aborts"
	Finds     Kind = "looks for a commit"
	Merges    Kind = "reads the segment lists"
	Uploads   Kind = "lists the uploads"
	Compares  Kind = "lists the objects"
	Completes Kind = "completes"
	Sweeps    Kind = "removes"
	Lists     Kind = "writes manifest-files.json with"
	Commits   Kind = "commits"
	passes    Kind = "reads a page without items"
	settles   Kind = "looks for what was done before"
	confirms  Kind = "looks at the table"
	misses    Kind = "finds that an upload is gone"
	ends      Kind = "is done with that"
)

// What other programs do.
const (
	Meddles  Kind = "another program aborts"
	Replaces Kind = "the table is replaced"
	changes  Kind = "another program changes"
	removes  Kind = "another program removes the schema"
	shortens Kind = "another program shortens the list of staged files"
)

// Reads tells whether a step only reads. The answer can be lost. Then the invocation reads again, or fails without having learned anything.
func (k Kind) Reads() bool {
	return slices.Contains([]Kind{Asks, Looks, Finds, Merges, Uploads, Compares}, k)
}

// Finalize and Columns are the numbers that steps of these functions have in place of a segment. None is that of an execution's own steps.
const (
	Finalize uint8 = 255
	None     uint8 = 254
	Columns  uint8 = 253
)

// Step is a step of the model, and of a trace.
type Step struct {
	Kind      Kind
	Execution uint8 // counted from 0
	Segment   uint8
	// Name tells the invocations of a trace apart.
	Name uint8
	// Schema is that of the plan with which an invocation was called, or the schema that columns writes or returns; 0 in the first pass.
	Schema uint8
	// At is the checkpoint that an invocation of scan was called with or, if Kind is Returns, that it returns.
	At Checkpoint
	// Items are what is written or removed.
	Items []Item
	// hidden says that the step changes nothing that others can see.
	hidden bool
}

// String returns the step in words.
func (s Step) String() string {
	who := fmt.Sprintf("execution %d", s.Execution)
	switch s.Segment {
	case None:
		if s.Kind == Meddles || s.Kind == Replaces {
			who = ""
		}
	case Finalize:
		who += ": finalize"
	case Columns:
		who += ": columns"
	default:
		who += fmt.Sprintf(": scan of segment %d at %+v", s.Segment, s.At)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", who, s.Kind, strings.Trim(fmt.Sprint(s.Items), "[]")))
}

// emit receives each step that can come next, and the change that the step makes to a copy of the state.
type emit func(step Step, change func(n *state))

// steps emits all steps that can come next.
func (m model) steps(s *state, next emit) {
	for e := range m.Executions {
		m.plan(s, e, next)
		m.schedule(s, e, next)
		m.die(s, e, next)
	}
	m.meddle(s, next)
	for at, i := range s.invocations {
		m.interrupt(s, at, next)
		switch i.segment {
		case Finalize:
			m.finalize(s, at, next)
		case Columns:
			m.columns(s, at, next)
		default:
			m.scan(s, at, next)
		}
	}
}

// schedule is Step Functions: it calls scan for each segment from the last checkpoint on, and then finalize. If there is a second pass, it then
// calls columns, convert as it has called scan, and finalize again.
func (m model) schedule(s *state, e uint8, next emit) {
	own := s.executions[e]
	if own.phase != working {
		return
	}
	c := call{execution: e, table: own.table, takeovers: own.takeovers, schema: own.schema}
	open := uint8(0)
	for c.segment = range m.segments(c.pass()) {
		at := own.scanned[c.segment]
		if !at.Done && (open < m.Concurrency || m.traced && c.schema > 0) { // columns decides the concurrency of the second pass
			if open++; own.refused&(1<<c.segment) == 0 {
				c.from, c.part, c.page = at, at.Part, at.Page
				m.call(s, c, m.scans, next)
			}
		}
	}
	switch {
	case open > 0 || own.failing:
	case own.staged && own.schema == 0:
		m.call(s, call{execution: e, segment: Columns}, m.finalizes, next)
	default:
		m.call(s, call{execution: e, segment: Finalize, schema: own.schema}, m.finalizes, next)
	}
}

// call calls a function, unless its execution waits for such a call already, or there are as many as the model can have.
func (m model) call(s *state, c call, most int, next emit) {
	others := 0
	for _, i := range s.invocations {
		if i.live && i.execution == c.execution && i.segment == c.segment {
			return
		}
		if (i.segment >= Columns) == (c.segment >= Columns) {
			others++
		}
	}
	if others == most {
		return
	}
	if c.live = true; m.wanted != nil {
		c.name = m.wanted.Name
	}
	next(c.step(Calls), func(n *state) { n.invocations = append(n.invocations, invocation{call: c}) })
}

func (c call) step(kind Kind, items ...Item) Step {
	step := Step{Kind: kind, Execution: c.execution, Segment: c.segment, Name: c.name, Schema: c.schema, At: c.from, Items: items}
	if c.resumed {
		step.At = Checkpoint{}
	}
	if c.segment == Columns && kind != Returns { // it has no schema in its plan
		step.Schema = 0
	}
	return step
}

// die emits the death of an execution, and its redrive.
func (m model) die(s *state, e uint8, next emit) {
	own := s.executions[e]
	step := func(kind Kind) Step { return Step{Kind: kind, Execution: e, Segment: None} }
	claims := own.phase == planning || own.phase == taking
	if (own.phase == dead || claims && own.failing) && s.redrives < m.Redrives {
		if own.planned { // a redrive, as Step Functions does it
			next(step(Begins), func(n *state) {
				count(&n.redrives)
				n.executions[e].phase, n.executions[e].failing, n.executions[e].refused = working, false, 0
			})
		}
		if atWork := slices.ContainsFunc(s.invocations, func(i invocation) bool { return i.execution == e }); !own.planned || !atWork {
			next(step(Begins), func(n *state) { // a redrive of Plan, or a local run that is started again: its functions have died with it
				count(&n.redrives)
				n.executions[e] = execution{came: true}
			})
		}
	}
	switch {
	case claims && !own.failing && s.crashes < m.Crashes: // an invocation of plan can continue
		next(step(Dies), func(n *state) {
			count(&n.crashes)
			n.executions[e].failing, n.executions[e].came = true, true
		})
	case (own.phase == working || own.phase == looking) && (own.failing || s.crashes < m.Crashes):
		next(step(Dies), func(n *state) {
			if !own.failing {
				count(&n.crashes)
			}
			n.end(e, dead)
		})
	}
}

// meddle emits what other programs can do.
func (m model) meddle(s *state, next emit) {
	m.tamper(s, next)
	if s.replacements < m.Replacements && s.commit[m.last()] == nil {
		next(Step{Kind: Replaces, Segment: None}, func(n *state) { n.replacements, n.now = n.replacements+1, n.now+1 })
	}
	if s.aborts == m.Aborts {
		return
	}
	for _, upload := range s.bucket {
		if upload.Kind == Upload {
			next(Step{Kind: Meddles, Segment: None, Items: []Item{upload}}, func(n *state) {
				count(&n.aborts)
				n.bucket = without(n.bucket, []Item{upload})
			})
		}
	}
}

// interrupt emits what can happen to an invocation at any time.
func (m model) interrupt(s *state, at int, next emit) {
	i := s.invocations[at]
	if s.crashes == m.Crashes {
		return
	}
	next(i.step(Stops), func(n *state) {
		count(&n.crashes)
		own := &n.passes[i.pass()]
		own.interrupted = own.interrupted || i.segment == Finalize && own.decided && i.progress >= compared
		n.stop(at)
	})
	if i.live {
		next(i.step(GivesUp), func(n *state) { count(&n.crashes); n.invocations[at].live = false })
	}
}

// unlimited is a bound that count does not reach.
const unlimited = 255

func count(number *uint8) { *number = min(*number+1, unlimited-1) }

// end ends an execution. It does not wait for its invocations any more.
func (s *state) end(e uint8, as phase) {
	s.executions[e].phase = as
	for at := range s.invocations {
		s.invocations[at].live = s.invocations[at].live && s.invocations[at].execution != e
	}
}

// stop removes an invocation.
func (s *state) stop(at int) {
	s.invocations = slices.Delete(s.invocations, at, at+1)
}

// fail ends an invocation that has failed for good, and with it its execution if that waits for it.
func (s *state) fail(at int) {
	i := s.invocations[at]
	if own := &s.executions[i.execution]; i.live {
		if own.failing = true; i.segment < Columns {
			own.refused |= 1 << i.segment
		}
	}
	s.stop(at)
}

// wrote tells whether an invocation has written an item.
func (c call) wrote(item Item) bool { return c.segment == item.Segment && c.try == item.Try }
