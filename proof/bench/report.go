package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// results are the measurements.
type results struct {
	settings
	items  map[string]int // of a page, by the table's shape
	rows   []*row
	peaks  []*peak
	starts []*started
	// queries are those of DuckDB, by the table and what they read. If DuckDB was not measured, noDuckDB says why.
	queries  map[string][]measured
	noDuckDB error
	// noLimit says why memory had no limit.
	noLimit error
}

// find returns a row of the table of speeds, or nil if it was not measured.
func (all *results) find(shape string, p path) *row { return all.findIn(whatSpeed, shape, p) }

func (all *results) findIn(what, shape string, p path) *row {
	for _, r := range all.rows {
		if r.what == what && r.task.Source.Shape == shape && r.task.Path == p {
			return r
		}
	}
	return nil
}

// markdown returns the tables of docs/performance.md. With withOld, they have columns that compare with the old program.
func (all *results) markdown(withOld bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds on %s, %s/%s, %d cores. Each figure is the median over the rounds.\n\n",
		all.rounds, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	all.speeds(&b, withOld)
	all.parquet(&b, withOld)
	b.WriteString("\n| what | measured |\n|---|---|\n")
	line := func(what, format string, values ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, values...))
	}
	all.sdk(line)
	all.learning(line)
	all.startTimes(line, withOld)
	all.fixed(line)
	all.tls(line)
	all.sizes(line)
	all.answers(line)
	for _, format := range []request.Format{request.FormatDynamoDBJSON, request.FormatJSON, request.FormatION} {
		p := engine(format, request.CompressionGZIP, request.DefaultFileSize)
		if n, ok := all.allocationsPerItem(all.find("events", p), all.find("documents", p)); ok {
			line(fmt.Sprintf("allocations per item, %s", format), "%.4f", n)
		}
	}
	for _, p := range parquetPaths()[:2] {
		if n, ok := all.allocationsPerItem(all.findParquet("events", p), all.findParquet("documents", p)); ok {
			line(fmt.Sprintf("allocations per item, %s", p), "%.4f", n)
		}
	}
	for _, r := range all.rows {
		if r.what == whatSlow {
			line(fmt.Sprintf("throughput of one segment if each page takes %s to arrive, relative to one page every %s", slowLatency, slowLatency),
				"%.3f", slowLatency.Seconds()/median(r.perPage(wall)))
		}
	}
	all.memory(line)
	all.duckPeaks(line)
	return b.String()
}

// speeds writes the table of speeds: a line for each path, and a column for each table.
func (all *results) speeds(b *strings.Builder, withOld bool) {
	head, rule := "| MB of pages per CPU second, and the ratio to the bound |", "|---|"
	for _, s := range shapes() {
		head, rule = head+fmt.Sprintf(" %s, %d items per page |", s.name, all.items[s.name]), rule+"---:|"
		if withOld {
			head, rule = head+fmt.Sprintf(" %s, new/old |", s.name), rule+"---:|"
		}
	}
	b.WriteString(head + "\n" + rule + "\n")
	for _, p := range speedPaths() {
		line, measured := fmt.Sprintf("| %s |", p), false
		for _, s := range shapes() {
			r := all.find(s.name, p)
			measured = measured || r != nil
			line += fmt.Sprintf(" %s |", all.speed(r))
			if withOld {
				line += fmt.Sprintf(" %s |", r.newOld())
			}
		}
		if measured {
			b.WriteString(line + "\n")
		}
	}
}

// speed is one cell of the table of speeds.
func (all *results) speed(r *row) string {
	if r == nil {
		return "–"
	}
	speed := fmt.Sprintf("%.0f", r.megabytesPerCPUSecond())
	bound := all.find(r.task.Source.Shape, path{Name: pathBound, Compression: r.task.Path.Compression})
	if bound == nil || bound == r {
		return speed
	}
	return fmt.Sprintf("%s, %.2f", speed, r.times(bound))
}

// newOld is one cell of the comparison with the old program.
func (r *row) newOld() string {
	switch {
	case r == nil || !r.task.Path.ours():
		return "–"
	case r.oldFailed != nil:
		return "the old program cannot do this"
	default:
		return fmt.Sprintf("%.2f", r.timesOld())
	}
}

