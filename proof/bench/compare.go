package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/request"
)

const (
	// distinct is how many different pages of a table are made; they are served in turn.
	distinct = 16
	// latency is what a page takes to come: less, and the SDK and a server of this process trip over each other.
	latency = 2 * time.Millisecond
	// idiomaticShare is by what the idiomatic path moves fewer pages, for it takes ten times as long for each.
	idiomaticShare = 6
	gib            = 1 << 30
)

// row is one path over one table, and what each round has measured of it.
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

// cpuPerGB is in seconds, for 1e9 bytes of pages.
func (r row) cpuPerGB(m measured) float64 {
	return m.CPU.Seconds() / (float64(r.task.Source.Pages) * pageSize / 1e9)
}

// over returns the median of the rounds' ratios of what this path and another cost.
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

// results are what was measured, in the order in which it is told.
type results struct {
	rounds int
	paths  map[string][]row // by the table's shape: the bound first, the idiomatic path second
	large  []row            // objects of 1 GiB
	slow   []row            // pages that take slowLatency to come
}

// slowLatency is what a page takes to come where it is measured that nothing else makes it slower.
const slowLatency = 50 * time.Millisecond

func engine(format request.Format, compression request.Compression, fileSize int64) way {
	return way{Path: pathEngine, Format: format, Compression: compression, FileSize: fileSize}
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

	newRow := func(shape string, pages int, latency time.Duration, w way) row {
		return row{
			items: served.pages[shape][0].items,
			task:  task{Way: w, Source: source{Shape: shape, Pages: pages, Latency: latency}, Tables: tablesAt, Objects: objectsAt},
		}
	}
	all := &results{rounds: rounds, paths: map[string][]row{}}
	for _, s := range shapes() {
		all.paths[s.name] = []row{
			newRow(s.name, count, latency, way{Path: pathBound}),
			newRow(s.name, max(warm, count/idiomaticShare), latency, way{Path: pathIdiomatic, FileSize: request.DefaultFileSize}),
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
			m, err := apart(ctx, r.task)
			if err != nil {
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

// serve serves at an address of its own until it is stopped.
func serve(h http.Handler) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it has no end but stop
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ErrServerClosed
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// apart measures a task in a process of its own.
func apart(ctx context.Context, t task) (m measured, err error) {
	what, err := json.Marshal(t)
	if err != nil {
		return m, err
	}
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	var out bytes.Buffer
	process := exec.CommandContext(ctx, self, measureCommand) //nolint:gosec // this very program
	process.Stdin, process.Stdout, process.Stderr = bytes.NewReader(what), &out, os.Stderr
	if err := process.Run(); err != nil {
		return m, fmt.Errorf("%s: %w", t, err)
	}
	return m, json.Unmarshal(out.Bytes(), &m)
}
