package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/run"
)

// view returns what is shown of a pass. prefix begins the ids of its charts.
func (p pass) view(prefix string, r *Run, w window) passView {
	v := passView{
		Title:    strings.ToUpper(p.name[:1]) + p.name[1:],
		OverTime: p.overTime(prefix, r, w), Time: timeChart(prefix+"time", p.work(), p.pauses()), Throttles: throttleTable(p.work()),
	}
	skew := p.skewChart(prefix + "skew")
	v.Skew = &skew
	if len(p.segments) > allRows {
		v.Segments = append(v.Segments, p.density(prefix+"density", w))
	}
	v.Segments = append(v.Segments, p.gantt(prefix+"gantt", w, r.Plan.Scan != nil && r.Plan.Scan.Paced() && p.name == scanPass))
	open := 0
	for _, s := range p.segments {
		if !s.last().Done {
			open++
		}
	}
	if waiting := p.planned - len(p.segments); open+waiting > 0 {
		v.Segments[0].Text += fmt.Sprintf(" Of %s, %s complete, %s in progress and %s no list yet.", plural(int64(p.planned), "segment"),
			are(len(p.segments)-open, "is", "are"), are(open, "is", "are"), are(waiting, "has", "have"))
	}
	return v
}

// are says how many segments are or have something.
func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(int64(n)) + " " + many
}

// viewOf returns what is shown of a pass whose segment lists are gone.
func viewOf(prefix, title string, work run.WorkTotals) passView {
	return passView{
		Title: title, Note: "The segment lists of this pass were removed after the commit. The manifest has their sums.",
		Time: timeChart(prefix+"time", work, 0), Throttles: throttleTable(work),
	}
}

// timeChart returns the chart of how the invocations spent their time.
func timeChart(id string, work run.WorkTotals, pauses float64) chart {
	parts := []struct {
		class, name string
		seconds     float64
	}{
		{"bar", "reading and writing", max(0, work.Seconds-work.WaitSeconds-work.FlushSeconds)},
		{"waited", "waiting for the pace, or after a throttle", work.WaitSeconds},
		{"pause", "between two invocations", pauses},
		{"flush", "writing the rest at the end", work.FlushSeconds},
	}
	c := chart{ID: id, Title: "Where the time went", Height: 28, Across: "share of the time of all segments"}
	total := work.Seconds + pauses
	c.Table.Head = []string{"", "Time of all segments", "Share"}
	var words []string
	at := 0.0
	for _, part := range parts {
		if part.seconds <= 0 || total <= 0 {
			continue
		}
		share := part.seconds / total
		c.Rects = append(c.Rects, rect{X: percent(at), W: percent(share), Y: "0", H: "28", Class: part.class, Text: part.name})
		at += share
		text := fmt.Sprintf("%s: %s, %.1f %%", part.name, duration(part.seconds), share*100)
		c.Legend = append(c.Legend, legend{part.class, text})
		words = append(words, text)
		c.Table.Rows = append(c.Table.Rows, []string{part.name, duration(part.seconds), fmt.Sprintf("%.1f %%", share*100)})
	}
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		c.below(share, fmt.Sprintf("%.0f %%", share*100), false)
	}
	c.Text = fmt.Sprintf("The time of %s added together: %s. Invocations work at the same time, so this can be longer than the run.", plural(work.Invocations, "invocation"), duration(total))
	c.Table.Note = strings.Join(words, "; ")
	return c
}

// throttleTable returns how many tries were refused, by DynamoDB's reason; nil if none was.
func throttleTable(work run.WorkTotals) *table {
	if len(work.Throttles) == 0 {
		return nil
	}
	t := &table{Head: []string{"DynamoDB's reason", "Refused tries"}, Note: "One try can have several reasons."}
	reasons := slices.SortedFunc(maps.Keys(work.Throttles), func(a, b string) int {
		return cmp.Or(cmp.Compare(work.Throttles[b], work.Throttles[a]), cmp.Compare(a, b))
	})
	for _, reason := range reasons {
		t.Rows = append(t.Rows, []string{visible(reason), count(work.Throttles[reason])})
	}
	return t
}
