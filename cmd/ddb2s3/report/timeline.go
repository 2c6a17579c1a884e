package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"dynamodb-to-s3/lambda/run"
)

// bins is into how many parts the charts over time divide the time of a run.
const bins = 72

// bin is what all segments did in a part of the time.
type bin struct {
	items, bytes, units, throttles float64
	working                        float64 // how many invocations were at work on average
}

// timeline adds up what all invocations of a pass did, by time. The items of an interval count as read evenly in its time.
func (p pass) timeline(w window) []bin {
	all := make([]bin, bins)
	for _, s := range p.segments {
		for _, list := range s.lists {
			whole := span{w.share(list.StartTime), w.share(list.EndTime)}
			spread(whole, func(i int, share, width float64) { all[i].working += width * bins })
			if len(list.Work.Intervals) == 0 { // a version that kept none has written the list
				addTo(all, whole, list.Totals.Scanned, list.Totals.PageBytes, list.Totals.ReadUnits, 0)
			}
			for i, at := range spansOf(list, w) {
				did := list.Work.Intervals[i]
				addTo(all, at, did.Items, did.PageBytes, did.ReadUnits, did.Throttles)
			}
		}
	}
	return all
}

func addTo(all []bin, at span, items, bytes int64, units float64, throttles int64) {
	spread(at, func(i int, share, _ float64) {
		all[i].items += float64(items) * share
		all[i].bytes += float64(bytes) * share
		all[i].units += units * share
		all[i].throttles += float64(throttles) * share
	})
}

// spread calls add for each bin that a span touches, with the share of the span that is in the bin, and the width of that share.
func spread(s span, add func(i int, share, width float64)) {
	length := s.to - s.from
	if length <= 0 {
		add(min(int(s.from*bins), bins-1), 1, 0)
		return
	}
	for i := int(s.from * bins); i < bins; i++ {
		width := min(s.to, float64(i+1)/bins) - max(s.from, float64(i)/bins)
		if width <= 0 {
			return
		}
		add(i, width/length, width)
	}
}

// series is one chart over time.
type series struct {
	id, title, unit string
	class           string
	value           func(bin) float64 // a sum over the bin
	format          func(float64) string
	level           float64 // that is shown as a line, with a text
	levelText       string
}

// overTime returns the charts over time of a pass: items, bytes, read units of a paced scan, and refused tries if there are any.
func (p pass) overTime(prefix string, r *Run, w window) []chart {
	bytes := func(n float64) string { return size(int64(math.Round(n))) }
	all := []series{
		{id: "items", title: "Items a second", unit: "items", class: "bar", value: func(b bin) float64 { return b.items }, format: number},
		{id: "bytes", title: "Bytes read a second", unit: "", class: "bytes", value: func(b bin) float64 { return b.bytes }, format: bytes},
	}
	if scan := r.Plan.Scan; scan != nil && scan.Paced() && p.name == scanPass {
		all = append(all, series{
			id: "units", title: "Read units a second", unit: "read units", class: "bar", value: func(b bin) float64 { return b.units }, format: number,
			level: scan.ReadUnitsPerSecond, levelText: "the pace: " + number(scan.ReadUnitsPerSecond),
		})
	}
	line := p.timeline(w)
	if slices.ContainsFunc(line, func(b bin) bool { return b.throttles > 0 }) {
		all = append(all, series{id: "throttles", title: "Refused tries a second", unit: "tries", class: "throttled", value: func(b bin) float64 { return b.throttles }, format: number})
	}
	var charts []chart
	for _, s := range all {
		charts = append(charts, s.chart(prefix, line, w))
	}
	return charts
}

func (s series) chart(prefix string, line []bin, w window) chart {
	c := chart{ID: prefix + s.id, Title: s.title, Height: 120, Across: "time since the start of the run"}
	each := w.seconds / bins
	values, total, peak := make([]float64, bins), 0.0, 0
	for i, b := range line {
		values[i] = s.value(b) / each
		total += s.value(b)
		if values[i] > values[peak] {
			peak = i
		}
	}
	top := c.valueAxis(max(values[peak], s.level), s.format)
	c.timeAxis(w.seconds)
	suffix := " a second"
	if s.unit != "" {
		suffix = " " + s.unit + suffix
	}
	for i, value := range values {
		c.column(float64(i)/bins, float64(i+1)/bins, value, top, s.class)
	}
	if s.level > 0 {
		c.level(s.level, top, s.levelText)
	}
	c.Text = fmt.Sprintf("On average %s%s. Most: %s%s, after %s.", s.format(total/w.seconds), suffix, s.format(values[peak]), suffix, duration((float64(peak)+0.5)*each))
	c.Table.Head = []string{"After", s.title}
	const rows = 24
	for i := 0; i < bins; i += bins / rows {
		sum := 0.0
		for _, value := range values[i : i+bins/rows] {
			sum += value
		}
		c.Table.Rows = append(c.Table.Rows, []string{duration(float64(i) * each), s.format(sum / (bins / rows))})
	}
	return c
}

// density returns the chart of how many segments were at work over time, for a pass with too many segments for a row each.
func (p pass) density(id string, w window) chart {
	line := p.timeline(w)
	most := slices.MaxFunc(line, func(a, b bin) int { return cmp.Compare(a.working, b.working) }).working
	c := chart{ID: id, Title: "Segments at work", Height: 120, Across: "time since the start of the run"}
	top := c.valueAxis(most, number)
	c.timeAxis(w.seconds)
	c.Legend = []legend{{"bar", "segments at work"}}
	c.Table.Head = []string{"After", "Segments at work", "Refused tries"}
	refused := false
	for i, b := range line {
		from, to := float64(i)/bins, float64(i+1)/bins
		c.column(from, to, b.working, top, "bar")
		if b.throttles > 0 {
			c.column(from, to, b.working, top, "throttled")
			refused = true
		}
		if i%3 == 0 {
			c.Table.Rows = append(c.Table.Rows, []string{duration(from * w.seconds), number(b.working), number(b.throttles + line[i+1].throttles + line[i+2].throttles)})
		}
	}
	if refused {
		c.Legend = append(c.Legend, legend{"throttled", "DynamoDB refused tries (throttling)"})
	}
	c.Text = fmt.Sprintf("Of %s, at most %s were at work at the same time, on average.", plural(int64(len(p.segments)), "segment"), number(most))
	return c
}

// pauses returns how long the segments of a pass waited for their next invocations.
func (p pass) pauses() (sum float64) {
	for _, s := range p.segments {
		sum += s.pauses().Seconds()
	}
	return sum
}

// work adds up the work of all invocations of a pass.
func (p pass) work() (sum run.WorkTotals) {
	for _, s := range p.segments {
		for _, list := range s.lists {
			sum.Add(list.Worked())
		}
	}
	return sum
}
