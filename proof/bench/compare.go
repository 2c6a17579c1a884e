package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/proof/process"
)

const (
	// distinct is the number of different pages of a table; they are served in turn.
	distinct = 16
	// latency is the time until a page arrives. With less, the SDK fails, because answers come before it has sent its requests.
	latency = 2 * time.Millisecond
	// idiomaticShare divides the number of pages of the idiomatic path, which needs ten times as long for a page.
	idiomaticShare = 6
	gib            = 1 << 30
)

// row is one path with one table, and its measurements in all rounds.
type row struct {
	task     task
	items    int // of a page
	measured []measured
}

func (r row) median(of func(measured) float64) float64 {
	values := make([]float64, len(r.measured))
	for i, m := range r.measured {
		values[i] = of(m)
	}
	return median(values)
}

// cpuPerGB is the CPU time in seconds for 1e9 bytes of pages.
func (r row) cpuPerGB(m measured) float64 {
	return m.CPU.Seconds() / (float64(r.task.Source.Pages) * pageSize / 1e9)
}

// over returns the median over the rounds of the ratio of this path's CPU time to another's.
func (r row) over(other row) float64 {
	ratios := make([]float64, len(r.measured))
	for i := range ratios {
		ratios[i] = r.cpuPerGB(r.measured[i]) / other.cpuPerGB(other.measured[i])
	}
	return median(ratios)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// results are the measurements, in the order of the report.
type results struct {
	rounds int
	paths  map[string][]row // by the table's shape; the bound is the first, the idiomatic path the second
	large  []row            // with objects of 1 GiB
	slow   []row            // with pages that take slowLatency to arrive
}

// slowLatency is the time until a page arrives in the measurement of whether the scan waits for nothing else.
const slowLatency = 50 * time.Millisecond

func engine(format request.Format, compression request.Compression, fileSize int64) path {
	return path{Name: pathEngine, Format: format, Compression: compression, FileSize: fileSize}
}

// compare measures everything, round by round.
func compare(ctx context.Context, rounds, count int, progress io.Writer) (*results, error) {
	served := &tables{pages: map[string][]page{}}
	for _, s := range append(shapes(), counters()) {
		served.pages[s.name] = pages(s, distinct)
	}
	tablesAt, stopTables, err := serve(served)
	if err != nil {
		return nil, err
	}
	defer stopTables()
	objectsAt, stopObjects, err := serve(bucket{})
	if err != nil {
		return nil, err
	}
	defer stopObjects()

	newRow := func(shape string, pages int, latency time.Duration, p path) row {
		return row{
			items: served.pages[shape][0].items,
			task:  task{Path: p, Source: source{Shape: shape, Pages: pages, Latency: latency}, Tables: tablesAt, Objects: objectsAt},
		}
	}
	all := &results{rounds: rounds, paths: map[string][]row{}}
	for _, s := range shapes() {
		all.paths[s.name] = []row{
			newRow(s.name, count, latency, path{Name: pathBound}),
			newRow(s.name, max(warm, count/idiomaticShare), latency, path{Name: pathIdiomatic, FileSize: request.DefaultFileSize}),
			newRow(s.name, count, latency, engine(request.FormatDynamoDBJSON, request.CompressionGZIP, request.DefaultFileSize)),
			newRow(s.name, count, latency, engine(request.FormatJSON, request.CompressionGZIP, request.DefaultFileSize)),
			newRow(s.name, count, latency, engine(request.FormatION, request.CompressionGZIP, request.DefaultFileSize)),
			newRow(s.name, count, latency, engine(request.FormatDynamoDBJSON, request.CompressionZSTD, request.DefaultFileSize)),
		}
	}
	for _, compression := range []request.Compression{request.CompressionNone, request.CompressionGZIP, request.CompressionZSTD} {
		all.large = append(all.large, newRow("orders", max(count, 2*gib/pageSize), latency, engine(request.FormatDynamoDBJSON, compression, gib)))
	}
	all.large = append(all.large, newRow(counters().name, count, latency, engine(request.FormatDynamoDBJSON, request.CompressionGZIP, gib)))
	all.slow = []row{newRow("orders", count, slowLatency, engine(request.FormatDynamoDBJSON, request.CompressionGZIP, request.DefaultFileSize))}

	measureAll := func(round int, rows []row) error {
		for i := range rows {
			r := &rows[i]
			_, _ = fmt.Fprintf(progress, "round %d of %d: %s\n", round+1, rounds, r.task)
			var m measured
			if err := process.RunAgain(ctx, measureCommand, r.task, &m); err != nil {
				return err
			}
			r.measured = append(r.measured, m)
		}
		return nil
	}
	for round := range rounds {
		for _, s := range shapes() {
			if err := measureAll(round, all.paths[s.name]); err != nil {
				return nil, err
			}
		}
		if err := errors.Join(measureAll(round, all.large), measureAll(round, all.slow)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// serve serves at a free port until stop is called.
func serve(h http.Handler) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with stop
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ErrServerClosed
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}
