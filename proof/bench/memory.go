package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/proof/process"
)

// memoryCommand is the first argument of a bench that measures what memory costs: `make bench-memory`.
const memoryCommand = "memory"

// memoryRow is a row that is measured with a memory.
type memoryRow struct {
	row
	mib int
}

// measureMemory measures the scan function with the memory and the share of a core that Lambda would give, and prints a table.
func measureMemory(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet(memoryCommand, flag.ContinueOnError)
	memories := flags.String("memory", "256,1769", "the memory of the function in MiB")
	latencies := flags.String("latency", "60ms,100ms", "how long a page takes to arrive")
	formats := flags.String("format", "DYNAMODB_JSON", "the formats")
	transform := flags.String("transform", "", "a transform, which takes the place of the formats")
	compressions := flags.String("compression", "GZIP", "the compressions")
	shape := flags.String("table", "orders", "the table")
	size := flags.Int64("size", request.DefaultFileSize, "fileSizeBytes")
	count := flags.Int("pages", 256, "the number of pages of 1 MB in one measurement")
	rounds := flags.Int("rounds", 1, "the number of rounds; the table has the medians")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	var rows []*memoryRow
	for latency := range strings.SplitSeq(*latencies, ",") {
		arrives, err := time.ParseDuration(latency)
		if err != nil {
			return err
		}
		for format := range strings.SplitSeq(*formats, ",") {
			for compression := range strings.SplitSeq(*compressions, ",") {
				paths := []path{engine(request.Format(format), request.Compression(compression), *size)}
				switch {
				case *transform != "":
					paths[0].Format, paths[0].Transform = "", *transform
				case paths[0].Format == request.FormatParquet: // its two passes
					paths = []path{pass(pathLearn, *size), pass(pathConvert, *size)}
				}
				for memory := range strings.SplitSeq(*memories, ",") {
					mib, err := strconv.Atoi(memory)
					if err != nil {
						return err
					}
					for _, p := range paths {
						rows = append(rows, &memoryRow{row{task: task{Path: p, Source: source{Shape: *shape, Pages: *count, Latency: arrives}}}, mib})
					}
				}
			}
		}
	}
	var at servers
	stop, err := at.start(sampleTables())
	if err != nil {
		return err
	}
	defer stop()
	for range *rounds {
		for _, r := range rows {
			if err := r.measure(ctx, &at); err != nil {
				return err
			}
		}
	}
	_, _ = fmt.Fprint(out, "| a page arrives after | format | memory, MiB | MB/s | CPU s/GB | peak memory, MB | $ per GB of pages |\n|---|---|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		gigabytes := float64(r.task.Source.Pages) * pageSize / 1e9
		seconds := medianOf(r.measured, wall) / gigabytes
		_, _ = fmt.Fprintf(out, "| %s | %s | %d | %.1f | %.1f | %.0f | %.5f |\n", r.task.Source.Latency, r.task.Path, r.mib, 1000/seconds,
			medianOf(r.measured, cpu)/gigabytes, medianOf(r.measured, peakMB), price.Prices{}.Of(price.LambdaARM, seconds*float64(r.mib)/1024))
	}
	return nil
}

func (r *memoryRow) measure(ctx context.Context, at *servers) error {
	g, err := newGroup(r.mib)
	if err != nil {
		return fmt.Errorf("make a control group, which only root can do, and only on Linux: %w", err)
	}
	defer g.remove()
	do := at.reach(r.task)
	do.Group = g
	var m measured
	if err := process.RunAgain(ctx, measureCommand, do, &m); err != nil {
		return fmt.Errorf("%s, with %d MiB: %w", do, r.mib, err)
	}
	r.measured = append(r.measured, m)
	return nil
}
