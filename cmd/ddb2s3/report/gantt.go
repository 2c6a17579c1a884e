package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"dynamodb-to-s3/lambda/run"
)

const (
	// allRows is how many segments a chart shows with a row each. Of more it shows the slowestRows.
	allRows, slowestRows = 40, 24
	rowHeight            = 20
	barHeight            = 12
	// The most parts of a kind that a row is drawn with.
	mostBars, mostMarks, mostPatterns = 60, 40, 40
)

// window is the time that the charts show.
type window struct {
	start   time.Time
	seconds float64
}

func (w window) share(at time.Time) float64 {
	return min(1, max(0, at.Sub(w.start).Seconds()/w.seconds))
}

func (r *Run) window() window {
	return window{r.Plan.StartTime, max(r.end().Sub(r.Plan.StartTime).Seconds(), 0.001)}
}

// shownRows returns the segments that have a row: all, or those that took longest, by their numbers.
func (p pass) shownRows() []segment {
	if len(p.segments) <= allRows {
		return p.segments
	}
	slowest := slices.Clone(p.segments)
	slices.SortStableFunc(slowest, func(a, b segment) int { return cmp.Compare(b.seconds(), a.seconds()) })
	slowest = slowest[:slowestRows]
	slices.SortFunc(slowest, func(a, b segment) int { return cmp.Compare(a.number, b.number) })
	return slowest
}

// gantt returns the chart of the segments of a pass over time. paced says that the run has a limit of read units a second.
func (p pass) gantt(id string, w window, paced bool) chart {
	shown := p.shownRows()
	c := chart{ID: id, Title: "Segments over time", Height: rowHeight * len(shown), Rows: true, Across: "time since the start of the run"}
	c.timeAxis(w.seconds)
	drawn := map[string]bool{}
	c.Table.Head = []string{"Segment", "Began after", "Took", "Invocations", "Items read", "Bytes read", "Refused tries", "Waited", "Complete"}
	for i, s := range shown {
		top := i * rowHeight
		c.Left = append(c.Left, label{At: strconv.Itoa(top + rowHeight/2), Text: strconv.Itoa(s.number)})
		rowOf(s, w, paced).draw(&c, top, drawn)
		c.Table.Rows = append(c.Table.Rows, tableRow(s, w))
	}
	for _, l := range []legend{
		{"bar", "an invocation at work"},
		{"throttled", "DynamoDB refused tries (throttling)"},
		{"waited", "waiting for the pace, or after a throttle"},
		{"pause", "no invocation at work"},
		{"handover", "hand-over to the next invocation"},
	} {
		if drawn[l.Class] {
			c.Legend = append(c.Legend, l)
		}
	}
	c.Text = p.ganttText(shown)
	if n := len(p.segments); len(shown) < n {
		c.Title = fmt.Sprintf("The %d segments that took longest", len(shown))
		c.Caption = fmt.Sprintf("The other %s are in the chart above.", plural(int64(n-len(shown)), "segment"))
		c.Table.Note = fmt.Sprintf("The %d segments of %s that took longest.", len(shown), count(int64(n)))
	}
	return c
}

func (p pass) ganttText(shown []segment) string {
	invocations, refused := int64(0), int64(0)
	for _, s := range p.segments {
		invocations += int64(len(s.lists))
		refused += s.throttles()
	}
	slowest := slices.MaxFunc(p.segments, func(a, b segment) int { return cmp.Compare(a.seconds(), b.seconds()) })
	text := fmt.Sprintf("A bar for each of %s in %s, with %s.", plural(invocations, "invocation"), plural(int64(len(p.segments)), "segment"),
		plural(invocations-int64(len(p.segments)), "hand-over"))
	if len(shown) < len(p.segments) {
		text = fmt.Sprintf("The %d segments that took longest, of %s. All segments together: %s, %s.", len(shown), count(int64(len(p.segments))),
			plural(invocations, "invocation"), plural(invocations-int64(len(p.segments)), "hand-over"))
	}
	text += fmt.Sprintf(" Segment %d took longest: %s.", slowest.number, duration(slowest.seconds()))
	if refused > 0 {
		text += fmt.Sprintf(" DynamoDB refused %s.", tries(refused))
	}
	return text
}

