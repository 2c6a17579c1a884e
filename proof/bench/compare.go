package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/proof/process"
)

const (
	// distinct is the number of different pages of a table; they are served in turn. Parquet files are made of different pages only: their
	// dictionaries would find every value again.
	distinct = 64
	// latency is the time until a page arrives. With less, the SDK fails, because answers come before it has sent its requests.
	latency = 2 * time.Millisecond
	// sdkShare divides the number of pages of the SDK's way, which needs ten times as long for a page.
	sdkShare = 8
	// slowLatency is the time until a page arrives in the measurement of whether the scan waits for nothing else.
	slowLatency = 50 * time.Millisecond
	gib         = 1 << 30
)

// The tables of the report.
const (
	whatSpeed   = "speed"
	whatPlain   = "without TLS"
	whatSlow    = "slow"
	whatStart   = "start"
	whatParquet = "Parquet"
)

// settings are what a person chooses.
type settings struct {
	rounds, pages int
	only          *regexp.Regexp // measures only the rows with such a name
	old           string         // a program that was built from another commit; "" for none
	oldSource     string         // the folder of that commit's module; "" for none
	profiles      string         // the folder for profiles; "" for none
}

// servers are the servers of pages and of objects, with TLS and without.
type servers struct {
	authority                                  authority
	tables, objects, plainTables, plainObjects string
	requests, stored                           atomic.Int64
	staged                                     *staged
	kept                                       kept
	duck                                       *duck
}

func (s *servers) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h.ServeHTTP(w, r)
	})
}

// start starts the servers until stop is called.
func (s *servers) start(served *tables) (stop func(), err error) {
	if s.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if s.staged, err = stage(served); err != nil {
		return nil, err
	}
	objects := bucket{staged: s.staged, stored: &s.stored, kept: &s.kept}
	var stops []func()
	stop = func() {
		for _, stop := range stops {
			stop()
		}
	}
	for _, one := range []struct {
		handler   http.Handler
		authority *authority
		at        *string
	}{
		{served, &s.authority, &s.tables}, {objects, &s.authority, &s.objects}, {served, nil, &s.plainTables}, {objects, nil, &s.plainObjects},
	} {
		at, stopOne, err := serve(s.count(one.handler), one.authority)
		if err != nil {
			stop()
			return nil, err
		}
		*one.at, stops = at, append(stops, stopOne)
	}
	return stop, nil
}

// reach returns the task with the addresses of the servers that speak TLS.
func (s *servers) reach(t task) task {
	t.Authority, t.Tables, t.Objects, t.Schema = s.authority.pem, s.tables, s.objects, s.staged.shapes[t.Source.Shape].digest
	return t
}

// sampleTables are the tables of all measurements.
func sampleTables() *tables {
	served := &tables{pages: map[string][]page{}}
	for _, s := range shapes() {
		served.pages[s.name] = pages(s, distinct)
	}
	served.pages[counters().name] = pages(counters(), distinct/4)
	return served
}

