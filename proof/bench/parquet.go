package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/proof/process"
)

// whatQuery is the name of the queries, for settings.only.
const whatQuery = "query"

// queried is what the queries add up in each table: a number in the column of a Parquet file, which DYNAMODB_JSON has as text.
var queried = map[string]string{"orders": "total", "events": "ms", "documents": "version"}

// The files that the queries read.
const (
	overNothing = "nothing"
	overParquet = "PARQUET"
	overZSTD    = "DYNAMODB_JSON, ZSTD"
	overGZIP    = "DYNAMODB_JSON, GZIP"
)

// query measures DuckDB's answer to a query over the Parquet file of the second pass, and over the files of a scan.
func (all *results) query(ctx context.Context, at *servers, progress io.Writer) error {
	for _, s := range shapes() {
		_, _ = fmt.Fprintf(progress, "%s: %s\n", whatQuery, s.name)
		source := source{Shape: s.name, Pages: min(all.pages, distinct), Latency: latency}
		statements, err := statements(ctx, at, source)
		if err != nil {
			return err
		}
		for range min(all.rounds, 3) {
			for over, statement := range statements {
				m, err := at.duck.ask(ctx, 1, statement)
				if err != nil {
					return fmt.Errorf("%s over %s: %w", statement, over, err)
				}
				all.queries[s.name+over] = append(all.queries[s.name+over], m)
			}
		}
	}
	return nil
}

// statements returns the query for each kind of file.
func statements(ctx context.Context, at *servers, s source) (map[string]string, error) {
	p := pass(pathConvert, gib)
	p.Bucket = keptBucket
	var m measured
	if err := process.RunAgain(ctx, measureCommand, at.reach(task{Path: p, Source: s}), &m); err != nil {
		return nil, err
	}
	file := filepath.Join(at.duck.folder, "query.parquet")
	if err := os.WriteFile(file, at.kept.take(), 0o600); err != nil {
		return nil, err
	}
	column := queried[s.Shape]
	all := map[string]string{
		overNothing: "SELECT 1",
		overParquet: fmt.Sprintf("SELECT count(*), sum(%s) FROM %s", column, duckdb.File(file)),
	}
	for over, compression := range map[string]request.Compression{overZSTD: request.CompressionZSTD, overGZIP: request.CompressionGZIP} {
		lines, err := at.duck.lines(s, request.FormatDynamoDBJSON, compression)
		if err != nil {
			return nil, err
		}
		all[over] = fmt.Sprintf("SELECT count(*), sum(Item.%s.N::DECIMAL(38, 2)) FROM %s", column, reading(lines, compression))
	}
	return all, nil
}

// parquet writes the tables of the two passes.
func (all *results) parquet(b *strings.Builder, withOld bool) {
	if all.findParquet("orders", parquetPaths()[0]) == nil && all.findParquet("orders", parquetPaths()[1]) == nil {
		return
	}
	head, rule := "| Parquet, MB of pages per CPU second |", "|---|"
	for _, s := range shapes() {
		head, rule = head+fmt.Sprintf(" %s |", s.name), rule+"---:|"
		if withOld {
			head, rule = head+fmt.Sprintf(" %s, new/old |", s.name), rule+"---:|"
		}
	}
	b.WriteString("\n" + head + "\n" + rule + "\n")
	line := func(what string, of func(shape string) (*row, string)) {
		cells, measured := "", false
		for _, s := range shapes() {
			r, cell := of(s.name)
			cells, measured = cells+" "+cell+" |", measured || cell != unmeasured
			if withOld {
				cells += " " + r.newOld() + " |"
			}
		}
		if measured {
			fmt.Fprintf(b, "| %s |%s\n", what, cells)
		}
	}
	plain := engine(request.FormatDynamoDBJSON, request.CompressionZSTD, request.DefaultFileSize)
	line(plain.String()+", for comparison", func(shape string) (*row, string) { return nil, speedTo(all.find(shape, plain), nil) })
	first, second := parquetPaths()[0], parquetPaths()[1]
	line(first.String()+", and the ratio to that", func(shape string) (*row, string) {
		r := all.findParquet(shape, first)
		return r, speedTo(r, all.find(shape, plain))
	})
	line(second.String()+", and the ratio to the best of DuckDB", func(shape string) (*row, string) {
		r := all.findParquet(shape, second)
		return r, speedTo(r, all.bestDuckDB(shape))
	})
	line("PARQUET, both passes", func(shape string) (*row, string) {
		a, b := all.findParquet(shape, first), all.findParquet(shape, second)
		if a == nil || b == nil {
			return nil, unmeasured
		}
		return nil, fmt.Sprintf("%.0f", 1/(1/a.megabytesPerCPUSecond()+1/b.megabytesPerCPUSecond()))
	})
	for _, p := range parquetPaths()[2:] {
		line(p.String(), func(shape string) (*row, string) { return nil, speedTo(all.findParquet(shape, p), nil) })
	}
}

