package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// markdown returns the tables of docs/performance.md.
func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds on %s, %s/%s, %d cores. CPU time is that of one process for 1e9 bytes of pages. Each ratio is the median over the rounds.\n\n",
		r.rounds, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	b.WriteString("| table | path | CPU s/GB | MB per CPU s | ratio to the bound | ratio to the SDK's way | allocations per page | peak memory, MB |\n|---|---|---|---|---|---|---|---|\n")
	for _, s := range shapes() {
		rows := r.paths[s.name]
		bound, idiomatic := rows[0], rows[1]
		for _, row := range rows {
			cpu := row.median(row.cpuPerGB)
			fmt.Fprintf(&b, "| %s, %d items per page | %s | %.2f | %.0f | %.2f | %.1f | %.0f | %.0f |\n", s.name, row.items, row.task.Path,
				cpu, 1e3/cpu, 1/row.over(bound), 1/row.over(idiomatic), row.median(allocations), row.median(peakMB))
		}
	}
	b.WriteString("\n| what | measured |\n|---|---|\n")
	for _, format := range []request.Format{request.FormatDynamoDBJSON, request.FormatJSON, request.FormatION} {
		fmt.Fprintf(&b, "| allocations per item, %s | %.4f |\n", format, r.allocationsPerItem(format))
	}
	for _, row := range r.large {
		fmt.Fprintf(&b, "| peak memory with objects of 1 GiB, %s, %d items per page, %s, MB | %.0f |\n",
			row.task.Source.Shape, row.items, row.task.Path.Compression, row.median(peakMB))
	}
	for _, row := range r.slow {
		ideal := slowLatency.Seconds() * float64(row.task.Source.Pages)
		fmt.Fprintf(&b, "| throughput of one segment if each page takes %s to arrive, relative to one page every %s | %.3f |\n",
			slowLatency, slowLatency, ideal/row.median(func(m measured) float64 { return m.Wall.Seconds() }))
	}
	return b.String()
}

func allocations(m measured) float64 { return m.Allocations }

func peakMB(m measured) float64 { return float64(m.Peak) / 1e6 }

// allocationsPerItem compares a page of many small items with a page of few large ones: the difference in allocations, divided by the
// difference in items. Both contain the fixed cost of a page, and most of that is the SDK's.
func (r *results) allocationsPerItem(format request.Format) float64 {
	find := func(shape string) row {
		for _, row := range r.paths[shape] {
			if row.task.Path == engine(format, request.CompressionGZIP, request.DefaultFileSize) {
				return row
			}
		}
		panic("internal error: not measured: " + shape)
	}
	many, few := find("events"), find("documents")
	return max(0, many.median(allocations)-few.median(allocations)) / float64(many.items-few.items)
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
