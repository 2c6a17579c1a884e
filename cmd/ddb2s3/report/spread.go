package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// mostColumns is how many columns the charts of skew and of sizes have.
const mostColumns = 60

// skewChart returns the chart of how much each segment has read: the largest segment first. If there are many, a column is a group of them.
func (p pass) skewChart(id string) chart {
	items, read, took := p.measures()
	descending := slices.Clone(items)
	slices.Reverse(descending)
	n := len(descending)
	group := (n + mostColumns - 1) / mostColumns
	c := chart{ID: id, Title: "Items of each segment, the largest first", Height: 140, Across: "segments"}
	top := c.valueAxis(descending[0], number)
	width := float64(group) / float64(n)
	gap := min(0.002, width*0.15)
	for i := 0; i < n; i += group {
		class := "bar"
		if i == 0 && uneven(items) {
			class = "bar largest"
		}
		from := float64(i) / float64(n)
		c.column(from+gap, min(1, from+width)-gap, descending[i], top, class)
	}
	c.level(median(items), top, "median: "+number(median(items)))
	c.below(0, "largest", false)
	c.below(1, "smallest", false)
	if group > 1 {
		c.Caption = fmt.Sprintf("A column is the largest of %d segments.", group)
	}
	c.Text = fmt.Sprintf("%s. The largest has %s, the median is %s.", plural(int64(n), "segment"), plural(int64(descending[0]), "item"), number(median(items)))
	if uneven(items) {
		c.Text += fmt.Sprintf(" That is %s the median. Either a few key values have most of the items, or the table is small for so many segments. "+
			"The items of one key value are always in one segment.", times(descending[0], median(items)))
		c.Legend = []legend{{"largest", "the largest segment"}, {"bar", "the other segments"}}
	}
	c.Table = table{Head: []string{"", "Smallest", "Median", "Largest", "Largest to median"}, Rows: [][]string{
		measure("Items read", items, number),
		measure("Bytes read", read, func(n float64) string { return size(int64(n)) }),
		measure("Time", took, duration),
	}}
	return c
}

// measures returns the items, bytes and seconds of the segments, each sorted.
func (p pass) measures() (items, read, took []float64) {
	for _, s := range p.segments {
		sum := s.total()
		items, read, took = append(items, float64(sum.Scanned)), append(read, float64(sum.PageBytes)), append(took, s.seconds())
	}
	slices.Sort(items)
	slices.Sort(read)
	slices.Sort(took)
	return items, read, took
}

func measure(name string, sorted []float64, format func(float64) string) []string {
	largest := sorted[len(sorted)-1]
	return []string{name, format(sorted[0]), format(median(sorted)), format(largest), times(largest, median(sorted))}
}

// uneven reports whether the largest of sorted values is so large that it decides how long a run takes.
func uneven(sorted []float64) bool { return sorted[len(sorted)-1] >= 2*max(1, median(sorted)) }

// times says how many times larger one value is than another.
func times(a, b float64) string {
	if b <= 0 {
		return "–"
	}
	return strconv.FormatFloat(math.Round(a/b*10)/10, 'f', -1, 64) + " times"
}

// sizesChart returns the histogram of the sizes of objects. target is the size at which the run begins another object, 0 for none.
func sizesChart(id string, sizes []int64, target int64) chart {
	c := chart{ID: id, Title: "Sizes of the objects", Height: 140, Across: "bytes as stored"}
	largest, total := max(slices.Max(sizes), target), int64(0)
	for _, bytes := range sizes {
		total += bytes
	}
	const n = 40
	step := decimal(float64(max(largest, n)) * 1.02 / n)
	most := int(math.Ceil(float64(max(largest, 1)) * 1.02 / step))
	counts := make([]float64, most)
	for _, bytes := range sizes {
		counts[min(int(float64(bytes)/step), most-1)]++
	}
	end := step * float64(most)
	top := c.valueAxis(slices.Max(counts), number)
	c.Table.Head = []string{"Size", "Objects"}
	for i, n := range counts {
		from, to := float64(i)/float64(most), float64(i+1)/float64(most)
		c.column(from+0.001, to-0.001, n, top, "bytes")
		if n > 0 {
			c.Table.Rows = append(c.Table.Rows, []string{size(int64(float64(i)*step)) + " to " + size(int64(float64(i+1)*step)), number(n)})
		}
	}
	labels := steps(end, 5, decimal)
	for i, at := range labels {
		c.below(at/end, size(int64(at)), len(labels) > 4 && i%2 == 1)
	}
	if target > 0 {
		side := "start"
		if at := float64(target) / end; at > 0.5 {
			side = "end"
		}
		c.Lines = append(c.Lines, line{Vertical: true, At: percent(float64(target) / end), Text: "fileSizeBytes: " + size(target), TextAt: "11", TextSide: side, Class: "level"})
	}
	sorted := make([]float64, len(sizes))
	for i, bytes := range sizes {
		sorted[i] = float64(bytes)
	}
	slices.Sort(sorted)
	c.Text = fmt.Sprintf("%s with %s. The median is %s, the largest %s.", plural(int64(len(sizes)), "object"), size(total), size(int64(median(sorted))), size(slices.Max(sizes)))
	if target > 0 {
		c.Text += fmt.Sprintf(" A segment begins another object when one has reached about %s (fileSizeBytes). The last object of a segment is smaller.", size(target))
	}
	return c
}