// tries says how many tries were refused.
func tries(n int64) string {
	if n == 1 {
		return "1 try"
	}
	return count(n) + " tries"
}

func tableRow(s segment, w window) []string {
	sum, waited := s.total(), 0.0
	for _, list := range s.lists {
		waited += list.Work.WaitSeconds
	}
	done := "yes"
	if !s.last().Done {
		done = "no"
	}
	return []string{
		strconv.Itoa(s.number), duration(s.first().StartTime.Sub(w.start).Seconds()), duration(s.seconds()), count(int64(len(s.lists))),
		count(sum.Scanned), size(sum.PageBytes), count(s.throttles()), duration(waited + s.pauses().Seconds()), done,
	}
}

// pauses returns how long no invocation was at work between the first one and the last one.
func (s segment) pauses() (sum time.Duration) {
	for i := 1; i < len(s.lists); i++ {
		sum += max(0, s.lists[i].StartTime.Sub(s.lists[i-1].EndTime))
	}
	return sum
}

// row is what the row of a segment shows, in shares of the width.
type row struct {
	text                                   string
	invocations, throttled, waited, paused []span
	handovers                              []float64
	open                                   bool // the segment is not complete
}

// longPause is the part of the width from which a pause between two invocations is shown.
const longPause = 0.004

func rowOf(s segment, w window, paced bool) row {
	r := row{text: fmt.Sprintf("Segment %d: %s in %s", s.number, plural(s.total().Scanned, "item"), duration(s.seconds())), open: !s.last().Done}
	for i, list := range s.lists {
		from, to := w.share(list.StartTime), w.share(list.EndTime)
		r.invocations = append(r.invocations, span{from, to})
		if i > 0 {
			r.handovers = append(r.handovers, from)
			if before := w.share(s.lists[i-1].EndTime); from-before > longPause {
				r.paused = append(r.paused, span{before, from})
			}
		}
		waits := paced // in an interval without a page; otherwise only after a throttle, because the answer of DynamoDB may have taken so long
		for at, interval := range spansOf(list, w) {
			switch did := list.Work.Intervals[at]; {
			case did.Throttles > 0:
				waits, r.throttled = true, append(r.throttled, interval)
			case did.PageBytes > 0:
				waits = paced
			case waits && list.Work.WaitSeconds > 0:
				r.waited = append(r.waited, interval)
			}
		}
	}
	return r
}

// spansOf yields the intervals of an invocation.
func spansOf(list run.SegmentList, w window) []span {
	each := time.Duration(list.Work.IntervalSeconds * float64(time.Second))
	spans := make([]span, len(list.Work.Intervals))
	for i := range spans {
		begin := list.StartTime.Add(time.Duration(i) * each)
		end := begin.Add(each)
		if end.After(list.EndTime) {
			end = list.EndTime
		}
		spans[i] = span{w.share(begin), w.share(end)}
	}
	return spans
}

// narrowest is the least width of a bar that is drawn.
const narrowest = 0.003

// draw adds the row to a chart, and notes the classes that it has drawn.
func (r row) draw(c *chart, top int, drawn map[string]bool) {
	y := float64(top) + (rowHeight-barHeight)/2
	add := func(spans []span, most int, y, h float64, class, more, text string) {
		for _, s := range merged(spans, most) {
			drawn[class] = true
			c.Rects = append(c.Rects, rect{X: percent(min(s.from, 1-narrowest)), W: percent(max(narrowest, s.to-s.from)), Y: pixels(y), H: pixels(h), Class: class + more, Text: text})
		}
	}
	open := ""
	if r.open {
		open = " open"
	}
	add(r.invocations, mostBars, y, barHeight, "bar", open, r.text)
	add(r.throttled, mostPatterns, y, barHeight, "throttled", "", "")
	add(r.waited, mostPatterns, y, barHeight, "waited", "", "")
	add(r.paused, mostPatterns, y+barHeight/4, barHeight/2, "pause", "", "")
	last := -1.0
	for _, at := range r.handovers {
		if at-last >= 1.0/mostMarks {
			drawn["handover"] = true
			c.Marks = append(c.Marks, mark{X: percent(at), Y: top + rowHeight/2})
			last = at
		}
	}
}