// findParquet returns a row of the table of Parquet, or nil if it was not measured.
func (all *results) findParquet(shape string, p path) *row { return all.findIn(whatParquet, shape, p) }

// bestDuckDB returns the row in which DuckDB takes the least CPU time, or nil if none was measured.
func (all *results) bestDuckDB(shape string) (best *row) {
	for _, p := range parquetPaths()[2:] {
		if r := all.findParquet(shape, p); r != nil && (best == nil || r.megabytesPerCPUSecond() > best.megabytesPerCPUSecond()) {
			best = r
		}
	}
	return best
}

// unmeasured is the cell of a row that was not measured.
const unmeasured = "–"

// speedTo is a speed, with its ratio to that of another row unless that is nil.
func speedTo(r, other *row) string {
	switch {
	case r == nil:
		return unmeasured
	case other == nil:
		return fmt.Sprintf("%.0f", r.megabytesPerCPUSecond())
	default:
		return fmt.Sprintf("%.0f, %.2f", r.megabytesPerCPUSecond(), r.times(other))
	}
}

// sizes writes how large Parquet files are.
func (all *results) sizes(line func(what, format string, values ...any)) {
	gzip := engine(request.FormatDynamoDBJSON, request.CompressionGZIP, request.DefaultFileSize)
	for _, p := range []path{parquetPaths()[1], parquetPaths()[2]} {
		var sizes []string
		for _, s := range shapes() {
			if r, to := all.findParquet(s.name, p), all.find(s.name, gzip); r != nil && to != nil {
				sizes = append(sizes, fmt.Sprintf("%s %.2f", s.name, median(r.perPage(stored))/median(to.perPage(stored))))
			}
		}
		if len(sizes) > 0 {
			line(fmt.Sprintf("size of the Parquet file relative to %s: %s", gzip, p), "%s", strings.Join(sizes, ", "))
		}
	}
}

// answers writes how long queries take.
func (all *results) answers(line func(what, format string, values ...any)) {
	for _, s := range shapes() {
		base := all.queries[s.name+overNothing]
		if len(base) == 0 {
			continue
		}
		var times []string
		for _, over := range []string{overParquet, overZSTD, overGZIP} {
			m := all.queries[s.name+over]
			times = append(times, fmt.Sprintf("%s: %.0f ms, %.0f ms of CPU time", over, 1e3*medianOf(m, wall), 1e3*max(0, medianOf(m, cpu)-medianOf(base, cpu))))
		}
		line(fmt.Sprintf("DuckDB with one thread, `SELECT count(*), sum(%s)` over the %d MB of %s", queried[s.name], min(all.pages, distinct), s.name),
			"%s", strings.Join(times, "; "))
	}
}

// duckPeaks writes how much memory DuckDB takes.
func (all *results) duckPeaks(line func(what, format string, values ...any)) {
	for _, p := range parquetPaths()[2:] {
		var peaks []string
		for _, s := range shapes() {
			if r := all.findParquet(s.name, p); r != nil {
				peaks = append(peaks, fmt.Sprintf("%s %.0f MB", s.name, medianOf(r.measured, peakMB)))
			}
		}
		if len(peaks) > 0 {
			line(fmt.Sprintf("peak memory of %s, %d MB of pages", p, min(all.pages, distinct)), "%s", strings.Join(peaks, ", "))
		}
	}
}
