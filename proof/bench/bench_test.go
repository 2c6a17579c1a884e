package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/request"
)

// TestEveryPathMovesATableOverTLS measures each path in this process, with the real SDK.
func TestEveryPathMovesATableOverTLS(t *testing.T) {
	t.Parallel()
	at := startServers(t)
	for _, p := range slices.Concat(speedPaths(), parquetPaths()[:2], []path{peaks()[0].task.Path}) {
		t.Run(p.String()+p.Bucket, func(t *testing.T) {
			t.Parallel()
			m, err := measureHere(t, at.reach(task{Path: p, Source: source{Shape: "orders", Pages: 3, Latency: latency}}))
			if err != nil {
				t.Fatal(err)
			}
			if m.CPU <= 0 || m.Wall <= 0 || m.Allocations <= 0 || m.Peak <= 0 {
				t.Errorf("got %+v, want positive figures", m)
			}
		})
	}
}

func TestAnotherAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	at := startServers(t)
	other, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	do := at.reach(task{Path: path{Name: pathBound, Compression: request.CompressionGZIP}, Source: source{Shape: "orders", Pages: 1}})
	do.Authority = other.pem
	if _, err := measureHere(t, do); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("got %v, want an error about the certificate", err)
	}
}

func startServers(t *testing.T) *servers {
	t.Helper()
	var at servers
	stop, err := at.start(&tables{pages: map[string][]page{"orders": pages(shapes()[0], 1)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &at
}

func measureHere(t *testing.T, do task) (m measured, err error) {
	t.Helper()
	in, err := json.Marshal(do)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := measure(t.Context(), bytes.NewReader(in), &out); err != nil {
		return m, err
	}
	return m, json.Unmarshal(out.Bytes(), &m)
}

// of returns measurements of the CPU times in milliseconds.
func of(milliseconds ...int) []measured {
	all := make([]measured, len(milliseconds))
	for i, ms := range milliseconds {
		all[i] = measured{CPU: time.Duration(ms) * time.Millisecond, Requests: 6, Peak: int64(ms) * 1e6}
	}
	return all
}

func TestReport(t *testing.T) {
	t.Parallel()
	const size = request.DefaultFileSize
	made := func(p path, measured, onePage, old, oldOnePage []measured, failed error) *row {
		return &row{
			what: whatSpeed, task: task{Path: p, Source: source{Shape: "orders", Pages: 11}},
			measured: measured, onePage: onePage, old: old, oldOnePage: oldOnePage, oldFailed: failed,
		}
	}
	ours := engine(request.FormatDynamoDBJSON, request.CompressionGZIP, size)
	all := &results{
		settings: settings{rounds: 3}, items: map[string]int{"orders": 950},
		rows: []*row{
			made(path{Name: pathBound, Compression: request.CompressionGZIP}, of(70, 70, 700), of(20, 20, 20), nil, nil, nil),
			made(ours, of(130, 130, 1300), of(30, 10, 30), of(160, 160, 1600), of(10, 10, 10), nil),
			made(engine(request.FormatJSON, request.CompressionGZIP, size), of(130, 130, 130), of(30, 30, 30), nil, nil, errors.New("no")),
			made(path{Name: pathSDK, Compression: request.CompressionGZIP, FileSize: size}, of(1030, 1030, 1030), of(30, 30, 30), nil, nil, nil),
		},
	}
	all.peaks = []*peak{{task: task{Path: ours, Source: source{Shape: "orders"}}, measured: of(80, 90, 70), killed: 7}}
	plain := made(ours, of(80, 80, 80), of(30, 30, 30), nil, nil, nil)
	plain.what = whatPlain
	all.rows = append(all.rows, plain)
	all.starts = []*started{
		{name: "this program", wall: []float64{0.005}, cpu: []float64{0.004}},
		{name: "the old program", folder: "old", wall: []float64{0.010}, cpu: []float64{0.009}},
	}
	page := all.markdown(true)
	for _, want := range []string{
		"| the bound, GZIP | 210 | – | – | – | – | – |\n",
		"| DYNAMODB_JSON, GZIP | 105, 0.50 | 1.50 | – | – | – | – |\n",
		"| JSON, GZIP | 105, 0.50 | the old program cannot do this | – | – | – | – |\n",
		"| DYNAMODB_JSON, GZIP: times as many bytes in the same CPU time as the SDK's way, compress/gzip | orders 10.0 |\n",
		"| a run of one page, with the start of its process: DYNAMODB_JSON, GZIP | 30.0 ms of CPU time, 6 requests |\n",
		"| start of a function until it asks for its first invocation: the old program | 10.0 ms, 9.0 ms of CPU time |\n",
		"| CPU time over TLS, relative to without TLS, orders, DYNAMODB_JSON, GZIP | 2.00 |\n",
		"| peak memory of 10 runs with a limit of 256 MiB, objects of 1 GiB, orders, 950 items per page, DYNAMODB_JSON, GZIP | median 80 MB, largest 90 MB, 7 killed |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no line %q", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
	if strings.Contains(page, "ZSTD") || strings.Contains(all.markdown(false), "old") {
		t.Errorf("there are lines of paths that were not measured, or comparisons that were not asked for:\n%s", page)
	}
}

func TestReplaceKeepsTheRestOfThePage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, fmt.Appendf(nil, "before\n%sold\n%safter\n", begin, end), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(file, "| new |\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "before\n"+begin+"\n| new |\n\n"+end+"after\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := replace(file+".none", ""); err == nil {
		t.Error("a page that does not exist was written")
	}
}

func TestReportOfParquet(t *testing.T) {
	t.Parallel()
	made := func(what string, p path, measured, onePage []measured) *row {
		return &row{what: what, task: task{Path: p, Source: source{Shape: "orders", Pages: 11}}, measured: measured, onePage: onePage}
	}
	paths := parquetPaths()
	all := &results{settings: settings{rounds: 3, pages: 160}, queries: map[string][]measured{
		"orders" + overNothing: of(10, 10, 10), "orders" + overParquet: of(20, 20, 20), "orders" + overZSTD: of(110, 110, 110), "orders" + overGZIP: of(5, 5, 5),
	}, rows: []*row{
		made(whatSpeed, engine(request.FormatDynamoDBJSON, request.CompressionZSTD, request.DefaultFileSize), of(80, 80, 80), of(30, 30, 30)),
		made(whatParquet, paths[0], of(130, 130, 130), of(30, 30, 30)),
		made(whatParquet, paths[1], of(80, 80, 80), of(30, 30, 30)),
		made(whatParquet, paths[2], of(230, 230, 230), of(30, 30, 30)),
		made(whatParquet, paths[3], of(130, 130, 130), of(30, 30, 30)),
	}}
	page := all.markdown(false)
	for _, want := range []string{
		"| DYNAMODB_JSON, ZSTD, for comparison | 210 | – | – |\n",
		"| PARQUET, the first pass, and the ratio to that | 105, 0.50 | – | – |\n",
		"| PARQUET, the second pass, and the ratio to the best of DuckDB | 210, 2.00 | – | – |\n",
		"| PARQUET, both passes | 70 | – | – |\n",
		"| DuckDB's COPY of lines of JSON, one thread | 52 | – | – |\n",
		"| DuckDB with one thread, `SELECT count(*), sum(total)` over the 64 MB of orders | PARQUET: 0 ms, 10 ms of CPU time; " +
			"DYNAMODB_JSON, ZSTD: 0 ms, 100 ms of CPU time; DYNAMODB_JSON, GZIP: 0 ms, 0 ms of CPU time |\n",
		"| peak memory of DuckDB's COPY of lines of JSON, one thread, 64 MB of pages | orders 230 MB |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no line %q in\n%s", want, page)
		}
	}
}

// TestDuckDBCopiesEachKindOfLines needs DuckDB, which make deps installs.
func TestDuckDBCopiesEachKindOfLines(t *testing.T) {
	t.Parallel()
	at := startServers(t)
	duck, err := newDuck(&tables{pages: map[string][]page{"orders": pages(shapes()[0], 1)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(duck.remove)
	at.duck = duck
	for _, p := range parquetPaths()[2:] {
		m, err := duck.copy(t.Context(), task{Path: p, Source: source{Shape: "orders", Pages: 1}})
		if err != nil || m.CPU <= 0 || m.Peak <= 0 || m.Stored <= 0 {
			t.Errorf("%s: got %+v, %v, want positive figures", p, m, err)
		}
	}
	if _, err := duck.ask(t.Context(), 1, "SELECT nothing"); err == nil {
		t.Error("a wrong query has no error")
	}
}
