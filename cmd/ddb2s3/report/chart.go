package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// chart is a picture in SVG, and the table with its data. Across, positions are percent of the width, so that a chart fits every screen and its
// text keeps its size. Down, they are pixels.
type chart struct {
	ID, Title string
	// Text says in sentences what the picture shows. It is read in place of the picture.
	Text   string
	Height int
	// Rows says that the labels on the left name rows. Otherwise they are numbers of an axis.
	Rows    bool
	Across  string // what the horizontal axis shows
	Rects   []rect
	Marks   []mark
	Left    []label
	Below   []label
	Lines   []line
	Legend  []legend
	Table   table
	Caption string
}

type rect struct {
	X, W        string // percent
	Y, H        string // pixels
	Class, Text string
}

type mark struct {
	X string
	Y int
}

type label struct {
	At     string
	Text   string
	Anchor string // start, middle or end
	Minor  bool   // left out on a narrow screen
}

// line is a line across the picture at a value, with a text.
type line struct {
	Vertical         bool
	At, Text, Class  string
	TextAt, TextSide string
}

type legend struct{ Class, Text string }

type table struct {
	Head []string
	Rows [][]string
	Note string
}

// percent formats a share of the width.
func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 2, 64) + "%" }

func pixels(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// steps returns about n round values from 0 to most, and the distance between two.
func steps(most float64, n int, round func(float64) float64) (values []float64) {
	if most <= 0 || math.IsInf(most, 0) || math.IsNaN(most) {
		return []float64{0}
	}
	step := round(most / float64(n))
	for i := 0; float64(i)*step <= most*1.0001; i++ {
		values = append(values, float64(i)*step)
	}
	return values
}

// decimal rounds a step of an axis up to 1, 2 or 5 times a power of ten.
func decimal(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if step <= factor*power*1.0001 {
			return factor * power
		}
	}
	return 10 * power
}

// clock rounds a step of a time axis up, in seconds.
func clock(step float64) float64 {
	const minute, hour, day = 60, 3600, 86400
	for _, known := range []float64{minute / 2, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour, day} {
		switch {
		case step <= 20:
			return decimal(step)
		case step <= known:
			return known
		}
	}
	return decimal(step/day) * day
}

// seconds labels a point of a time axis.
func seconds(at, step float64) string {
	switch {
	case at == 0:
		return "0"
	case step < 60 && at < 120 || at < 60:
		return strconv.FormatFloat(math.Round(at*1000)/1000, 'f', -1, 64) + " s"
	case step < 60:
		return duration(at)
	case at < 7200:
		return strconv.FormatFloat(at/60, 'f', -1, 64) + " min"
	default:
		return strconv.FormatFloat(math.Round(at/360)/10, 'f', -1, 64) + " h"
	}
}

// timeAxis adds the labels of a time axis of so many seconds.
func (c *chart) timeAxis(total float64) {
	values := steps(total, 6, clock)
	for i, at := range values {
		step := total
		if len(values) > 1 {
			step = values[1]
		}
		c.below(at/total, seconds(at, step), len(values) > 5 && i%2 == 1)
	}
}

// below adds a label of the horizontal axis.
func (c *chart) below(share float64, text string, minor bool) {
	anchor := "middle"
	switch {
	case share < 0.02:
		anchor = "start"
	case share > 0.96:
		anchor = "end"
	}
	c.Below = append(c.Below, label{At: percent(share), Text: text, Anchor: anchor, Minor: minor})
}

// valueAxis adds the labels of the vertical axis, and returns the value at the top.
func (c *chart) valueAxis(most float64, format func(float64) string) (top float64) {
	values := steps(most, 3, decimal)
	top = most * 1.05
	if last := values[len(values)-1]; len(values) > 1 && most > last {
		top = max(top, last)
	}
	if top <= 0 {
		top = 1
	}
	for _, value := range values {
		c.Left = append(c.Left, label{At: pixels(c.down(value, top)), Text: format(value)})
	}
	return top
}

// down returns the pixels from the top at which a value is drawn.
func (c *chart) down(value, top float64) float64 { return float64(c.Height) * (1 - value/top) }

// column adds a column from one share of the width to another.
func (c *chart) column(from, to, value, top float64, class string) {
	if value <= 0 {
		return
	}
	y := min(c.down(value, top), float64(c.Height)-1) // at least one pixel
	c.Rects = append(c.Rects, rect{X: percent(from), W: percent(to - from), Y: pixels(y), H: pixels(float64(c.Height) - y), Class: class})
}

// level adds a horizontal line at a value, with a text above it.
func (c *chart) level(value, top float64, text string) {
	c.Lines = append(c.Lines, line{At: pixels(c.down(value, top)), Text: text, TextAt: pixels(max(12, c.down(value, top)-5)), Class: "level"})
}

// span is a part of the width, in shares.
type span struct{ from, to float64 }

// merged joins spans that overlap or touch. If there are more than most, it joins those with the smallest gaps too, so that a chart stays small.
func merged(spans []span, most int) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for gap := 1e-9; ; gap = max(gap*2, 1e-4) {
		var joined []span
		for _, s := range spans {
			if n := len(joined); n > 0 && s.from <= joined[n-1].to+gap {
				joined[n-1].to = max(joined[n-1].to, s.to)
				continue
			}
			joined = append(joined, s)
		}
		if len(joined) <= most {
			return joined
		}
		spans = joined
	}
}

// median returns the middle of sorted values. Of no values, it returns 0.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
