package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/proof/process"
)

const (
	// memoryRuns is how often each peak of memory is measured.
	memoryRuns = 10
	// memoryLimit is the limit of these runs, in MiB.
	memoryLimit = 256
	// memoryPages are enough pages of 1 MB to fill all parts of an upload, also if GZIP makes a fifth of them.
	memoryPages = 256
)

// peak is one path with one table, and what its runs took with a limit of memory.
type peak struct {
	task     task
	measured []measured
	killed   int // the runs that the kernel ended because they reached the limit
}

func (p *peak) String() string {
	return fmt.Sprintf("memory: %s, %s", p.task.Source.Shape, p.task.Path)
}

// peaks are the runs with the most memory: objects that have all parts in memory at all times, because uploads take long.
func peaks() []*peak {
	var all []*peak
	add := func(shape string, pages int, p path) {
		p.Bucket = slowBucket
		all = append(all, &peak{task: task{Path: p, Source: source{Shape: shape, Pages: pages, Latency: latency}}})
	}
	typed := func(compression request.Compression) path {
		return engine(request.FormatDynamoDBJSON, compression, gib)
	}
	add("orders", 2*memoryPages, typed(request.CompressionNone))
	add("orders", memoryPages, typed(request.CompressionGZIP))
	add("orders", memoryPages, typed(request.CompressionZSTD))
	add(counters().name, memoryPages/2, typed(request.CompressionGZIP))
	for _, shape := range []string{"orders", "documents"} {
		add(shape, memoryPages, pass(pathConvert, gib))
	}
	add(counters().name, memoryPages/4, pass(pathConvert, gib))
	return all
}

// measure measures the runs in a group of processes that has the limit. Without such a group, it measures them without a limit.
func (p *peak) measure(ctx context.Context, at *servers, group *group, progress io.Writer) error {
	do := at.reach(p.task)
	do.Group = group
	for run := range memoryRuns {
		_, _ = fmt.Fprintf(progress, "run %d of %d: %s\n", run+1, memoryRuns, p)
		var m measured
		err := process.RunAgain(ctx, measureCommand, do, &m)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, process.ErrKilled):
			p.killed++
		case err != nil:
			return fmt.Errorf("%s: %w", do, err)
		default:
			p.measured = append(p.measured, m)
		}
	}
	return nil
}