// compare measures all rows, round by round, and then memory.
func compare(ctx context.Context, chosen settings, progress io.Writer) (*results, error) {
	served := sampleTables()
	var at servers
	stop, err := at.start(served)
	if err != nil {
		return nil, err
	}
	defer stop()
	all := &results{settings: chosen, items: map[string]int{}, queries: map[string][]measured{}}
	if at.duck, all.noDuckDB = newDuck(served); all.noDuckDB == nil {
		defer at.duck.remove()
	}
	for name, pages := range served.pages {
		all.items[name] = pages[0].items
	}
	left := func(row fmt.Stringer) bool { return chosen.only != nil && !chosen.only.MatchString(row.String()) }
	all.rows = slices.DeleteFunc(rows(chosen.pages), func(r *row) bool {
		return left(r) || r.task.Path.Name == pathDuckDB && all.noDuckDB != nil
	})
	all.peaks = slices.DeleteFunc(peaks(), func(p *peak) bool { return left(p) })
	if chosen.only == nil || chosen.only.MatchString(whatStart) {
		if all.starts, err = measureStarts(ctx, chosen.oldSource); err != nil {
			return nil, err
		}
	}
	for round := range chosen.rounds {
		for _, r := range all.rows {
			_, _ = fmt.Fprintf(progress, "round %d of %d: %s\n", round+1, chosen.rounds, r)
			if err := all.measure(ctx, &at, r, round); err != nil {
				return nil, err
			}
		}
	}
	if all.noDuckDB == nil && (chosen.only == nil || chosen.only.MatchString(whatQuery)) {
		if err := all.query(ctx, &at, progress); err != nil {
			return nil, err
		}
	}
	group, err := newMemoryGroup(memoryLimit)
	if err == nil {
		defer group.remove()
	}
	all.noLimit = err
	for _, p := range all.peaks {
		if err := p.measure(ctx, &at, group, progress); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// measure measures a row once, with this program and with the old one. They take turns in being first.
func (all *results) measure(ctx context.Context, at *servers, r *row, round int) error {
	task := at.reach(r.task)
	if r.what == whatPlain {
		task.Authority, task.Tables, task.Objects = "", at.plainTables, at.plainObjects
	}
	now := func() error { return both(ctx, at, "", task, &r.measured, &r.onePage) }
	if all.profiles != "" {
		task.Profile = filepath.Join(all.profiles, strings.NewReplacer(":", "", ",", "", " ", "-", "'", "", "/", "-").Replace(fmt.Sprint(r, " ", round))+".pprof")
	}
	if all.old == "" || !task.Path.ours() || r.oldFailed != nil {
		return now()
	}
	before := func() error {
		old := task
		old.Profile = ""
		r.oldFailed = both(ctx, at, all.old, old, &r.old, &r.oldOnePage)
		return ctx.Err()
	}
	if round%2 == 1 {
		now, before = before, now
	}
	return errors.Join(now(), before())
}

// both measures a task, and the same task with one page.
func both(ctx context.Context, at *servers, program string, do task, whole, onePage *[]measured) error {
	for _, into := range []*[]measured{whole, onePage} {
		var m measured
		begun, stored := at.requests.Load(), at.stored.Load()
		var err error
		switch {
		case do.Path.Name == pathDuckDB:
			m, err = at.duck.copy(ctx, do)
		case program == "":
			err = process.RunAgain(ctx, measureCommand, do, &m)
		default:
			err = process.Run(ctx, program, measureCommand, do, &m)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", do, err)
		}
		m.Requests, m.Stored = at.requests.Load()-begun, m.Stored+at.stored.Load()-stored
		*into = append(*into, m)
		do.Source.Pages, do.Profile = 1, ""
	}
	return nil
}

func engine(format request.Format, compression request.Compression, fileSize int64) path {
	return path{Name: pathEngine, Format: format, Compression: compression, FileSize: fileSize}
}

// learning is the same scan for a catalog: it also learns the schema.
func learning(p path) path {
	p.Learns = true
	return p
}

// speedPaths are the rows of the table of speeds: each compression begins with its bound.
func speedPaths() []path {
	const size = request.DefaultFileSize
	var all []path
	for _, compression := range []request.Compression{request.CompressionNone, request.CompressionGZIP, request.CompressionZSTD} {
		all = append(all, path{Name: pathBound, Compression: compression},
			engine(request.FormatDynamoDBJSON, compression, size), engine(request.FormatJSON, compression, size))
		if compression == request.CompressionGZIP {
			ion := engine(request.FormatION, compression, size)
			all = append(all, learning(all[len(all)-1]), ion, learning(ion),
				path{Name: pathSDKFast, Compression: compression, FileSize: size}, path{Name: pathSDK, Compression: compression, FileSize: size})
		}
	}
	return all
}

func pass(name string, fileSize int64) path {
	return path{Name: name, Format: request.FormatParquet, Compression: request.CompressionZSTD, FileSize: fileSize}
}

// parquetPaths are the two passes of a run that makes Parquet files, and DuckDB's way.
func parquetPaths() []path {
	all := []path{pass(pathLearn, request.DefaultFileSize), pass(pathConvert, request.DefaultFileSize)}
	copying := path{Name: pathDuckDB, Format: request.FormatJSON, Compression: request.CompressionZSTD, Threads: 1}
	typed, threads := copying, copying
	typed.Format, threads.Threads = request.FormatDynamoDBJSON, 0
	return append(all, copying, threads, typed)
}

// rows are all rows, with count pages each.
func rows(count int) []*row {
	var all []*row
	add := func(what, shape string, pages int, latency time.Duration, p path) {
		all = append(all, &row{what: what, task: task{Path: p, Source: source{Shape: shape, Pages: pages, Latency: latency}}})
	}
	for _, s := range shapes() {
		for _, p := range speedPaths() {
			pages := count
			if p.Name == pathSDK || p.Name == pathSDKFast {
				pages = max(2, count/sdkShare)
			}
			add(whatSpeed, s.name, pages, latency, p)
		}
		for _, p := range parquetPaths() {
			add(whatParquet, s.name, min(count, distinct), latency, p)
		}
	}
	usual := engine(request.FormatDynamoDBJSON, request.CompressionGZIP, request.DefaultFileSize)
	raw := engine(request.FormatDynamoDBJSON, request.CompressionNone, request.DefaultFileSize)
	add(whatPlain, "orders", count, latency, raw)
	add(whatPlain, "orders", count, latency, usual)
	add(whatSlow, "orders", max(2, count/2), slowLatency, usual)
	return all
}