// sdk writes how many times as many bytes as the SDK's way the scan function moves in the same CPU time.
func (all *results) sdk(line func(what, format string, values ...any)) {
	for _, format := range []request.Format{request.FormatDynamoDBJSON, request.FormatJSON} {
		for _, name := range []string{pathSDKFast, pathSDK} {
			ours := engine(format, request.CompressionGZIP, request.DefaultFileSize)
			other := path{Name: name, Compression: ours.Compression, FileSize: ours.FileSize}
			var times []string
			for _, s := range shapes() {
				if a, b := all.find(s.name, ours), all.find(s.name, other); a != nil && b != nil {
					times = append(times, fmt.Sprintf("%s %.1f", s.name, a.times(b)))
				}
			}
			if len(times) > 0 {
				line(fmt.Sprintf("%s: times as many bytes in the same CPU time as %s", ours, other), "%s", strings.Join(times, ", "))
			}
		}
	}
}

// learning writes how fast a scan for a catalog is.
func (all *results) learning(line func(what, format string, values ...any)) {
	for _, p := range speedPaths() {
		var times []string
		for _, s := range shapes() {
			if a, b := all.find(s.name, learning(p)), all.find(s.name, p); a != nil && b != nil && a != b {
				times = append(times, fmt.Sprintf("%s %.2f", s.name, a.times(b)))
			}
		}
		if len(times) > 0 {
			line(fmt.Sprintf("%s: bytes in the same CPU time, relative to a scan without a catalog", learning(p)), "%s", strings.Join(times, ", "))
		}
	}
}

// fixed writes what a run of one page takes.
func (all *results) fixed(line func(what, format string, values ...any)) {
	for _, p := range speedPaths() {
		if r := all.find("orders", p); r != nil && p.Compression == request.CompressionGZIP {
			line(fmt.Sprintf("a run of one page, with the start of its process: %s", p), "%.1f ms of CPU time, %.0f requests",
				1e3*medianOf(r.onePage, cpu), medianOf(r.onePage, requests))
		}
	}
}

// tls writes what TLS takes.
func (all *results) tls(line func(what, format string, values ...any)) {
	for _, r := range all.rows {
		if r.what != whatPlain {
			continue
		}
		if over := all.find(r.task.Source.Shape, r.task.Path); over != nil {
			line(fmt.Sprintf("CPU time over TLS, relative to without TLS, %s, %s", r.task.Source.Shape, r.task.Path), "%.2f", r.times(over))
		}
	}
}

// memory writes what the runs with a limit of memory took.
func (all *results) memory(line func(what, format string, values ...any)) {
	limit := fmt.Sprintf("with a limit of %d MiB", memoryLimit)
	if all.noLimit != nil {
		limit = "without a limit, which needs Linux and root"
	}
	for _, p := range all.peaks {
		what := fmt.Sprintf("peak memory of %d runs %s, objects of 1 GiB, %s, %d items per page, %s", memoryRuns, limit,
			p.task.Source.Shape, all.items[p.task.Source.Shape], p.task.Path)
		if len(p.measured) == 0 {
			line(what, "all were killed")
			continue
		}
		most := peakMB(slices.MaxFunc(p.measured, func(a, b measured) int { return cmp.Compare(a.Peak, b.Peak) }))
		line(what, "median %.0f MB, largest %.0f MB, %d killed", medianOf(p.measured, peakMB), most, p.killed)
	}
}

// allocationsPerItem compares a page of many small items with a page of few large ones: the difference in allocations, divided by the
// difference in items. Both contain what a page allocates once, and most of that is the SDK's.
func (all *results) allocationsPerItem(many, few *row) (n float64, ok bool) {
	if many == nil || few == nil {
		return 0, false
	}
	return max(0, median(many.perPage(allocations))-median(few.perPage(allocations))) / float64(all.items["events"]-all.items["documents"]), true
}

const (
	begin = "<!-- make bench writes from here -->\n"
	end   = "<!-- to here -->\n"
)

// replace replaces the table between the two marks of a page.
func replace(path, table string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no lines %q and %q", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+table+"\n"+end+after), 0o644) //nolint:gosec // a page of the documentation
}
